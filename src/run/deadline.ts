/** What {@link within} resolves to when the promise took too long. */
export const late = Symbol('late');

/**
 * The outcome of a promise, or {@link late} after `ms` milliseconds, or once the signal is aborted. What a late promise
 * comes to is nobody's business any more, a rejection included. The timer keeps the process running.
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
    timer = setTimeout(giveUp, ms);
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
