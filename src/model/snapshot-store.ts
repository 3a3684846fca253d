import type { EpochMs } from './scalar-types.ts';
import type { Snapshot } from './snapshot.ts';

export type SnapshotListener = (snapshot: Snapshot, previous: Snapshot) => void;

/**
 * Holds the current snapshot and tells its listeners of each new one. Every writer (refresher, event log,
 * notifications, connection supervisor) replaces only its own parts; all run on one event loop, so an
 * update is atomic for every reader.
 */
export class SnapshotStore {
  #current: Snapshot;
  readonly #now: () => EpochMs;
  readonly #listeners = new Set<SnapshotListener>();

  /** @param now - gives the moment of each snapshot. */
  constructor(initial: Snapshot, now: () => EpochMs = Date.now) {
    this.#current = initial;
    this.#now = now;
  }

  get current(): Snapshot {
    return this.#current;
  }

  /** Publishes a snapshot that differs from the current one in the given parts. */
  update(parts: Partial<Omit<Snapshot, 'generation' | 'at'>>): void {
    const previous = this.#current;
    this.#current = { ...previous, ...parts, generation: previous.generation + 1, at: this.#now() };
    for (const listener of this.#listeners) listener(this.#current, previous);
  }

  /** Calls back after each update; returns the function that ends it. */
  subscribe(listener: SnapshotListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
