/** What {@link within} resolves to when the promise took too long. */
export const late = Symbol('late');

/**
 * The outcome of a promise, or {@link late} after `ms` milliseconds. What a late promise comes to is nobody's business
 * any more, a rejection included. The timer keeps the process running.
 */
export async function within<T>(ms: number, promise: Promise<T>): Promise<T | typeof late> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<typeof late>((resolve) => {
    timer = setTimeout(() => resolve(late), ms);
  });
  try {
    return await Promise.race([promise, deadline]);
  } finally {
    clearTimeout(timer);
  }
}
