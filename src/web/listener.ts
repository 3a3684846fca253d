import { chmod, rm, stat } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import { connect, type Socket } from 'node:net';
import type { SecureContextOptions } from 'node:tls';
import { errorText } from '../errors.ts';
import type { Logger } from '../log.ts';
import { readSmallFile } from '../run/small-file.ts';
import { formatHost, formatHttpAddress, type HttpAddress } from './http-address.ts';
import type { HttpOptions } from './http-options.ts';
import { OpenAnswers } from './open-answers.ts';

/** Octets of a request's line and headers; 431 is answered to more. */
const maxHeaderBytes = 8 * 1024;
const maxHeaders = 64;
const headersTimeoutMs = 5000;
const requestTimeoutMs = 10_000;
const keepAliveMs = 10_000;
/** A client that was refused has so many milliseconds to close the connection. */
const refusedMs = 1000;
/** How often Node looks for connections whose time is over. */
const checkEveryMs = 1000;
/** How often certificates are looked at. */
const lookAgainMs = 10_000;
/** Requests of one connection. */
const maxRequestsPerSocket = 10_000;

/** Those who belong to the socket's group may connect, as with snmpd's. */
const socketMode = 0o660;

export interface ListenerOptions extends HttpOptions {
  readonly address: HttpAddress;
}

/**
 * An HTTP server whose clients can hold no more than is named here: connections, headers, time. Without TLS where no
 * certificate is configured.
 */
export class Listener {
  readonly #server: Server | TlsServer;
  readonly #options: ListenerOptions;
  readonly #logger: Logger;
  #certificates: NodeJS.Timeout | undefined;
  #loaded = '';

  private constructor(server: Server | TlsServer, options: ListenerOptions, logger: Logger) {
    this.#server = server;
    this.#options = options;
    this.#logger = logger;
  }

  /**
   * Listens.
   *
   * @throws if the address or the certificate cannot be used.
   */
  static async open(options: ListenerOptions, handler: RequestListener, logger: Logger): Promise<Listener> {
    const answers = new OpenAnswers(options.sendTimeout * 1000);
    const limited: RequestListener = (request, response) => {
      if (answers.add(request, response)) handler(request, response);
    };
    const common = {
      maxHeaderSize: maxHeaderBytes,
      headersTimeout: headersTimeoutMs,
      requestTimeout: requestTimeoutMs,
      keepAliveTimeout: keepAliveMs,
      connectionsCheckingInterval: checkEveryMs,
      highWaterMark: 64 * 1024,
    };
    const isTls = options.certificate !== '';
    const context = isTls ? await secureContext(options) : undefined;
    const server =
      context === undefined
        ? createServer(common, limited)
        : createTlsServer(
            {
              ...common,
              ...context.options,
              handshakeTimeout: headersTimeoutMs,
              minVersion: 'TLSv1.2',
              requestCert: options.clientCa !== '',
              rejectUnauthorized: options.clientCa !== '',
            },
            limited,
          );
    server.maxHeadersCount = maxHeaders;
    server.maxRequestsPerSocket = maxRequestsPerSocket;
    server.maxConnections = options.maxConnections;
    const listener = new Listener(server, options, logger);
    // A client that speaks no TLS, or goes away, is its own problem.
    server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => refuse(socket, error.code));
    await listen(server, options.address);
    if (context !== undefined && 'setSecureContext' in server)
      listener.#followCertificates(server, context.text);
    return listener;
  }

  /** Where it listens, for people and their browsers. */
  get url(): string {
    const { address, certificate } = this.#options;
    if (address.kind === 'unix') return formatHttpAddress(address);
    const at = this.#server.address();
    const port = typeof at === 'object' && at !== null ? at.port : address.port;
    return `${certificate === '' ? 'http' : 'https'}://${formatHost(address.host)}:${port}/`;
  }

  /** Ends every connection. */
  async close(): Promise<void> {
    clearInterval(this.#certificates);
    const { address } = this.#options;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
    if (address.kind === 'unix') await rm(address.path, { force: true });
  }

  #followCertificates(server: TlsServer, text: string): void {
    this.#loaded = text;
    this.#certificates = setInterval(() => void this.#lookAgain(server), lookAgainMs);
    this.#certificates.unref();
  }

  async #lookAgain(server: TlsServer): Promise<void> {
    try {
      const context = await secureContext(this.#options);
      if (context.text === this.#loaded) return;
      server.setSecureContext(context.options);
      this.#loaded = context.text;
      this.#logger.info({ certificate: this.#options.certificate }, 'certificate read again');
    } catch (error) {
      this.#logger.warn(
        { certificate: this.#options.certificate, error: errorText(error) },
        'the certificate cannot be read again; the last one stays in force',
      );
    }
  }
}

interface LoadedContext {
  readonly options: SecureContextOptions;
  /** To tell one from another. */
  readonly text: string;
}

async function secureContext({ certificate, privateKey, clientCa }: HttpOptions): Promise<LoadedContext> {
  const read = async (setting: string, path: string): Promise<string> => {
    try {
      return await readSmallFile(path);
    } catch (error) {
      throw new Error(`http.${setting}: ${path} cannot be read (${errorText(error)})`, { cause: error });
    }
  };
  const cert = await read('certificate', certificate);
  const key = await read('private_key', privateKey);
  const ca = clientCa === '' ? undefined : await read('client_ca', clientCa);
  return { options: { cert, key, ...(ca === undefined ? {} : { ca }) }, text: `${cert}${key}${ca ?? ''}` };
}

/** What is answered to requests that Node cannot read, by its code for what is wrong; 400 to all others. */
const refusals: ReadonlyMap<string | undefined, string> = new Map([
  ['HPE_HEADER_OVERFLOW', '431 Request Header Fields Too Large'],
  ['ERR_HTTP_REQUEST_TIMEOUT', '408 Request Timeout'],
]);

function refuse(socket: Socket, code: string | undefined): void {
  const status = refusals.get(code) ?? '400 Bad Request';
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`);
  // A client that does not close its side would keep the connection, and its place among all, for ever.
  const timer = setTimeout(() => socket.destroy(), refusedMs);
  socket.once('close', () => clearTimeout(timer));
}

async function listen(server: Server | TlsServer, address: HttpAddress): Promise<void> {
  if (address.kind === 'unix') await removeStale(address.path);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    const onListening = (): void => {
      server.off('error', reject);
      resolve();
    };
    if (address.kind === 'unix') server.listen(address.path, onListening);
    else server.listen({ host: address.host, port: address.port, exclusive: true }, onListening);
  });
  if (address.kind === 'unix') await chmod(address.path, socketMode);
}

/** Removes the socket of a server that is no more. One that answers stays, and listening fails. */
async function removeStale(path: string): Promise<void> {
  const known = await stat(path).catch(() => undefined);
  if (known === undefined || !known.isSocket()) return;
  const answers = await new Promise<boolean>((resolve) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
  if (!answers) await rm(path, { force: true });
}
