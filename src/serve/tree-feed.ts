import type { Snapshot } from '../model/snapshot.ts';
import type { BoundTree } from '../tree/bound-tree.ts';

/** Trees follow each other at this distance at least, in milliseconds, while snapshots come in bursts. */
const gapMs = 50;

export interface TreeFeedOptions {
  readonly build: (snapshot: Snapshot, previous: BoundTree | undefined) => BoundTree;
  readonly deliver: (tree: BoundTree) => void;
}

/**
 * Turns snapshots into trees: at once after a pause, and in a burst (a flood of events, collectors that end
 * one after another) one for several snapshots, so that a burst costs the requests no time.
 */
export class TreeFeed {
  readonly #options: TreeFeedOptions;
  #tree: BoundTree | undefined;
  #waiting: Snapshot | undefined;
  #timer: NodeJS.Timeout | undefined;
  #builtAt = Number.NEGATIVE_INFINITY;

  constructor(options: TreeFeedOptions) {
    this.#options = options;
  }

  /** Takes a new snapshot. */
  push(snapshot: Snapshot): void {
    this.#waiting = snapshot;
    if (this.#timer !== undefined) return;
    const waitMs = this.#builtAt + gapMs - performance.now();
    if (waitMs <= 0) this.#build();
    else this.#timer = setTimeout(() => this.#build(), waitMs);
  }

  #build(): void {
    this.#timer = undefined;
    const snapshot = this.#waiting;
    if (snapshot === undefined) return;
    this.#waiting = undefined;
    this.#tree = this.#options.build(snapshot, this.#tree);
    this.#options.deliver(this.#tree);
    this.#builtAt = performance.now();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
