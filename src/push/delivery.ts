import { setTimeout as sleep } from 'node:timers/promises';
import { networkErrorText } from '../errors.ts';
import { type BackoffOptions, backoffDelayMs } from '../run/backoff.ts';
import { endingAfter, within } from '../run/deadline.ts';
import { newCounters, type OnPushProblem, type PushCounters } from './push-counters.ts';

const timeoutMs = 10_000;
const retryBackoff: BackoffOptions = { baseMs: 1000, factor: 2, capMs: 60_000, jitter: 0.3 };
/** Longest time that a server may ask to be left alone, in milliseconds. */
const maxRetryAfterMs = 300_000;
/** Octets of an answer that are looked at: more would be no answer to a write. */
const maxAnswerBytes = 64 * 1024;
const maxReasonChars = 200;
/** Octets of all requests that wait: a server that is away for long costs no more memory than this. */
const maxWaitingBytes = 64 * 1024 * 1024;

/** A server that is written to over HTTP. */
export interface Target {
  /** For messages, such as "InfluxDB at http://influx:8086". */
  readonly name: string;
  readonly url: string;
  /** Asked for each request, because secrets may have been replaced. */
  readonly headers: () => Promise<Readonly<Record<string, string>>>;
  /** Whether what is answered so will never be taken; all else is tried again. */
  readonly isRefusal: (status: number) => boolean;
  /** What a good answer says was not taken after all. */
  readonly rejected?: (answer: Uint8Array) => Rejection | undefined;
  /** Requests that may wait; of more the oldest are dropped. */
  readonly maxWaiting: number;
}

interface Rejection {
  readonly lines: number;
  readonly reason: string;
}

/** A request. */
interface Batch {
  readonly body: Promise<Uint8Array>;
  readonly lines: number;
  /** Octets of the body; 0 until it is there. */
  bytes: number;
}

/** What became of a request. */
export type Outcome =
  | { readonly kind: 'taken'; readonly rejection?: Rejection | undefined }
  /** It will never be taken. */
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'failed'; readonly reason: string; readonly retryAfterMs?: number };

/** Sends one request. Ends when the signal aborts, or after ten seconds. */
export async function post(target: Target, body: Uint8Array, closing?: AbortSignal): Promise<Outcome> {
  const tooLong = (): Error => new Error(`no answer within ${timeoutMs / 1000} seconds`);
  try {
    return await endingAfter(timeoutMs, tooLong, (signal) => request(target, body, signal), closing);
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    return { kind: 'failed', reason: networkErrorText(cause) };
  }
}

async function request(target: Target, body: Uint8Array, signal: AbortSignal): Promise<Outcome> {
  const answer = await fetch(target.url, {
    method: 'POST',
    body: body as Uint8Array<ArrayBuffer>,
    headers: { ...(await target.headers()) },
    redirect: 'manual',
    signal,
  });
  const octets = await beginning(answer);
  if (answer.ok) return { kind: 'taken', rejection: target.rejected?.(octets) };
  const reason = `${answer.status} ${octets.toString().trim().slice(0, maxReasonChars)}`.trim();
  if (target.isRefusal(answer.status)) return { kind: 'refused', reason };
  const seconds = Number(answer.headers.get('retry-after') ?? Number.NaN);
  const asked = Number.isFinite(seconds) ? { retryAfterMs: Math.min(seconds * 1000, maxRetryAfterMs) } : {};
  return { kind: 'failed', reason, ...asked };
}

/** The beginning of an answer; a server that goes on and on is not listened to. */
async function beginning({ body }: Response): Promise<Buffer> {
  if (body === null) return Buffer.alloc(0);
  const chunks: Uint8Array[] = [];
  let size = 0;
  // Leaving the loop cancels the stream.
  for await (const chunk of body) {
    chunks.push(chunk as Uint8Array);
    size += (chunk as Uint8Array).length;
    if (size >= maxAnswerBytes) break;
  }
  return Buffer.concat(chunks).subarray(0, maxAnswerBytes);
}

/** Hands requests over in order, again where that failed, bounded. */
export class Delivery {
  readonly counters: PushCounters = newCounters();
  #target: Target;
  readonly #onProblem: OnPushProblem;
  readonly #backoff: BackoffOptions;
  readonly #waiting: Batch[] = [];
  readonly #closing = new AbortController();
  /** Aborted to end the pause before the next attempt. */
  #pause = new AbortController();
  #sending: Promise<void> | undefined;
  #isClosed = false;
  /** What is on its way now, and so not dropped. */
  #underWay: Batch | undefined;

  constructor(target: Target, onProblem: OnPushProblem, backoff: BackoffOptions = retryBackoff) {
    this.#target = target;
    this.#onProblem = onProblem;
    this.#backoff = backoff;
  }

  /**
   * Queues a request. Resolves when its body is there. Bodies are compressed in threads, whose order is anybody's guess:
   * the place in the queue is taken before.
   *
   * @param body encoded as the headers of the target say.
   */
  async add(body: Promise<Uint8Array>, lines: number): Promise<void> {
    const batch: Batch = { body, lines, bytes: 0 };
    this.#waiting.push(batch);
    batch.bytes = (await body).length;
    this.#dropOldest();
  }

  /** Of more than may wait; the newest stays. */
  #dropOldest(): void {
    let total = this.#waiting.reduce((sum, { bytes }) => sum + bytes, 0);
    const first = this.#waiting[0] === this.#underWay && this.#underWay !== undefined ? 1 : 0;
    while (
      this.#waiting.length > first + 1 &&
      (this.#waiting.length > this.#target.maxWaiting || total > maxWaitingBytes)
    ) {
      const [dropped] = this.#waiting.splice(first, 1);
      this.counters.dropped += dropped?.lines ?? 0;
      total -= dropped?.bytes ?? 0;
    }
  }

  /** Sends what is queued, unless that is being done already. */
  async sendAll(): Promise<void> {
    if (this.#sending !== undefined) return;
    this.#sending = this.#sendEach();
    try {
      await this.#sending;
    } finally {
      this.#sending = undefined;
    }
  }

  /** From now on to this one: what waits as well, without waiting any longer. */
  redirect(target: Target): void {
    this.#target = target;
    this.#endPause();
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Sends what waits, until the first attempt that fails, and until so many milliseconds are over. */
  async close(graceMs: number): Promise<void> {
    this.#isClosed = true;
    this.#endPause();
    await within(graceMs, this.#sending ?? this.sendAll());
    this.#closing.abort();
  }

  async #sendEach(): Promise<void> {
    let attempt = 0;
    let batch = this.#waiting[0];
    while (batch !== undefined && !this.#closing.signal.aborted) {
      const { name } = this.#target;
      this.#underWay = batch;
      const outcome = await post(this.#target, await batch.body, this.#closing.signal);
      this.#underWay = undefined;
      if (outcome.kind === 'failed') {
        this.counters.failed += 1;
        this.#onProblem(`${name} does not take writes: ${outcome.reason}`);
        // A server that asks for less than that, or for a time in the past, is not hammered for it.
        const delayMs = backoffDelayMs(attempt, this.#backoff, Math.random);
        if (!this.#isClosed) await this.#sleep(Math.max(delayMs, outcome.retryAfterMs ?? 0));
        if (this.#isClosed) return;
        attempt += 1;
      } else {
        if (outcome.kind === 'taken') this.#taken(batch.lines, outcome.rejection);
        else this.#refused(batch.lines, outcome.reason);
        attempt = 0;
        this.#waiting.shift();
      }
      batch = this.#waiting[0];
    }
  }

  #taken(lines: number, rejection: Rejection | undefined): void {
    const lost = Math.min(rejection?.lines ?? 0, lines);
    this.counters.sent += lines - lost;
    if (rejection !== undefined && lost > 0) this.#refused(lost, rejection.reason);
    else this.#onProblem(undefined);
  }

  #refused(lines: number, reason: string): void {
    this.counters.failed += 1;
    this.counters.dropped += lines;
    this.#onProblem(`${this.#target.name} refuses writes: ${reason}`);
  }

  /** Ends early when the push is closed, or redirected. */
  async #sleep(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#pause.signal }).catch(() => undefined);
  }

  #endPause(): void {
    this.#pause.abort();
    this.#pause = new AbortController();
  }
}
