import { access } from 'node:fs/promises';
import { isIP } from 'node:net';
import { connect, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';
import { AuthenticationFailedError, type ConnectionFailedError, errorText } from '../../errors.ts';
import { readSmallFile } from '../../run/small-file.ts';
import type { Transport } from '../uri.ts';
import { systemCode } from './socket-connect.ts';
import { tcpFailure } from './tcp.ts';
import type { TransportStream } from './transport-stream.ts';

type TlsTransport = Extract<Transport, { kind: 'tls' }>;

/** What a daemon sends inside TLS, before anything else, once it accepted the client's certificate. */
const ACCEPTED = 1;

/**
 * Connects with TLS and waits until the daemon accepted the client's certificate, or does without one.
 *
 * @throws AuthenticationFailedError if one side does not trust the other; ConnectionFailedError
 */
export async function openTls(transport: TlsTransport, signal: AbortSignal): Promise<TransportStream> {
  const peer = `${transport.host}:${transport.port}`;
  const { secureContext, noCertificate } = await secureContextOf(transport);
  const { host, port, verify } = transport;
  const socket = connect({
    host,
    port,
    secureContext,
    rejectUnauthorized: verify,
    ...(isIP(host) === 0 ? { servername: host } : {}),
  });
  try {
    await handshake(socket, peer, signal);
    await acceptance(socket, refusal(peer, noCertificate), signal);
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

/**
 * The files a URI names, as Node wants them. A daemon may want no certificate of its clients: the pair may be
 * missing, both together.
 */
async function secureContextOf({ caPath, certPath, keyPath }: TlsTransport): Promise<{
  readonly secureContext: SecureContext;
  /** Where the certificate is missing. */
  readonly noCertificate: string | undefined;
}> {
  const ca = await readPem(caPath, 'certificate of the authority');
  const both = await Promise.all([isMissing(certPath), isMissing(keyPath)]);
  const missing = both.every(Boolean);
  const [cert, key] = missing
    ? []
    : await Promise.all([readPem(certPath, "client's certificate"), readPem(keyPath, "client's key")]);
  try {
    return {
      secureContext: createSecureContext({ ca, cert, key }),
      noCertificate: missing ? certPath : undefined,
    };
  } catch (error) {
    const files = missing ? caPath : `${caPath}, ${certPath} and ${keyPath}`;
    throw new AuthenticationFailedError(
      systemCode(error) === 'ERR_OSSL_X509_KEY_VALUES_MISMATCH'
        ? `the key ${keyPath} does not belong to the certificate ${certPath}`
        : `${files} cannot be used for TLS: ${errorText(error)}`,
      'They must be PEM files: the certificate of the authority, and a certificate with its key that it signed.',
      { cause: error },
    );
  }
}

async function isMissing(path: string): Promise<boolean> {
  try {
    await access(path);
    return false;
  } catch (error) {
    return systemCode(error) === 'ENOENT';
  }
}

async function readPem(path: string, what: string): Promise<string> {
  try {
    return await readSmallFile(path);
  } catch (error) {
    throw new AuthenticationFailedError(
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
function acceptance(
  socket: TLSSocket,
  refused: (cause?: unknown) => ConnectionFailedError,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (settle: () => void): void => {
      signal.removeEventListener('abort', onAbort);
      socket.removeListener('readable', onReadable);
      socket.removeListener('end', onEnd);
      socket.removeListener('error', onError);
      settle();
    };
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

/** The daemon ended the connection instead of accepting: what that means. */
function refusal(peer: string, noCertificate: string | undefined) {
  return (cause?: unknown): ConnectionFailedError =>
    noCertificate === undefined
      ? new AuthenticationFailedError(
          `${peer} did not accept the client's certificate`,
          'See tls_allowed_dn_list and ca_file in the configuration of libvirtd or virtproxyd on that host.',
          { cause },
        )
      : new AuthenticationFailedError(
          `${peer} wants a client's certificate, and there is no ${noCertificate}`,
          'Put certificate and key where libvirt expects them, or name their directory with ?pkipath=DIRECTORY.',
          { cause },
        );
}

function tlsFailure(peer: string, error: unknown): ConnectionFailedError {
  const code = systemCode(error) ?? '';
  if (/CERT|SIGNATURE|ISSUER|ALTNAME|SELF_SIGNED/.test(code)) {
    return new AuthenticationFailedError(
      `the certificate of ${peer} cannot be trusted: ${errorText(error)}`,
      'It must be signed by the authority in cacert.pem and bear the host name of the URI.',
      { cause: error },
    );
  }
  return tcpFailure(peer, error, 'libvirtd-tls.socket or virtproxyd-tls.socket');
}
