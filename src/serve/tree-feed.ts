import type { Snapshot } from '../model/snapshot.ts';
import type { BoundTree } from '../tree/bound-tree.ts';

/** Trees follow each other at this distance at least, in milliseconds, while snapshots come in bursts. */
const gapMs = 50;

/** After a tree there is a pause of so many times the time that it took, and one more for each that shares the thread. */
const restFactor = 9;

/**
 * The longest pause, in milliseconds. What a tree took is measured by the clock: where the machine stood still meanwhile,
 * what is served should not stand still for ten times as long.
 */
const maxRestMs = 2000;

export interface TreeFeedOptions {
  /** How many hypervisors share the thread: together they take no more of it for trees than one alone. Default: 1. */
  readonly sharers?: number;
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
  /** From when on another may be built. */
  #nextMs = Number.NEGATIVE_INFINITY;

  constructor(options: TreeFeedOptions) {
    this.#options = options;
  }

  /** Takes a new snapshot. */
  push(snapshot: Snapshot): void {
    this.#waiting = snapshot;
    if (this.#timer !== undefined) return;
    const waitMs = this.#nextMs - performance.now();
    if (waitMs <= 0) this.#build();
    else this.#timer = setTimeout(() => this.#build(), waitMs);
  }

  #build(): void {
    this.#timer = undefined;
    const snapshot = this.#waiting;
    if (snapshot === undefined) return;
    this.#waiting = undefined;
    const startedMs = performance.now();
    this.#tree = this.#options.build(snapshot, this.#tree);
    this.#options.deliver(this.#tree);
    const endedMs = performance.now();
    const factor = restFactor + (this.#options.sharers ?? 1) - 1;
    this.#nextMs = endedMs + Math.min(maxRestMs, Math.max(gapMs, (endedMs - startedMs) * factor));
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
