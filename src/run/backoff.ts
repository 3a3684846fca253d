/** How long to wait between attempts. */
export interface BackoffOptions {
  /** First delay in milliseconds. */
  readonly baseMs: number;
  /** Each delay is the one before times this factor. */
  readonly factor: number;
  /** No delay is longer than this many milliseconds. */
  readonly capMs: number;
  /** Share of a delay, 0 to 1, that is left to chance, so that many clients do not return in step. */
  readonly jitter: number;
}

/** Half a second to half a minute: what libvirtd and snmpd need to restart, without a reconnect storm. */
export const reconnectBackoff: BackoffOptions = { baseMs: 500, factor: 2, capMs: 30_000, jitter: 0.3 };

/**
 * Five minutes to an hour: at most two attempts in a quarter of an hour, where others lock an account after three
 * that failed.
 */
export const refusedBackoff: BackoffOptions = { baseMs: 300_000, factor: 3, capMs: 3_600_000, jitter: 0.05 };

/** Half a minute to five minutes: what a peer logs an error for each time. */
export const untrustedBackoff: BackoffOptions = { baseMs: 30_000, factor: 2, capMs: 300_000, jitter: 0.3 };

/**
 * Delay in milliseconds before attempt number `attempt` (0 is the first retry).
 *
 * @param random - a source of numbers from 0 (included) to 1 (excluded).
 */
export function backoffDelayMs(attempt: number, options: BackoffOptions, random: () => number): number {
  const full = Math.min(options.capMs, options.baseMs * options.factor ** attempt);
  return full - full * options.jitter * random();
}
