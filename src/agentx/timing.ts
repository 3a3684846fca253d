/** The times by which a session is kept. */
export interface SubagentTiming {
  /** How long the master may take to answer a PDU of ours, in milliseconds. snmpd drops some without a word. */
  readonly adminTimeoutMs: number;
  /** A Ping is sent after this long without anything from the master, in milliseconds. */
  readonly pingIntervalMs: number;
  /** A region that was refused is tried again after this long, in milliseconds. */
  readonly registerRetryMs: number;
  /** How long stop() waits for notifications under way, in milliseconds. */
  readonly flushMs: number;
}

export const subagentTiming: SubagentTiming = {
  adminTimeoutMs: 5000,
  pingIntervalMs: 15_000,
  registerRetryMs: 30_000,
  flushMs: 1000,
};
