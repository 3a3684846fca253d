import { createSocket, type Socket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { isIPv6 } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { networkErrorText } from '../errors.ts';
import type { StatsdEncoder } from '../expose/statsd.ts';
import { within } from '../run/deadline.ts';
import { newCounters, type OnPushProblem, type PushCounters } from './push-counters.ts';
import { Rounds } from './rounds.ts';

export interface StatsdOptions {
  /** Empty is nowhere. */
  readonly host: string;
  readonly port: number;
  /** Seconds. */
  readonly interval: number;
  readonly format: 'vadvisor' | 'dogstatsd';
}

/** Octets of a datagram: what passes any Ethernet in one piece. */
const maxDatagram = 1432;
/** Share of the interval that the datagrams of a round are spread over; sent at once they would overflow the receiver. */
const spread = 0.8;
/** Time between two groups of datagrams, in milliseconds. */
const pauseMs = 20;

/** Sends to a StatsD server, over UDP: what is lost there nobody knows, but what cannot be sent is counted. */
export class StatsdPush {
  readonly counters: PushCounters = newCounters();
  #options: StatsdOptions;
  readonly #encoder: StatsdEncoder;
  readonly #onProblem: OnPushProblem;
  readonly #rounds: Rounds;
  /** Aborted to send the rest of a round without pauses. */
  readonly #closing = new AbortController();
  #sending: Promise<void> | undefined;

  constructor(options: StatsdOptions, encoder: StatsdEncoder, onProblem: OnPushProblem) {
    this.#options = options;
    this.#encoder = encoder;
    this.#onProblem = onProblem;
    this.#rounds = new Rounds(() => void this.round(), options.interval);
  }

  /** Sends what there is now. One round at a time. */
  async round(): Promise<void> {
    if (this.#sending !== undefined || this.#closing.signal.aborted) return;
    this.#sending = this.#send(this.#encoder.round());
    try {
      await this.#sending;
    } finally {
      this.#sending = undefined;
    }
  }

  /** Under these settings from the next round on. */
  configure(options: StatsdOptions): void {
    this.#options = options;
    this.#rounds.every(options.interval);
  }

  /** Sends the rest of a round that has begun at once: nobody would send what it leaves out later. */
  async close(graceMs: number): Promise<void> {
    this.#rounds.stop();
    this.#closing.abort();
    if (this.#sending !== undefined) await within(graceMs, this.#sending);
  }

  async #send(lines: readonly string[]): Promise<void> {
    if (lines.length === 0) return;
    const { host, port, interval } = this.#options;
    let left = lines.length;
    let socket: Socket | undefined;
    try {
      const { address } = await lookup(host);
      socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
      const failure = new Promise<never>((_resolve, reject) => socket?.once('error', reject));
      // A refusal may come while nobody waits for it.
      failure.catch(() => undefined);
      await Promise.race([connected(socket, port, address), failure]);
      const packets = datagrams(lines);
      const groups = Math.max(1, Math.floor((interval * 1000 * spread) / pauseMs));
      const perGroup = Math.max(1, Math.ceil(packets.length / groups));
      for (let from = 0; from < packets.length; from += perGroup) {
        if (from > 0) await Promise.race([this.#pause(), failure]);
        for (const { text, lines: count } of packets.slice(from, from + perGroup)) {
          await Promise.race([sent(socket, text), failure]);
          left -= count;
          this.counters.sent += count;
        }
      }
      // A port that nobody listens at is told a little later.
      await Promise.race([sleep(pauseMs), failure]);
      this.#onProblem(undefined);
    } catch (error) {
      this.counters.failed += 1;
      this.#onProblem(`StatsD at ${host}:${port} cannot be sent to: ${networkErrorText(error)}`);
    } finally {
      this.counters.dropped += left;
      socket?.close();
    }
  }

  async #pause(): Promise<void> {
    await sleep(pauseMs, undefined, { signal: this.#closing.signal }).catch(() => undefined);
  }
}

interface Datagram {
  readonly text: string;
  readonly lines: number;
}

/** Whole lines, as many as fit. */
function datagrams(lines: readonly string[]): readonly Datagram[] {
  const packets: Datagram[] = [];
  let some: string[] = [];
  let size = 0;
  const flush = (): void => {
    if (some.length > 0) packets.push({ text: some.join('\n'), lines: some.length });
    some = [];
    size = 0;
  };
  for (const line of lines) {
    const bytes = Buffer.byteLength(line) + 1;
    if (size + bytes > maxDatagram) flush();
    some.push(line);
    size += bytes;
  }
  flush();
  return packets;
}

function connected(socket: Socket, port: number, address: string): Promise<void> {
  return new Promise((resolve) => socket.connect(port, address, resolve));
}

function sent(socket: Socket, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.send(text, (error) => (error === null ? resolve() : reject(error)));
  });
}
