import { type Profiler, Session } from 'node:inspector/promises';

/** How much of the program's own code was run. */
export class Coverage {
  readonly #session = new Session();
  readonly #reached = new Map<string, Set<string>>();

  static async start(): Promise<Coverage> {
    const coverage = new Coverage();
    coverage.#session.connect();
    await coverage.#session.post('Profiler.enable');
    await coverage.#session.post('Profiler.startPreciseCoverage', { callCount: false, detailed: true });
    await coverage.reachedMore();
    return coverage;
  }

  /** Blocks that were run so far. */
  get blocks(): number {
    let sum = 0;
    for (const ranges of this.#reached.values()) sum += ranges.size;
    return sum;
  }

  async stop(): Promise<void> {
    await this.#session.post('Profiler.stopPreciseCoverage');
    this.#session.disconnect();
  }

  /** Whether a block was run since the last time that had not been run before. */
  async reachedMore(): Promise<boolean> {
    const { result } = await this.#session.post('Profiler.takePreciseCoverage');
    const before = this.blocks;
    for (const script of result) if (isOwn(script.url)) this.#note(script);
    return this.blocks > before;
  }

  #note({ url, functions }: Profiler.ScriptCoverage): void {
    const ranges = this.#reached.get(url) ?? new Set<string>();
    this.#reached.set(url, ranges);
    for (const { ranges: found } of functions) {
      for (const { startOffset, endOffset, count } of found) {
        if (count > 0) ranges.add(`${startOffset}-${endOffset}`);
      }
    }
  }
}

function isOwn(url: string): boolean {
  return url.includes('/src/') && !url.includes('/node_modules/');
}
