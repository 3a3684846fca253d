import { getEnvironmentData, setEnvironmentData } from 'node:worker_threads';

/** Source of time, passed in so that tests can move it by hand. */
export interface Clock {
  /**
   * A moment, in milliseconds since 1970. Two moments are as far apart as the time between them, also when somebody
   * sets the time of day: then moments are no longer those of the wall clock, see {@link wallOffsetMs}.
   */
  readonly now: () => number;
  /** Milliseconds of a clock that never jumps, for durations. */
  monotonicMs(): number;
  /** Resolves after `ms` milliseconds; rejects with the signal's reason if it aborts first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

const baseKey = 'libvirt-agentx: the moment at which the monotonic clock was zero';

/** The same in all threads: what one calls a moment is a moment for the others. */
const baseMs = sharedBase();

export const systemClock: Clock = {
  now: () => Math.round(baseMs + monotonicNow()),
  monotonicMs: () => performance.now(),
  sleep,
};

/**
 * How far the wall clock is ahead of moments, in milliseconds: 0 as long as nobody sets the time of day. To be added
 * to a moment where it is shown, or saved for a later process.
 */
export function wallOffsetMs(): number {
  const offset = Date.now() - systemClock.now();
  return Math.abs(offset) < toleranceMs ? 0 : offset;
}

/** The moment that the wall clock showed, or will show, as this: what others tell of times. */
export function momentOf(wallMs: number): number {
  return wallMs - wallOffsetMs();
}

/** A moment of the monotonic clock and one of the wall clock are not read at once. */
const toleranceMs = 100;

/** Of CLOCK_MONOTONIC, which is one for all threads; `performance.now()` counts from the start of each. */
function monotonicNow(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1000 + nanoseconds / 1e6;
}

function sharedBase(): number {
  const known = getEnvironmentData(baseKey);
  if (typeof known === 'number') return known;
  const base = Date.now() - monotonicNow();
  setEnvironmentData(baseKey, base);
  return base;
}

function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason as Error);
      return;
    }
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
