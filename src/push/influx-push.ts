import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { BackoffOptions } from '../run/backoff.ts';
import { Delivery, type Target } from './delivery.ts';
import type { OnPushProblem, PushCounters } from './push-counters.ts';
import { authorization, type PushSecret } from './push-secret.ts';
import { Rounds } from './rounds.ts';

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
const maxWaiting = 64;

/** What is wrong with the request is wrong again; all else may be mended by somebody. */
const refusals: ReadonlySet<number> = new Set([400, 413, 422]);

/** Where and how an InfluxDB server is written to. */
export function influxTarget(options: InfluxOptions): Target {
  const secret: PushSecret = { ...options, tokenScheme: 'Token' };
  return {
    name: `InfluxDB at ${options.url}`,
    url: writeUrl(options),
    headers: async () => ({
      'content-type': 'text/plain; charset=utf-8',
      'content-encoding': 'gzip',
      ...(await authorization(secret)),
    }),
    isRefusal: (status) => refusals.has(status),
    maxWaiting,
  };
}

/** Writes to an InfluxDB server, or to what takes its writes. */
export class InfluxPush {
  readonly #delivery: Delivery;
  readonly #lines: () => readonly string[];
  readonly #rounds: Rounds;

  /** @param lines what there is to write now; nothing if it was written already. */
  constructor(
    options: InfluxOptions,
    lines: () => readonly string[],
    onProblem: OnPushProblem,
    backoff?: BackoffOptions,
  ) {
    this.#delivery = new Delivery(influxTarget(options), onProblem, backoff);
    this.#lines = lines;
    this.#rounds = new Rounds(() => void this.round(), options.interval);
  }

  get counters(): PushCounters {
    return this.#delivery.counters;
  }

  /** Queues what there is now, and sends what is queued. */
  async round(): Promise<void> {
    const lines = this.#lines();
    for (let from = 0; from < lines.length; from += maxLines) {
      const some = lines.slice(from, from + maxLines);
      await this.#delivery.add(compress(some.join('\n')), some.length);
    }
    await this.#delivery.sendAll();
  }

  /** Under these settings from now on; what waits is sent as they say, too. */
  configure(options: InfluxOptions): void {
    this.#delivery.redirect(influxTarget(options));
    this.#rounds.every(options.interval);
  }

  /** Resolves when what waits has been sent, as far as that is possible within so many milliseconds. */
  async close(graceMs: number): Promise<void> {
    this.#rounds.stop();
    await this.#delivery.close(graceMs);
  }
}

function writeUrl({ url, api, database, org, bucket }: InfluxOptions): string {
  const base = url.replace(/\/+$/, '');
  const query =
    api === 'v1'
      ? new URLSearchParams({ db: database, precision: 'ns' })
      : new URLSearchParams({ org, bucket, precision: 'ns' });
  return `${base}${api === 'v1' ? '/write' : '/api/v2/write'}?${query.toString()}`;
}
