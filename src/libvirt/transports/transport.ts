import type { Transport } from '../uri.ts';
import { openCommand } from './command.ts';
import { openTcp } from './tcp.ts';
import { openTls } from './tls.ts';
import type { TransportStream } from './transport-stream.ts';
import { openUnix } from './unix.ts';

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
