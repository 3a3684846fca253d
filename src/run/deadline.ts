/** What {@link within} resolves to when the promise took too long. */
export const late = Symbol('late');

/**
 * A timer that fires this much too late, in milliseconds, tells of this process: it was stopped, and what it waits for
 * may have come long ago.
 */
const stoodStillMs = 1000;

/**
 * The outcome of a promise, or {@link late} after `ms` milliseconds, or once the signal is aborted. What a late promise
 * comes to is nobody's business any more, a rejection included. The timer keeps the process running. Time in which the
 * process stood still (SIGSTOP) is the fault of nobody else: it begins anew after that.
 */
export async function within<T>(
  ms: number,
  promise: Promise<T>,
  signal?: AbortSignal,
): Promise<T | typeof late> {
  let timer: NodeJS.Timeout | undefined;
  let giveUp = (): void => undefined;
  const deadline = new Promise<typeof late>((resolve) => {
    giveUp = () => resolve(late);
    const begin = (): void => {
      const dueMs = performance.now() + ms;
      timer = setTimeout(() => (performance.now() - dueMs > stoodStillMs ? begin() : giveUp()), ms);
    };
    begin();
    if (signal?.aborted === true) giveUp();
    else signal?.addEventListener('abort', giveUp);
  });
  try {
    return await Promise.race([promise, deadline]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', giveUp);
  }
}

/**
 * Runs a step with a signal that aborts after `ms` milliseconds, for the reason given, or with another signal. The step
 * ends when the signal aborts: it is not left behind, as {@link within} does.
 */
export async function endingAfter<T>(
  ms: number,
  reason: () => Error,
  step: (signal: AbortSignal) => Promise<T>,
  other?: AbortSignal,
): Promise<T> {
  const ending = new AbortController();
  // A signal that is composed of one that lives long would be held by it.
  const endWithOther = (): void => ending.abort(other?.reason);
  const timer = setTimeout(() => ending.abort(reason()), ms);
  other?.addEventListener('abort', endWithOther);
  if (other?.aborted === true) endWithOther();
  try {
    return await step(ending.signal);
  } finally {
    clearTimeout(timer);
    other?.removeEventListener('abort', endWithOther);
  }
}
