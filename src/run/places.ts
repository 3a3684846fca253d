/** So many may be inside at a time; the others wait in line, and get the place of one that leaves. */
export class Places {
  readonly #max: number;
  readonly #waiting = new Set<() => void>();
  #inside = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /**
   * Takes a place: at once if it returns undefined, else when the promise resolves.
   *
   * @param signal - ends the wait, which rejects with its reason.
   */
  enter(signal?: AbortSignal): Promise<void> | undefined {
    signal?.throwIfAborted();
    if (this.#inside < this.#max) {
      this.#inside += 1;
      return undefined;
    }
    return new Promise<void>((resolve, reject) => {
      const admit = (): void => {
        signal?.removeEventListener('abort', giveUp);
        resolve();
      };
      const giveUp = (): void => {
        this.#waiting.delete(admit);
        reject(signal?.reason as Error);
      };
      this.#waiting.add(admit);
      signal?.addEventListener('abort', giveUp, { once: true });
    });
  }

  leave(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#inside -= 1;
      return;
    }
    // The place is handed over: nobody who comes meanwhile takes it.
    this.#waiting.delete(next);
    next();
  }
}
