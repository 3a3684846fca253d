import { Worker } from 'node:worker_threads';

/** A case that takes longer than this many milliseconds hangs. */
const hangMs = 30_000;
const maxOctets = 4096;

/** Ends the process where a case never ends, and prints its octets. */
export class Watchdog {
  readonly #shared = new SharedArrayBuffer(8 + maxOctets);
  readonly #words = new Int32Array(this.#shared, 0, 2);
  readonly #octets = new Uint8Array(this.#shared, 8);
  readonly #worker = new Worker(new URL('./watchdog-worker.mjs', import.meta.url), {
    workerData: { shared: this.#shared, hangMs },
  });

  /** Told of the case that is tried now. */
  feed(bytes: Uint8Array): void {
    const length = Math.min(bytes.length, maxOctets);
    this.#octets.set(bytes.subarray(0, length));
    this.#words[1] = length;
    Atomics.add(this.#words, 0, 1);
  }

  async stop(): Promise<void> {
    await this.#worker.terminate();
  }
}
