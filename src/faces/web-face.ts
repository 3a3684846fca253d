import { networkErrorText } from '../errors.ts';
import type { Logger } from '../log.ts';
import { backoffDelayMs, reconnectBackoff } from '../run/backoff.ts';
import { formatHttpAddress } from '../web/http-address.ts';
import type { HttpOptions } from '../web/http-options.ts';
import type { Listener } from '../web/listener.ts';
import { openWeb, type WebParts } from '../web/web.ts';

/** What is to be served; without an address nothing is. */
export interface WebFaceParts extends Omit<WebParts, 'options' | 'logger'> {
  readonly options: HttpOptions;
}

/**
 * HTTP as it is configured. A reload that leaves the address as it is closes nothing: the same listener serves something
 * else. Where the address is another one, what is being answered at the old one is finished.
 */
export class WebFace {
  readonly #logger: Logger;
  /** Why HTTP cannot be served; undefined as soon as it is. */
  readonly #onProblem: (text: string | undefined) => void;
  readonly #leaving = new Set<Listener>();
  #listener: Listener | undefined;
  #retry: NodeJS.Timeout | undefined;
  /** The last attempt that was made again. */
  #attempt: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(logger: Logger, onProblem: (text: string | undefined) => void) {
    this.#logger = logger;
    this.#onProblem = onProblem;
  }

  /** Serves this from now on. Resolves once that has succeeded or failed; then it is tried again. */
  async serve(parts: WebFaceParts): Promise<void> {
    // Another attempt that has begun must not come after this one.
    await this.#attempt;
    clearTimeout(this.#retry);
    const { address } = parts.options;
    if (address !== undefined) return this.#open({ ...parts, options: { ...parts.options, address } }, 0);
    this.#replace(undefined, parts);
    this.#onProblem(undefined);
  }

  /** Serves nothing any more. What is being answered has so many milliseconds. */
  async close(graceMs: number): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#retry);
    const all = [...this.#leaving, ...(this.#listener === undefined ? [] : [this.#listener])];
    await Promise.all(all.map((listener) => listener.close(graceMs)));
  }

  async #open(parts: Omit<WebParts, 'logger'>, attempt: number): Promise<void> {
    try {
      const listener = await openWeb({ ...parts, logger: this.#logger }, this.#listener);
      if (listener !== this.#listener) this.#logger.info({ url: listener.url }, 'HTTP is served');
      this.#replace(listener, parts);
      if (this.#isClosed) return await listener.close(0);
      this.#onProblem(undefined);
    } catch (error) {
      this.#replace(undefined, parts);
      const where = formatHttpAddress(parts.options.address);
      if (attempt === 0)
        this.#logger.error({ address: where, error: networkErrorText(error) }, 'HTTP cannot be served');
      this.#onProblem(`HTTP cannot be served at ${where}: ${networkErrorText(error)}`);
      const delayMs = backoffDelayMs(attempt, reconnectBackoff, Math.random);
      if (this.#isClosed) return;
      this.#retry = setTimeout(() => {
        this.#attempt = this.#open(parts, attempt + 1);
      }, delayMs);
    }
  }

  #replace(listener: Listener | undefined, { sources }: Pick<WebParts, 'sources'>): void {
    const before = this.#listener;
    this.#listener = listener;
    if (before === undefined || before === listener) return;
    // Streams have no end of their own.
    for (const { events } of sources.all) events.close();
    this.#leaving.add(before);
    void before.close().then(() => this.#leaving.delete(before));
  }
}
