import { createSocket, type Socket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { isIPv6 } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { networkErrorText } from '../errors.ts';
import type { StatsdEncoder } from '../expose/statsd.ts';
import { newCounters, type OnPushProblem, type PushCounters } from './push-counters.ts';

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
  readonly #options: StatsdOptions;
  readonly #encoder: StatsdEncoder;
  readonly #onProblem: OnPushProblem;
  readonly #timer: NodeJS.Timeout;
  #isSending = false;
  #isClosed = false;

  constructor(options: StatsdOptions, encoder: StatsdEncoder, onProblem: OnPushProblem) {
    this.#options = options;
    this.#encoder = encoder;
    this.#onProblem = onProblem;
    this.#timer = setInterval(() => void this.round(), options.interval * 1000);
  }

  /** Sends what there is now. One round at a time. */
  async round(): Promise<void> {
    if (this.#isSending || this.#isClosed) return;
    this.#isSending = true;
    try {
      await this.#send(this.#encoder.round());
    } finally {
      this.#isSending = false;
    }
  }

  close(): void {
    this.#isClosed = true;
    clearInterval(this.#timer);
  }

  async #send(lines: readonly string[]): Promise<void> {
    if (lines.length === 0) return;
    const { host, port } = this.#options;
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
      const groups = Math.max(1, Math.floor((this.#options.interval * 1000 * spread) / pauseMs));
      const perGroup = Math.max(1, Math.ceil(packets.length / groups));
      for (let from = 0; from < packets.length && !this.#isClosed; from += perGroup) {
        if (from > 0) await Promise.race([sleep(pauseMs), failure]);
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
