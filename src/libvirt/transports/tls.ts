import { X509Certificate } from 'node:crypto';
import { access } from 'node:fs/promises';
import { isIP } from 'node:net';
import {
  checkServerIdentity,
  connect,
  createSecureContext,
  type PeerCertificate,
  type SecureContext,
  type TLSSocket,
} from 'node:tls';
import {
  AuthenticationFailedError,
  advise,
  type ConnectionFailedError,
  CredentialsRefusedError,
  errorText,
} from '../../errors.ts';
import { readSmallFile } from '../../run/small-file.ts';
import { libvirtProblems } from '../problems.ts';
import type { Transport } from '../uri.ts';
import { systemCode } from './socket-connect.ts';
import { hostAndPort, tcpFailure } from './tcp.ts';
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
  const peer = hostAndPort(transport.host, transport.port);
  const { secureContext, certificate } = await secureContextOf(transport);
  const { host, port, verify } = transport;
  const socket = connect({
    host,
    port,
    secureContext,
    rejectUnauthorized: verify,
    ...(isIP(host) === 0 ? { servername: host } : { checkServerIdentity: certifiesAddress }),
  });
  try {
    await handshake(socket, peer, signal);
    await acceptance(socket, refusal(peer, transport.certPath, certificate), signal);
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
 * Whether a certificate is one of this address. OpenSSL is asked first: the Node.js of Debian 13 (20.19.2+dfsg-1+deb13u3)
 * takes an address of IPv6 for a host name, and no certificate is good for it.
 */
function certifiesAddress(address: string, certificate: PeerCertificate): Error | undefined {
  // A zone belongs to this host, not to the address.
  const [plain = address] = address.split('%');
  const isCertified = new X509Certificate(certificate.raw).checkIP(plain) !== undefined;
  return isCertified ? undefined : checkServerIdentity(address, certificate);
}

/**
 * The files a URI names, as Node wants them. A daemon may want no certificate of its clients: the pair may be
 * missing, both together.
 */
async function secureContextOf(transport: TlsTransport): Promise<{
  readonly secureContext: SecureContext;
  /** Undefined where the pair is missing. */
  readonly certificate: X509Certificate | undefined;
}> {
  const { caPath, crlPath, certPath, keyPath, sanity } = transport;
  const ca = await readPem(caPath, 'certificate of the authority');
  const crl = (await isMissing(crlPath)) ? undefined : await readPem(crlPath, 'list of revoked certificates');
  const both = await Promise.all([isMissing(certPath), isMissing(keyPath)]);
  const missing = both.every(Boolean);
  const [cert, key] = missing
    ? []
    : await Promise.all([readPem(certPath, "client's certificate"), readPem(keyPath, "client's key")]);
  let made: { readonly secureContext: SecureContext; readonly certificate: X509Certificate | undefined };
  try {
    made = {
      secureContext: createSecureContext({ ca, crl, cert, key }),
      certificate: cert === undefined ? undefined : new X509Certificate(cert),
    };
  } catch (error) {
    const files = [caPath, ...(crl === undefined ? [] : [crlPath]), ...(missing ? [] : [certPath, keyPath])];
    throw new AuthenticationFailedError(
      systemCode(error) === 'ERR_OSSL_X509_KEY_VALUES_MISMATCH'
        ? `the key ${keyPath} does not belong to the certificate ${certPath}`
        : `${files.join(', ')} cannot be used for TLS: ${errorText(error)}`,
      advise(libvirtProblems, 'tls-unusable'),
      { cause: error },
    );
  }
  if (sanity && made.certificate !== undefined) checkDates(made.certificate, certPath);
  return made;
}

/** As libvirt's own library does: a certificate that no daemon takes is not shown to any. */
function checkDates({ validFrom, validTo }: X509Certificate, path: string): void {
  const now = Date.now();
  const problem =
    Date.parse(validTo) < now
      ? `has expired (${validTo})`
      : Date.parse(validFrom) > now
        ? `is not valid yet (${validFrom})`
        : undefined;
  if (problem === undefined) return;
  throw new AuthenticationFailedError(
    `the client's certificate ${path} ${problem}`,
    advise(libvirtProblems, 'tls-own-dates'),
  );
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
      `cannot read the ${what} (${path}): ${errorText(error)}`,
      advise(libvirtProblems, 'tls-unreadable'),
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
function refusal(peer: string, certPath: string, certificate: X509Certificate | undefined) {
  return (cause?: unknown): ConnectionFailedError =>
    certificate === undefined
      ? new AuthenticationFailedError(
          `${peer} wants a client's certificate, and there is no ${certPath}`,
          advise(libvirtProblems, 'tls-certificate-wanted'),
          { cause },
        )
      : new CredentialsRefusedError(
          `${peer} did not accept the client's certificate ${certPath} (${nameOf(certificate)})`,
          advise(libvirtProblems, 'tls-certificate-refused'),
          { cause },
        );
}

/** As `tls_allowed_dn_list` has it: `CN=monitor,O=Example`. */
function nameOf({ subject }: X509Certificate): string {
  return subject.split('\n').reverse().join(',');
}

/** What is wrong with the certificate of the daemon, by the code of OpenSSL or Node. */
const problemsOfCertificates: Readonly<Record<string, keyof typeof libvirtProblems>> = {
  CERT_HAS_EXPIRED: 'tls-expired',
  CERT_NOT_YET_VALID: 'tls-not-yet-valid',
  CERT_REVOKED: 'tls-revoked',
  ERR_TLS_CERT_ALTNAME_INVALID: 'tls-other-name',
  CRL_HAS_EXPIRED: 'tls-list-expired',
  UNABLE_TO_GET_CRL: 'tls-list-missing',
};

function tlsFailure(peer: string, error: unknown): ConnectionFailedError {
  const code = systemCode(error) ?? '';
  if (/CERT|SIGNATURE|ISSUER|ALTNAME|SELF_SIGNED|CRL/.test(code)) {
    return new AuthenticationFailedError(
      `the certificate of ${peer} cannot be trusted: ${errorText(error)}`,
      advise(libvirtProblems, problemsOfCertificates[code] ?? 'tls-untrusted'),
      { cause: error },
    );
  }
  return tcpFailure(peer, error, 'libvirtd-tls.socket or virtproxyd-tls.socket');
}
