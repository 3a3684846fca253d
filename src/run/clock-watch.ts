import { wallOffsetMs } from './clock.ts';

/** A difference of more than this many milliseconds from the last one is a step, not the slewing of a time service. */
const stepMs = 1000;

/** How often the clocks are compared, in milliseconds. */
const defaultEveryMs = 1000;

export interface ClockWatchOptions {
  /** Told by how many milliseconds the time of day was set, and how far the wall clock is ahead of moments now. */
  readonly onStep: (byMs: number, offsetMs: number) => void;
  readonly everyMs?: number;
  /** How far the wall clock is ahead of moments. */
  readonly offsetMs?: () => number;
}

/** Notices when somebody sets the time of day. Returns what ends it. */
export function watchClock(options: ClockWatchOptions): () => void {
  const offset = options.offsetMs ?? wallOffsetMs;
  let known = offset();
  const timer = setInterval(() => {
    const now = offset();
    const by = now - known;
    if (Math.abs(by) < stepMs) return;
    known = now;
    options.onStep(by, now);
  }, options.everyMs ?? defaultEveryMs);
  timer.unref();
  return () => clearInterval(timer);
}
