import { type Advice, advise, ConnectionFailedError, errorText } from '../../errors.ts';
import { libvirtProblems } from '../problems.ts';
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
  const noRoute = advise(libvirtProblems, 'libvirt-no-route');
  const known: Readonly<Record<string, Advice>> = {
    ECONNREFUSED: advise(libvirtProblems, 'libvirt-nothing-listens', { listener }),
    ENOTFOUND: advise(libvirtProblems, 'libvirt-host-unknown'),
    EAI_AGAIN: advise(libvirtProblems, 'libvirt-name-server'),
    ETIMEDOUT: advise(libvirtProblems, 'libvirt-host-silent'),
    EHOSTUNREACH: noRoute,
    ENETUNREACH: noRoute,
  };
  return new ConnectionFailedError(
    `cannot connect to ${peer}: ${errorText(error)}`,
    known[systemCode(error) ?? ''],
    { cause: error },
  );
}
