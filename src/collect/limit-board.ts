import type { Logger } from '../log.ts';
import type { Warning } from '../model/agent.ts';
import type { WarningBoard } from './records/warning-board.ts';

/** A limit that keeps one hypervisor from taking what belongs to the others. */
export interface ReachedLimit {
  /** Of the condition; one row of lveWarningTable each. */
  readonly key: string;
  readonly code: Warning['code'];
  /** A sentence for the operator: what was dropped, how much of it, and which setting is the limit. */
  readonly text: () => string;
}

/** A limit that is reached all the time is told of so often, in milliseconds. */
const tellEveryMs = 10_000;

/** The log has a line of it so often: one that lasts for days would fill it. */
const logEveryMs = 600_000;

/** What comes with the first is told with it, if it comes within this time. */
const gatherMs = 1000;

/** A limit that was not reached for this long is no condition any more. */
const forgetMs = 600_000;

/** Shows the limits that a hypervisor has reached, as rows of lveWarningTable and lines of the log. */
export class LimitBoard {
  readonly #warnings: WarningBoard;
  readonly #logger: Logger;
  readonly #timers = new Map<string, NodeJS.Timeout>();
  /** Reached again since they were last told of. */
  readonly #waiting = new Map<string, ReachedLimit>();
  readonly #toldMs = new Map<string, number>();
  readonly #loggedMs = new Map<string, number>();

  constructor(warnings: WarningBoard, logger: Logger) {
    this.#warnings = warnings;
    this.#logger = logger;
  }

  /** Tells soon that a limit was reached; however often this is called, it is told once in a while. */
  reached(limit: ReachedLimit): void {
    const { key } = limit;
    if (this.#waiting.has(key)) return;
    this.#waiting.set(key, limit);
    const told = this.#toldMs.get(key);
    const waitMs = told === undefined ? gatherMs : Math.max(gatherMs, told + tellEveryMs - performance.now());
    this.#later(key, waitMs, () => this.#tell(key));
  }

  close(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }

  #tell(key: string): void {
    const limit = this.#waiting.get(key);
    if (limit === undefined) return;
    this.#waiting.delete(key);
    const nowMs = performance.now();
    this.#toldMs.set(key, nowMs);
    const text = limit.text();
    const loggedMs = this.#loggedMs.get(key);
    const isDue = loggedMs === undefined || nowMs - loggedMs >= logEveryMs;
    if (isDue) this.#loggedMs.set(key, nowMs);
    this.#logger[isDue ? 'warn' : 'debug']({ limit: key }, text);
    this.#warnings.raise(key, limit.code, text);
    this.#later(key, forgetMs, () => {
      this.#toldMs.delete(key);
      this.#loggedMs.delete(key);
      this.#warnings.clear(key);
    });
  }

  #later(key: string, ms: number, then: () => void): void {
    clearTimeout(this.#timers.get(key));
    const timer = setTimeout(then, ms);
    timer.unref();
    this.#timers.set(key, timer);
  }
}
