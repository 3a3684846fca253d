/** A start that lies this much before the known one is the better estimate: that Response was faster. */
const EARLIER_MS = 50;
/** A start that lies this much behind is another one: the master restarted, or a clock was set. */
const LATER_MS = 2000;

/** When the master's sysUpTime was zero, from what its Responses say; it does not waver with their delays. */
export class MasterClock {
  #startedAt: number | undefined;

  /** In milliseconds since 1970. */
  get startedAt(): number | undefined {
    return this.#startedAt;
  }

  /** @param sysUpTime - hundredths of a second at `now`, which is in milliseconds since 1970. */
  observe(sysUpTime: number, now: number): void {
    const startedAt = now - sysUpTime * 10;
    const known = this.#startedAt;
    if (known === undefined || startedAt < known - EARLIER_MS || startedAt > known + LATER_MS) {
      this.#startedAt = startedAt;
    }
  }
}
