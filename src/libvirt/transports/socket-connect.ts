import { connect, type NetConnectOpts } from 'node:net';
import type { OnChunk, TransportStream } from './transport-stream.ts';

/** Octets read at once; a Unix socket holds some 200 KiB. */
const READ_OCTETS = 256 * 1024;

/** For all sockets: what was read is taken before anything else is, from whichever it may be. */
const readBuffer = Buffer.allocUnsafeSlow(READ_OCTETS);

/**
 * Connects a socket that reads into the same memory again and again: otherwise every 64 KiB would be a buffer of
 * their own, which the garbage collector has to find. Rejects with the system's error, or with the signal's reason
 * if it aborts first.
 */
export function connectSocket(
  options: NetConnectOpts,
  signal: AbortSignal,
): Promise<Pick<TransportStream, 'stream' | 'startReading'>> {
  return new Promise((resolve, reject) => {
    let onChunk: OnChunk | undefined;
    const onread = {
      buffer: readBuffer,
      callback: (count: number, buffer: Uint8Array): boolean => {
        onChunk?.(buffer.subarray(0, count));
        return true;
      },
    };
    const socket = connect({ ...options, onread });
    // Until somebody takes them, octets stay in the socket.
    socket.pause();
    const startReading = (take: OnChunk): void => {
      onChunk = take;
      socket.resume();
    };
    const onAbort = (): void => {
      socket.destroy();
      reject(signal.reason as Error);
    };
    const onError = (error: Error): void => {
      signal.removeEventListener('abort', onAbort);
      reject(error);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    socket.once('error', onError);
    socket.once('connect', () => {
      signal.removeEventListener('abort', onAbort);
      socket.removeListener('error', onError);
      resolve({ stream: socket, startReading });
    });
  });
}

/** Code of a system error: ENOENT. */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
