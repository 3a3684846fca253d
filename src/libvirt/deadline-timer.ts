/**
 * One timer for any number of deadlines: thousands of calls are made for each that is not answered in time,
 * so a timer for every call would be work for nothing. Does not keep the process alive.
 */
export class DeadlineTimer {
  readonly #onDue: () => void;
  #timer: NodeJS.Timeout | undefined;
  #atMs = Number.POSITIVE_INFINITY;

  /** @param onDue - called when the earliest deadline has come; it tells the next one with {@link wakeAt}. */
  constructor(onDue: () => void) {
    this.#onDue = onDue;
  }

  /** Has `onDue` called at this moment of `performance.now()`, unless it will be called earlier anyway. */
  wakeAt(atMs: number): void {
    if (atMs >= this.#atMs) return;
    this.stop();
    this.#atMs = atMs;
    this.#timer = setTimeout(
      () => {
        this.stop();
        this.#onDue();
      },
      Math.max(1, Math.ceil(atMs - performance.now())),
    );
    this.#timer.unref();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#atMs = Number.POSITIVE_INFINITY;
  }
}
