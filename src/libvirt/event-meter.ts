/** A hypervisor may send the events of so many seconds at once, as when all its domains are started together. */
const burstSeconds = 20;

/**
 * Bounds how many events one hypervisor has handled, however many it sends: what is beyond is dropped before it is decoded.
 * It outlives the connections, so that a new one brings no new allowance.
 */
export class EventMeter {
  readonly #perSecond: number;
  readonly #monotonicMs: () => number;
  readonly #onDropped: () => void;
  #allowed: number;
  #countedMs: number;
  #dropped = 0;

  /**
   * @param perSecond events handled a second in the long run.
   * @param onDropped told of each event that is dropped.
   */
  constructor(
    perSecond: number,
    onDropped: () => void = () => undefined,
    monotonicMs: () => number = () => performance.now(),
  ) {
    this.#perSecond = perSecond;
    this.#onDropped = onDropped;
    this.#monotonicMs = monotonicMs;
    this.#allowed = perSecond * burstSeconds;
    this.#countedMs = monotonicMs();
  }

  /** Events dropped so far. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Whether one more event is handled; counts it. */
  admit(): boolean {
    if (this.#allowed < 1) this.#refill();
    if (this.#allowed >= 1) {
      this.#allowed -= 1;
      return true;
    }
    this.#dropped += 1;
    this.#onDropped();
    return false;
  }

  #refill(): void {
    const nowMs = this.#monotonicMs();
    const earned = ((nowMs - this.#countedMs) / 1000) * this.#perSecond;
    this.#countedMs = nowMs;
    this.#allowed = Math.min(this.#allowed + earned, this.#perSecond * burstSeconds);
  }
}
