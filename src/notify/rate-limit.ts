const minuteMs = 60_000;

/** Admits at most a number of notifications in any minute (lveNotifyMaxRate). */
export class RateLimit {
  readonly #maxPerMinute: number;
  readonly #monotonicMs: () => number;
  readonly #admitted: number[] = [];
  #oldest = 0;

  /** @param maxPerMinute - 0 is no limit */
  constructor(maxPerMinute: number, monotonicMs: () => number) {
    this.#maxPerMinute = maxPerMinute;
    this.#monotonicMs = monotonicMs;
  }

  /** Whether one more may go out now; counts it if so. */
  admit(): boolean {
    if (this.#maxPerMinute <= 0) return true;
    const now = this.#monotonicMs();
    while (this.#oldest < this.#admitted.length && now - (this.#admitted[this.#oldest] ?? now) >= minuteMs) {
      this.#oldest += 1;
    }
    if (this.#oldest > this.#maxPerMinute) {
      this.#admitted.splice(0, this.#oldest);
      this.#oldest = 0;
    }
    if (this.#admitted.length - this.#oldest >= this.#maxPerMinute) return false;
    this.#admitted.push(now);
    return true;
  }
}
