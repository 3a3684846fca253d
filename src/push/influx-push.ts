import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { errorText } from '../errors.ts';
import { type BackoffOptions, backoffDelayMs } from '../run/backoff.ts';
import type { SecretFile } from '../run/secret-file.ts';
import { newCounters, type OnPushProblem, type PushCounters } from './push-counters.ts';

const compress = promisify(gzip);

export interface InfluxOptions {
  /** Empty is nowhere. */
  readonly url: string;
  readonly api: 'v1' | 'v2';
  readonly database: string;
  readonly org: string;
  readonly bucket: string;
  readonly user: string;
  readonly passwordFile: string;
  readonly tokenFile: string;
  /** Seconds. */
  readonly interval: number;
  readonly profile: 'pulse' | 'native';
  readonly hostStats: boolean;
  readonly vmHost: string;
}

/** Lines of one request: what InfluxDB recommends. */
const maxLines = 5000;
/** Requests that wait; of more the oldest are dropped. */
const maxWaiting = 64;
const timeoutMs = 10_000;
const retryBackoff: BackoffOptions = { baseMs: 1000, factor: 2, capMs: 60_000, jitter: 0.3 };
/** Longest time that a server may ask to be left alone, in milliseconds. */
const maxRetryAfterMs = 300_000;

interface Batch {
  readonly body: Promise<Uint8Array>;
  readonly lines: number;
}

/** What became of a request. */
type Outcome =
  | { readonly kind: 'taken' }
  /** It will never be taken. */
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'failed'; readonly reason: string; readonly retryAfterMs?: number };

/** Writes to an InfluxDB server, or to what takes its writes: in order, again where it failed, bounded. */
export class InfluxPush {
  readonly counters: PushCounters = newCounters();
  readonly #options: InfluxOptions;
  readonly #secret: SecretFile;
  readonly #lines: () => readonly string[];
  readonly #onProblem: OnPushProblem;
  readonly #backoff: BackoffOptions;
  readonly #timer: NodeJS.Timeout;
  readonly #waiting: Batch[] = [];
  readonly #closing = new AbortController();
  #isSending = false;

  /** @param lines what there is to write now; nothing if it was written already. */
  constructor(
    options: InfluxOptions,
    secret: SecretFile,
    lines: () => readonly string[],
    onProblem: OnPushProblem,
    backoff: BackoffOptions = retryBackoff,
  ) {
    this.#options = options;
    this.#secret = secret;
    this.#lines = lines;
    this.#onProblem = onProblem;
    this.#backoff = backoff;
    this.#timer = setInterval(() => void this.round(), options.interval * 1000);
  }

  /** Queues what there is now, and sends what is queued. */
  async round(): Promise<void> {
    const lines = this.#lines();
    for (let from = 0; from < lines.length; from += maxLines) {
      const some = lines.slice(from, from + maxLines);
      // Compressed in threads, whose order is anybody's guess: the place in the queue is taken before.
      const body = compress(some.join('\n'));
      this.#waiting.push({ body, lines: some.length });
      await body;
      if (this.#waiting.length > maxWaiting) this.counters.dropped += this.#waiting.shift()?.lines ?? 0;
    }
    if (this.#isSending) return;
    this.#isSending = true;
    await this.#sendAll();
    this.#isSending = false;
  }

  close(): void {
    clearInterval(this.#timer);
    this.#closing.abort();
  }

  async #sendAll(): Promise<void> {
    let attempt = 0;
    let batch = this.#waiting[0];
    while (batch !== undefined && !this.#closing.signal.aborted) {
      const outcome = await this.#send(batch);
      if (outcome.kind === 'failed') {
        this.counters.failed += 1;
        this.#onProblem(`InfluxDB at ${this.#options.url} does not take writes: ${outcome.reason}`);
        await this.#sleep(outcome.retryAfterMs ?? backoffDelayMs(attempt, this.#backoff, Math.random));
        attempt += 1;
      } else {
        if (outcome.kind === 'taken') {
          this.counters.sent += batch.lines;
          this.#onProblem(undefined);
        } else {
          this.counters.failed += 1;
          this.counters.dropped += batch.lines;
          this.#onProblem(`InfluxDB at ${this.#options.url} refuses writes: ${outcome.reason}`);
        }
        attempt = 0;
        // While it was sent it may have been dropped, being the oldest.
        if (this.#waiting[0] === batch) this.#waiting.shift();
      }
      batch = this.#waiting[0];
    }
  }

  async #send({ body }: Batch): Promise<Outcome> {
    const ending = new AbortController();
    const end = (): void => ending.abort();
    const timer = globalThis.setTimeout(end, timeoutMs);
    this.#closing.signal.addEventListener('abort', end);
    try {
      const answer = await fetch(this.#target(), {
        method: 'POST',
        body: (await body) as Uint8Array<ArrayBuffer>,
        headers: {
          'content-type': 'text/plain; charset=utf-8',
          'content-encoding': 'gzip',
          ...(await this.#authorization()),
        },
        redirect: 'error',
        signal: ending.signal,
      });
      const text = (await answer.text()).slice(0, 200).trim();
      if (answer.ok) return { kind: 'taken' };
      const reason = `${answer.status} ${text}`.trim();
      // What is wrong with the request is wrong again; all else may be mended by somebody.
      if (answer.status === 400 || answer.status === 413 || answer.status === 422)
        return { kind: 'refused', reason };
      const seconds = Number(answer.headers.get('retry-after') ?? Number.NaN);
      const asked = Number.isFinite(seconds)
        ? { retryAfterMs: Math.min(seconds * 1000, maxRetryAfterMs) }
        : {};
      return { kind: 'failed', reason, ...asked };
    } catch (error) {
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
      return { kind: 'failed', reason: errorText(cause) };
    } finally {
      clearTimeout(timer);
      this.#closing.signal.removeEventListener('abort', end);
    }
  }

  #target(): string {
    const { url, api, database, org, bucket } = this.#options;
    const base = url.replace(/\/+$/, '');
    const query =
      api === 'v1'
        ? new URLSearchParams({ db: database, precision: 'ns' })
        : new URLSearchParams({ org, bucket, precision: 'ns' });
    return `${base}${api === 'v1' ? '/write' : '/api/v2/write'}?${query.toString()}`;
  }

  async #authorization(): Promise<Record<string, string>> {
    const { user } = this.#options;
    const secret = await this.#secret.read();
    if (secret === undefined) return {};
    if (user === '') return { authorization: `Token ${secret}` };
    return { authorization: `Basic ${Buffer.from(`${user}:${secret}`).toString('base64')}` };
  }

  /** Ends early when the push is closed. */
  async #sleep(ms: number): Promise<void> {
    await setTimeout(ms, undefined, { signal: this.#closing.signal }).catch(() => undefined);
  }
}
