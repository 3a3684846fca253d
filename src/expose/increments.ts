/**
 * Turns counters into what they grew by. Nothing on the first sight; a counter that fell was begun anew, so that it grew
 * by what it is now.
 */
export class Increments {
  #last = new Map<string, number>();
  #next = new Map<string, number>();

  /** What the counter of this name grew by since the last round; undefined if it is new. */
  of(name: string, value: number): number | undefined {
    const before = this.#last.get(name);
    this.#next.set(name, value);
    if (before === undefined) return undefined;
    return value < before ? value : value - before;
  }

  /** Ends a round: counters that were not asked for in it are forgotten. */
  endRound(): void {
    this.#last = this.#next;
    this.#next = new Map();
  }
}
