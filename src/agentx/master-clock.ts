import type { Clock } from '../run/clock.ts';

/** A start that lies this much before the known one is the better estimate: that Response was faster. */
const EARLIER_MS = 50;
/** A start that lies this much behind is another one: the master restarted. */
const LATER_MS = 2000;
/** The two clocks of this host drift apart by less than this; what is more is a step of the wall clock. */
const STEP_MS = 250;

/**
 * When the master's sysUpTime was zero, from what its Responses say. It does not waver with their delays, and is kept by the
 * monotonic clock: the uptime of the master goes on when somebody sets the time of day.
 */
export class MasterClock {
  readonly #clock: Clock;
  /** By the monotonic clock. */
  #startedMs: number | undefined;
  /** What the wall clock is ahead of the monotonic one. */
  #offsetMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#offsetMs = clock.now() - clock.monotonicMs();
  }

  /** In milliseconds since 1970, as the wall clock counts them now. */
  get startedAt(): number | undefined {
    if (this.#startedMs === undefined) return undefined;
    const offsetMs = this.#clock.now() - this.#clock.monotonicMs();
    if (Math.abs(offsetMs - this.#offsetMs) > STEP_MS) this.#offsetMs = offsetMs;
    return this.#startedMs + this.#offsetMs;
  }

  /** @param sysUpTime - hundredths of a second, as a Response that has just arrived tells it. */
  observe(sysUpTime: number): void {
    const startedMs = this.#clock.monotonicMs() - sysUpTime * 10;
    const known = this.#startedMs;
    if (known === undefined || startedMs < known - EARLIER_MS || startedMs > known + LATER_MS) {
      this.#startedMs = startedMs;
    }
  }
}
