import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { ConnectionFailedError, errorText } from '../../errors.ts';
import type { Transport } from '../uri.ts';
import { systemCode } from './socket-connect.ts';
import { tcpFailure } from './tcp.ts';
import type { TransportStream } from './transport-stream.ts';

type TlsTransport = Extract<Transport, { kind: 'tls' }>;

/** What a daemon sends inside TLS, before anything else, once it accepted the client's certificate. */
const ACCEPTED = 1;

/** Connects with TLS and waits until the daemon accepted the client's certificate. */
export async function openTls(transport: TlsTransport, signal: AbortSignal): Promise<TransportStream> {
  const peer = `${transport.host}:${transport.port}`;
  const [ca, cert, key] = await Promise.all([
    readPem(transport.caPath, 'certificate of the authority'),
    readPem(transport.certPath, "client's certificate"),
    readPem(transport.keyPath, "client's key"),
  ]);
  const { host, port, verify } = transport;
  const socket = connect({
    host,
    port,
    ca,
    cert,
    key,
    rejectUnauthorized: verify,
    ...(isIP(host) === 0 ? { servername: host } : {}),
  });
  try {
    await handshake(socket, peer, signal);
    await acceptance(socket, peer, signal);
  } catch (error) {
    socket.destroy();
    throw error;
  }
  socket.setNoDelay(true);
  socket.setKeepAlive(true);
  return {
    stream: socket,
    oneMessagePerWrite: true,
    startReading: (take) => void socket.on('data', take),
    peer,
    lastWords: () => undefined,
  };
}

async function readPem(path: string, what: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new ConnectionFailedError(
      `cannot read the ${what}: ${errorText(error)}`,
      'Put the files where libvirt expects them, or name their directory with ?pkipath=DIRECTORY.',
      { cause: error },
    );
  }
}

function handshake(socket: TLSSocket, peer: string, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (settle: () => void): void => {
      signal.removeEventListener('abort', onAbort);
      socket.removeListener('error', onError);
      settle();
    };
    const onAbort = (): void => done(() => reject(signal.reason as Error));
    const onError = (error: Error): void => done(() => reject(tlsFailure(peer, error)));
    signal.addEventListener('abort', onAbort, { once: true });
    socket.once('error', onError);
    socket.once('secureConnect', () => done(resolve));
  });
}

/** Reads exactly one octet, so that what may follow stays in the stream. */
function acceptance(socket: TLSSocket, peer: string, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (settle: () => void): void => {
      signal.removeEventListener('abort', onAbort);
      socket.removeListener('readable', onReadable);
      socket.removeListener('end', onEnd);
      socket.removeListener('error', onError);
      settle();
    };
    const refused = (cause?: unknown): ConnectionFailedError =>
      new ConnectionFailedError(
        `${peer} did not accept the client's certificate`,
        'See tls_allowed_dn_list and ca_file in the configuration of libvirtd or virtproxyd on that host.',
        { cause },
      );
    const onReadable = (): void => {
      const octet: unknown = socket.read(1);
      if (octet instanceof Uint8Array) {
        done(() => (octet[0] === ACCEPTED ? resolve() : reject(refused())));
      }
    };
    const onEnd = (): void => done(() => reject(refused()));
    const onError = (error: Error): void => done(() => reject(refused(error)));
    const onAbort = (): void => done(() => reject(signal.reason as Error));
    signal.addEventListener('abort', onAbort, { once: true });
    socket.on('readable', onReadable);
    socket.once('end', onEnd);
    socket.once('error', onError);
    onReadable();
  });
}

function tlsFailure(peer: string, error: unknown): ConnectionFailedError {
  const code = systemCode(error) ?? '';
  if (/CERT|SIGNATURE|ISSUER|ALTNAME|SELF_SIGNED/.test(code)) {
    return new ConnectionFailedError(
      `the certificate of ${peer} cannot be trusted: ${errorText(error)}`,
      'It must be signed by the authority in cacert.pem and bear the host name of the URI.',
      { cause: error },
    );
  }
  return tcpFailure(peer, error, 'libvirtd-tls.socket or virtproxyd-tls.socket');
}
