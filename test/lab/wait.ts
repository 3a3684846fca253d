/** Waiting for conditions: the lab never sleeps for a guessed time. */

export interface WaitOptions {
  /** What is waited for, for the error's text. */
  readonly what: string;
  readonly timeoutMs?: number;
  readonly intervalMs?: number;
  /** More to say when the wait fails: usually the log of the process concerned. */
  readonly context?: () => string;
}

export function delay(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}

/**
 * Polls `condition` until it yields something other than `undefined` or `false` and resolves with that.
 * What the condition throws counts as "not yet" and appears in the error when time runs out.
 */
export async function waitUntil<T>(
  condition: () => T | undefined | false | Promise<T | undefined | false>,
  options: WaitOptions,
): Promise<T> {
  const timeoutMs = options.timeoutMs ?? 45_000;
  const deadline = Date.now() + timeoutMs;
  let lastError: unknown;
  for (;;) {
    try {
      const value = await condition();
      if (value !== undefined && value !== false) return value;
      lastError = undefined;
    } catch (error) {
      lastError = error;
    }
    if (Date.now() >= deadline) {
      const context = options.context?.();
      throw new Error(
        `waited ${timeoutMs} ms and saw nothing of ${options.what}${context ? `\n${context}` : ''}`,
        lastError === undefined ? undefined : { cause: lastError },
      );
    }
    await delay(options.intervalMs ?? 25);
  }
}
