import { readFile } from 'node:fs/promises';
import { makeLabDirectory } from '../lab/lab-directory.ts';
import { repositoryPath } from '../lab/mib-path.ts';
import { waitUntil } from '../lab/wait.ts';

/** What the probe in a process tells. */
export interface LoopReading {
  /** Longest time that the program held the event loop since the last reading, time of other programs left out. */
  readonly maxMs: number;
  readonly p99Ms: number;
  /** Longest delay of a timer, for whatever reason. */
  readonly maxLatenessMs: number;
}

/** Watches the event loop of a Node.js process from inside. */
export interface LoopProbe {
  /** Environment of the process to be watched. */
  readonly env: Readonly<Record<string, string>>;
  /** Reads the probe and starts it anew. */
  read(pid: number): Promise<LoopReading>;
  [Symbol.asyncDispose](): Promise<void>;
}

export async function makeLoopProbe(): Promise<LoopProbe> {
  const directory = await makeLabDirectory();
  const file = directory.file('readings');
  const readings = async (): Promise<readonly string[]> =>
    (await readFile(file, 'utf8').catch(() => '')).split('\n').filter((line) => line !== '');
  return {
    env: {
      // Options tried out on the command line of the bench are the program's too.
      NODE_OPTIONS: `${process.env['NODE_OPTIONS'] ?? ''} --import=${repositoryPath}/test/bench/probes/held-loop.mjs`,
      BENCH_PROBE_FILE: file,
    },
    async read(pid) {
      const before = (await readings()).length;
      process.kill(pid, 'SIGUSR2');
      const line = await waitUntil(async () => (await readings())[before], { what: 'the loop probe' });
      return JSON.parse(line) as LoopReading;
    },
    [Symbol.asyncDispose]: () => directory.remove(),
  };
}
