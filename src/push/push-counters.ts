/** What became of what was to be sent to one target since the thread was started. */
export interface PushCounters {
  /** Lines that were handed over, as far as the protocol tells. */
  sent: number;
  /** Lines that will never be. */
  dropped: number;
  /** Attempts that failed. */
  failed: number;
}

export function newCounters(): PushCounters {
  return { sent: 0, dropped: 0, failed: 0 };
}

/** Told why a target does not take what it is sent; with no text it does again. */
export type OnPushProblem = (text: string | undefined) => void;
