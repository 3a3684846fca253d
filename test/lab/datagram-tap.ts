import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { waitUntil } from './wait.ts';

/** A UDP listener that keeps raw datagrams, to be decoded by whatever referee a test likes. */
export interface DatagramTap {
  readonly address: string;
  readonly port: number;
  datagrams(): readonly Buffer[];
  /** Resolves when `count` datagrams have come. */
  waitForCount(count: number, timeoutMs?: number): Promise<readonly Buffer[]>;
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Listens on a free UDP port of 127.0.0.1. */
export async function startDatagramTap(): Promise<DatagramTap> {
  const socket = createSocket('udp4');
  const kept: Buffer[] = [];
  socket.on('message', (message) => kept.push(message));
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  let closed = false;
  const close = async () => {
    if (closed) return;
    closed = true;
    socket.close();
    await once(socket, 'close');
  };
  return {
    address: `127.0.0.1:${port}`,
    port,
    datagrams: () => [...kept],
    waitForCount: (count, timeoutMs = 10_000) =>
      waitUntil(() => (kept.length >= count ? [...kept] : undefined), {
        what: `${count} datagrams (${kept.length} came)`,
        timeoutMs,
      }),
    close,
    [Symbol.asyncDispose]: close,
  };
}
