/** The times by which a session is kept. */
export interface SubagentTiming {
  /**
   * How long the master may take to answer a PDU of ours, in milliseconds: an Open from its departure, the others from
   * the moment at which the master is heard again. snmpd drops some without a word, but one that stands still is only
   * late. A Notify is waited for as long as the session lives.
   */
  readonly adminTimeoutMs: number;
  /** A Ping is sent after this long without a Response of the master, however much it asks, in milliseconds. */
  readonly pingIntervalMs: number;
  /**
   * A master that says nothing for this long, not even to a Ping, is given up, in milliseconds. Infinity for one on
   * this machine: the kernel tells when it ends, and one that only stands still goes on with this session.
   */
  readonly silenceLimitMs: number;
  /** A region that was refused is tried again after this long, in milliseconds. */
  readonly registerRetryMs: number;
  /** How long stop() waits for notifications under way, in milliseconds. */
  readonly flushMs: number;
}

export const subagentTiming: SubagentTiming = {
  adminTimeoutMs: 5000,
  pingIntervalMs: 15_000,
  silenceLimitMs: 60_000,
  registerRetryMs: 30_000,
  flushMs: 1000,
};
