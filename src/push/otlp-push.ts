import { setImmediate } from 'node:timers/promises';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { OtlpRequest } from '../expose/otlp.ts';
import { otlpJson } from '../expose/otlp-json.ts';
import { otlpProtobuf } from '../expose/otlp-protobuf.ts';
import type { BackoffOptions } from '../run/backoff.ts';
import { Delivery, type Target } from './delivery.ts';
import type { OnPushProblem, PushCounters } from './push-counters.ts';
import { authorization, type PushSecret } from './push-secret.ts';
import { Rounds } from './rounds.ts';

const compress = promisify(gzip);

export interface OtlpOptions {
  /** Empty is nowhere; without /v1/metrics. */
  readonly url: string;
  readonly encoding: 'protobuf' | 'json';
  readonly compression: 'gzip' | 'none';
  readonly user: string;
  readonly passwordFile: string;
  readonly tokenFile: string;
  /** Seconds. */
  readonly interval: number;
  readonly instance: string;
}

/** Points of one request, some megabytes before they are compressed. */
export const maxPoints = 5000;
/** Two rounds of 5,000 machines. */
const maxWaiting = 256;

const otlpEncodings = { protobuf: otlpProtobuf, json: otlpJson } as const;

/** What may be sent again by the specification of OTLP over HTTP; all else never is. */
const retryable: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/** Where and how a receiver of OTLP is written to. */
export function otlpTarget(options: OtlpOptions): Target {
  const secret: PushSecret = { ...options, tokenScheme: 'Bearer' };
  const encoding = otlpEncodings[options.encoding];
  return {
    name: `OTLP at ${options.url}`,
    url: `${options.url.replace(/\/+$/, '')}/v1/metrics`,
    headers: async () => ({
      'content-type': encoding.contentType,
      ...(options.compression === 'gzip' ? { 'content-encoding': 'gzip' } : {}),
      ...(await authorization(secret)),
    }),
    isRefusal: (status) => !retryable.has(status),
    rejected: (answer) => {
      const { points, message } = encoding.rejection(answer) ?? { points: 0, message: '' };
      return points === 0
        ? undefined
        : { lines: points, reason: `${points} points were not taken: ${message.slice(0, 200)}` };
    },
    maxWaiting,
  };
}

/** Sends to a receiver of OTLP over HTTP. */
export class OtlpPush {
  readonly #delivery: Delivery;
  readonly #isCompressing: boolean;
  readonly #requests: () => Iterable<OtlpRequest>;
  readonly #rounds: Rounds;
  #isEncoding = false;

  /** @param requests what there is to send now; nothing if it was sent already. */
  constructor(
    options: OtlpOptions,
    requests: () => Iterable<OtlpRequest>,
    onProblem: OnPushProblem,
    backoff?: BackoffOptions,
  ) {
    this.#delivery = new Delivery(otlpTarget(options), onProblem, backoff);
    this.#isCompressing = options.compression === 'gzip';
    this.#requests = requests;
    this.#rounds = new Rounds(() => void this.round(), options.interval);
  }

  get counters(): PushCounters {
    return this.#delivery.counters;
  }

  /** Whether all that there was is queued or sent. */
  get isIdle(): boolean {
    return !this.#isEncoding;
  }

  /** Queues what there is now, and sends what is queued. */
  async round(): Promise<void> {
    if (!this.#isEncoding) {
      this.#isEncoding = true;
      try {
        for (const { body, points } of this.#requests()) {
          await this.#delivery.add(this.#isCompressing ? compress(body) : Promise.resolve(body), points);
          // Others in this thread have their turn between two requests.
          await setImmediate();
          if (this.#delivery.isClosed) return;
        }
      } finally {
        this.#isEncoding = false;
      }
    }
    await this.#delivery.sendAll();
  }

  /**
   * Under these settings from now on; what waits is sent as they say, too. Its encoding and compression must be those of
   * before.
   */
  configure(options: OtlpOptions): void {
    this.#delivery.redirect(otlpTarget(options));
    this.#rounds.every(options.interval);
  }

  /** Resolves when what waits has been sent, as far as that is possible within so many milliseconds. */
  async close(graceMs: number): Promise<void> {
    this.#rounds.stop();
    await this.#delivery.close(graceMs);
  }
}
