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
  readonly #lanes = { fresh: new Lane(maxFresh), retries: new Lane(maxRetries) };
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
    if (atMs > now) await pause(atMs - now, signal);
    signal.throwIfAborted();
  }
}

/** So many may be inside at a time; the others wait in line. */
class Lane {
  readonly #places: number;
  readonly #waiting = new Set<() => void>();
  #inside = 0;

  constructor(places: number) {
    this.#places = places;
  }

  async enter(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#inside < this.#places) {
      this.#inside += 1;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const admit = (): void => {
        signal.removeEventListener('abort', give);
        resolve();
      };
      const give = (): void => {
        this.#waiting.delete(admit);
        reject(signal.reason as Error);
      };
      this.#waiting.add(admit);
      signal.addEventListener('abort', give, { once: true });
    });
  }

  leave(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#inside -= 1;
      return;
    }
    // The place is handed over.
    this.#waiting.delete(next);
    next();
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end, { once: true });
  });
}
