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
 * Delay in milliseconds before attempt number `attempt` (0 is the first retry).
 *
 * @param random - a source of numbers from 0 (included) to 1 (excluded).
 */
export function backoffDelayMs(attempt: number, options: BackoffOptions, random: () => number): number {
  const full = Math.min(options.capMs, options.baseMs * options.factor ** attempt);
  return full - full * options.jitter * random();
}
