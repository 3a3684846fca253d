/** Runs a task soon after it is asked for: at once the first time, at most every `intervalMs` in a flood. */
export class Batcher {
  readonly #intervalMs: number;
  readonly #task: () => void;
  readonly #monotonicMs: () => number;
  #timer: NodeJS.Timeout | undefined;
  #ranAt = Number.NEGATIVE_INFINITY;
  #closed = false;

  constructor(intervalMs: number, task: () => void, monotonicMs: () => number) {
    this.#intervalMs = intervalMs;
    this.#task = task;
    this.#monotonicMs = monotonicMs;
  }

  request(): void {
    if (this.#timer !== undefined || this.#closed) return;
    const waitMs = Math.max(0, this.#ranAt + this.#intervalMs - this.#monotonicMs());
    this.#timer = setTimeout(() => this.#run(), waitMs);
    this.#timer.unref();
  }

  /** Runs what was asked for; nothing runs afterwards. */
  close(): void {
    if (this.#timer !== undefined) this.#run();
    this.#closed = true;
  }

  #run(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#ranAt = this.#monotonicMs();
    this.#task();
  }
}
