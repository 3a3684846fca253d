import type { Duplex } from 'node:stream';
import type { Transport } from '../uri.ts';
import { openCommand } from './command.ts';
import { openTcp } from './tcp.ts';
import { openTls } from './tls.ts';
import { openUnix } from './unix.ts';

/** An open way to a daemon. */
export interface TransportStream {
  readonly stream: Duplex;
  /** What was connected to, for messages: a socket's path, a host and port, a command. */
  readonly peer: string;
  /** What the transport said about its end: the last words of ssh. */
  readonly lastWords: () => string | undefined;
}

/**
 * Connects.
 *
 * @throws ConnectionFailedError with a remedy; the signal's reason if it aborts first.
 */
export async function openTransport(transport: Transport, signal: AbortSignal): Promise<TransportStream> {
  signal.throwIfAborted();
  switch (transport.kind) {
    case 'unix':
      return await openUnix(transport, signal);
    case 'tcp':
      return await openTcp(transport, signal);
    case 'tls':
      return await openTls(transport, signal);
    case 'command':
      return await openCommand(transport, signal);
  }
}
