import { chmod, rm, stat } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import { connect, Server as NetServer, type Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { errorText } from '../errors.ts';
import type { Logger } from '../log.ts';
import { within } from '../run/deadline.ts';
import { formatHost, formatHttpAddress, type HttpAddress } from './http-address.ts';
import type { HttpOptions } from './http-options.ts';
import { OpenAnswers } from './open-answers.ts';
import { type LoadedContext, secureContext } from './secure-context.ts';

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
/** Connections that wait to be accepted at most; the kernel may have fewer. */
const backlog = 511;
/** Turns of the loop without a new connection that say that there is none: the first one may have looked already. */
const quietTurns = 2;
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
  readonly #answers: OpenAnswers;
  readonly #logger: Logger;
  readonly #connections = new Set<Socket>();
  /** Connections so far, those included that were closed at once. */
  #accepted = 0;
  #options: ListenerOptions;
  #handler: RequestListener;
  #certificates: NodeJS.Timeout | undefined;
  #loaded = '';
  /** Resolves when it listens no more; undefined until it is told so. */
  #stopped: Promise<void> | undefined;
  /** Resolves when its last connection has ended, too. */
  #closed: Promise<void> | undefined;
  /** Answers that are put off for a moment. */
  #held: (() => void)[] | undefined;

  private constructor(
    options: ListenerOptions,
    handler: RequestListener,
    logger: Logger,
    loaded?: LoadedContext,
  ) {
    this.#options = options;
    this.#handler = handler;
    this.#logger = logger;
    this.#answers = new OpenAnswers(options.sendTimeout * 1000);
    const limited: RequestListener = (request, response) => {
      if (!this.#answers.add(request, response)) return;
      const answer = (): void => this.#handler(request, response);
      if (this.#held === undefined) answer();
      else this.#held.push(answer);
    };
    this.#server = makeServer(options, limited, loaded);
    this.#server.maxConnections = options.maxConnections;
    // Those that have yet to say something are among these, and those in the middle of a handshake.
    this.#server.on('drop', () => {
      this.#accepted += 1;
    });
    this.#server.on('connection', (socket: Socket) => {
      this.#accepted += 1;
      this.#connections.add(socket);
      socket.once('close', () => this.#connections.delete(socket));
    });
    // A client that speaks no TLS, or goes away, is its own problem.
    this.#server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) =>
      refuse(socket, error.code),
    );
    if (loaded !== undefined) this.#followCertificates(loaded.text);
  }

  /**
   * Listens.
   *
   * @param before what has listened until now: where both cannot listen at a time, it stops when this one begins.
   * @throws if the address or the certificate cannot be used.
   */
  static async open(
    options: ListenerOptions,
    handler: RequestListener,
    logger: Logger,
    before?: Listener,
  ): Promise<Listener> {
    const loaded = options.certificate === '' ? undefined : await secureContext(options);
    const listener = new Listener(options, handler, logger, loaded);
    const { address } = options;
    try {
      if (before !== undefined && excludes(before.#options.address, address)) await before.#stopListening();
      else if (address.kind === 'unix') await removeStale(address.path);
      await listen(listener.#server, address);
    } catch (error) {
      clearInterval(listener.#certificates);
      throw error;
    }
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

  /** Whether this can be served without listening anew. */
  fits({ address, certificate, clientCa }: ListenerOptions): boolean {
    const own = this.#options;
    return (
      this.#stopped === undefined &&
      isSameAddress(own.address, address) &&
      (own.certificate === '') === (certificate === '') &&
      (own.clientCa === '') === (clientCa === '')
    );
  }

  /**
   * Serves something else from now on, under settings that {@link fits} agrees to. What is being answered goes on.
   *
   * @throws if the certificate cannot be used.
   */
  async adopt(options: ListenerOptions, handler: RequestListener): Promise<void> {
    if (options.certificate !== '' && 'setSecureContext' in this.#server) {
      const { options: context, text } = await secureContext(options);
      if (text !== this.#loaded) this.#server.setSecureContext(context);
      this.#loaded = text;
    }
    this.#options = options;
    this.#handler = handler;
    this.#server.maxConnections = options.maxConnections;
    this.#answers.sendTimeoutMs = options.sendTimeout * 1000;
  }

  /**
   * Listens no more. What is being answered is finished, and every connection ends once it has its answers.
   *
   * @param graceMs what has not ended by then is ended; without it there is the time that an answer may take.
   */
  async close(graceMs = this.#options.sendTimeout * 1000 + requestTimeoutMs): Promise<void> {
    clearInterval(this.#certificates);
    await this.#stopListening();
    this.#answers.finish();
    if (this.#closed !== undefined) await within(graceMs, this.#closed);
    for (const socket of this.#connections) socket.destroy();
    await this.#closed;
    // Node looks for connections whose time is over until it is told as well.
    this.#server.close();
  }

  #stopListening(): Promise<void> {
    this.#stopped ??= this.#acceptAndClose();
    return this.#stopped;
  }

  /**
   * Those who have connected, and wait to be accepted, would be told that nobody is there any more. Node accepts one in
   * each turn of its loop. What they ask is put off, so that the turns are short and nobody comes again meanwhile.
   */
  async #acceptAndClose(): Promise<void> {
    const held: (() => void)[] = [];
    this.#held = held;
    for (let quiet = 0, turn = 0; quiet < quietTurns && turn < backlog; turn++) {
      const before = this.#accepted;
      await setImmediate();
      quiet = this.#accepted === before ? quiet + 1 : 0;
    }
    // Node's own close() of an HTTP server also ends connections whose answers are still on their way.
    this.#closed = new Promise<void>((resolve) =>
      NetServer.prototype.close.call(this.#server, () => resolve()),
    );
    this.#held = undefined;
    // A successor listens first.
    void setImmediate().then(() => {
      for (const answer of held) answer();
    });
  }

  #followCertificates(text: string): void {
    this.#loaded = text;
    this.#certificates = setInterval(() => void this.#lookAgain(), lookAgainMs);
    this.#certificates.unref();
  }

  async #lookAgain(): Promise<void> {
    const server = this.#server;
    if (!('setSecureContext' in server)) return;
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

function makeServer(
  { clientCa }: ListenerOptions,
  handler: RequestListener,
  loaded: LoadedContext | undefined,
): Server | TlsServer {
  const common = {
    maxHeaderSize: maxHeaderBytes,
    headersTimeout: headersTimeoutMs,
    requestTimeout: requestTimeoutMs,
    keepAliveTimeout: keepAliveMs,
    connectionsCheckingInterval: checkEveryMs,
    highWaterMark: 64 * 1024,
  };
  const server =
    loaded === undefined
      ? createServer(common, handler)
      : createTlsServer(
          {
            ...common,
            ...loaded.options,
            handshakeTimeout: headersTimeoutMs,
            minVersion: 'TLSv1.2',
            requestCert: clientCa !== '',
            rejectUnauthorized: clientCa !== '',
          },
          handler,
        );
  server.maxHeadersCount = maxHeaders;
  server.maxRequestsPerSocket = maxRequestsPerSocket;
  return server;
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

function isSameAddress(one: HttpAddress, other: HttpAddress): boolean {
  return formatHttpAddress(one) === formatHttpAddress(other);
}

/** Whether only one of the two can be listened at: a port of all addresses is one of each. */
function excludes(one: HttpAddress, other: HttpAddress): boolean {
  if (one.kind === 'tcp' && other.kind === 'tcp') return one.port === other.port;
  return isSameAddress(one, other);
}

async function listen(server: Server | TlsServer, address: HttpAddress): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    const onListening = (): void => {
      server.off('error', reject);
      resolve();
    };
    if (address.kind === 'unix') server.listen({ path: address.path, backlog }, onListening);
    else server.listen({ host: address.host, port: address.port, backlog, exclusive: true }, onListening);
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
