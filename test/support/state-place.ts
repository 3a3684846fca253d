import type { StatePlace } from '../../src/state/state-place.ts';

/** A directory of a test that may be written as long as the test says so. */
export class TestPlace implements StatePlace {
  readonly path: string;
  writable: boolean;
  readonly #listeners: (() => void)[] = [];
  readonly #lookers: (() => Promise<void>)[] = [];

  constructor(path: string, writable = true) {
    this.path = path;
    this.writable = writable;
  }

  onWritable(listener: () => void): void {
    this.#listeners.push(listener);
  }

  onLook(listener: () => Promise<void>): void {
    this.#lookers.push(listener);
  }

  /** Has every file looked at. */
  async look(): Promise<void> {
    for (const look of this.#lookers) await look();
  }

  /** It may be written from now on. */
  open(): void {
    this.writable = true;
    for (const listener of this.#listeners) listener();
  }
}
