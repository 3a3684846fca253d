import { systemClock } from '../run/clock.ts';
import { Places } from '../run/places.ts';

/** Connections that are made at a time to hypervisors of which nothing bad is known. */
const maxFresh = 8;

/** The same of hypervisors whose last attempt failed: they may take as long as an attempt may. */
const maxRetries = 16;

/** Each connection of a burst begins up to this many milliseconds after the one before. */
const maxStaggerMs = 50;

/**
 * Bounds how many connections to libvirt are made at a time, where there are many hypervisors. Those that could not be
 * reached wait for each other only: however many of them hang, the others are connected at once.
 */
export class ConnectGate {
  readonly #lanes = { fresh: new Places(maxFresh), retries: new Places(maxRetries) };
  readonly #random: () => number;
  #nextAtMs = 0;

  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  /**
   * Makes a connection when it is its turn.
   *
   * @param isRetry whether the last attempt failed.
   */
  async pass<Connection>(
    isRetry: boolean,
    connect: () => Promise<Connection>,
    signal: AbortSignal,
  ): Promise<Connection> {
    const lane = isRetry ? this.#lanes.retries : this.#lanes.fresh;
    await lane.enter(signal);
    try {
      await this.#stagger(signal);
      return await connect();
    } finally {
      lane.leave();
    }
  }

  /** A start or a power failure brings all at once: they come one after the other, at uneven distances. */
  async #stagger(signal: AbortSignal): Promise<void> {
    const now = performance.now();
    const atMs = Math.max(now, this.#nextAtMs);
    this.#nextAtMs = atMs + this.#random() * maxStaggerMs;
    if (atMs > now) await systemClock.sleep(atMs - now, signal);
  }
}
