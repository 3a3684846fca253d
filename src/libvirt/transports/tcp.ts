import { ConnectionFailedError, errorText } from '../../errors.ts';
import type { Transport } from '../uri.ts';
import { connectSocket, systemCode } from './socket-connect.ts';
import type { TransportStream } from './transport-stream.ts';

/** Connects in the clear. */
export async function openTcp(
  { host, port }: Extract<Transport, { kind: 'tcp' }>,
  signal: AbortSignal,
): Promise<TransportStream> {
  const peer = hostAndPort(host, port);
  try {
    const connected = await connectSocket({ host, port, noDelay: true, keepAlive: true }, signal);
    return { ...connected, oneMessagePerWrite: false, peer, lastWords: () => undefined };
  } catch (error) {
    signal.throwIfAborted();
    throw tcpFailure(
      peer,
      error,
      'libvirtd-tcp.socket or virtproxyd-tcp.socket, or listen_tcp in libvirtd.conf',
    );
  }
}

/** As in a URI: the address of IPv6 in brackets. */
export function hostAndPort(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** What a failed connection to a host means. */
export function tcpFailure(peer: string, error: unknown, listener: string): ConnectionFailedError {
  const remedies: Readonly<Record<string, string>> = {
    ECONNREFUSED: `Nothing listens there: enable ${listener} on that host.`,
    ENOTFOUND: 'The host name does not resolve.',
    EAI_AGAIN: 'The host name cannot be resolved now: is the name server reachable?',
    ETIMEDOUT: 'The host does not answer: is a firewall in between?',
    EHOSTUNREACH: 'There is no route to the host.',
    ENETUNREACH: 'There is no route to the host.',
  };
  return new ConnectionFailedError(
    `cannot connect to ${peer}: ${errorText(error)}`,
    remedies[systemCode(error) ?? ''],
    { cause: error },
  );
}
