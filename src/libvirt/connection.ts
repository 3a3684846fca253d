import { once } from 'node:events';
import { Framer } from '../bytes/framer.ts';
import {
  advise,
  ConnectionFailedError,
  ConnectionLostError,
  errorText,
  NotAnsweringError,
  ProtocolError,
} from '../errors.ts';
import { virErrors } from '../libvirt-enums/error-code.ts';
import type { Logger } from '../log.ts';
import { endingAfter } from '../run/deadline.ts';
import { CallTimeoutError } from './call-errors.ts';
import { type CallOptions, CallTable, type Receiver } from './call-table.ts';
import { connectionClosedEvent, decodeEvent } from './event-decoder.ts';
import type { LibvirtEvent } from './events.ts';
import { openDriver } from './handshake.ts';
import { isNotSupported, isSpentConnection, LibvirtError } from './libvirt-error.ts';
import { Outbox } from './outbox.ts';
import { libvirtProblems } from './problems.ts';
import {
  connectClose,
  connectDomainEventCallbackRegisterAny,
  connectNetworkEventRegisterAny,
  connectStoragePoolEventRegisterAny,
} from './procedures.ts';
import {
  decodeHeader,
  frameRule,
  HEADER_OCTETS,
  keepaliveProcedures,
  type MessageHeader,
  messageStatus,
  messageTypes,
  PROTOCOL_VERSION,
  type Procedure,
  programs,
} from './protocol.ts';
import { defaultSaslSettings, type SaslSettings } from './sasl/credentials.ts';
import type { SecurityLayer } from './sasl/security-layer.ts';
import { commandFailure } from './transports/command.ts';
import { openTransport } from './transports/transport.ts';
import type { TransportStream } from './transports/transport-stream.ts';
import type { ConnectTarget } from './uri.ts';
import { XdrReader } from './xdr.ts';

export { CallCancelledError, CallTimeoutError } from './call-errors.ts';
export { type AcceptReply, type CallOptions, MAX_UNDER_WAY, type Receiver } from './call-table.ts';

export interface OpenOptions {
  readonly readOnly: boolean;
  readonly logger: Logger;
  /** For daemons that authenticate with SASL; by default libvirt's own files of credentials serve. */
  readonly sasl?: SaslSettings;
  readonly signal?: AbortSignal;
  /** For connecting, and again for each step of opening; a daemon that starts answers late. Default 30000. */
  readonly openTimeoutMs?: number;
  /** How often the daemon is asked for a sign of life; 0 is never. Default 5000. */
  readonly pingIntervalMs?: number;
  /**
   * After so many pings without any sign of life the connection is given up. By default six where a network
   * or a program is in between; never on a socket of this host, whose end the kernel tells.
   */
  readonly maxMissedPings?: number;
  /** Asked about each event before it is decoded; those that it refuses are dropped. */
  readonly admitEvent?: () => boolean;
}

const DEFAULT_OPEN_TIMEOUT_MS = 30_000;
const DEFAULT_PING_INTERVAL_MS = 5000;
const DEFAULT_MAX_MISSED_PINGS = 6;
const SUBSCRIBE_TIMEOUT_MS = 30_000;
const CLOSE_TIMEOUT_MS = 1000;
/** PINGs of the daemon are answered at this distance at least: it sends one every few seconds, if any. */
const PONG_GAP_MS = 100;
/**
 * Of events that are dropped, so many octets are read at once, and then none for a while: some 40,000 events a second,
 * which no daemon sends in earnest. Who sends more waits, and what the others send is read meanwhile.
 */
const DROPPED_OCTETS_AT_ONCE = 256 * 1024;
const DROPPING_PAUSE_MS = 50;
/** Kinds of events that are complained of when they cannot be decoded. */
const MAX_COMPLAINTS = 64;

/**
 * A connection to a libvirt daemon. Any number of calls can be made at once; a few of them are under way, the
 * others wait for their turn. Nothing ever blocks: a daemon or hypervisor that hangs costs a pending promise.
 */
export class LibvirtConnection {
  /** Resolves when the connection has ended: with the reason, or undefined after {@link close}. Never rejects. */
  readonly closed: Promise<ConnectionLostError | undefined>;
  readonly #transport: TransportStream;
  readonly #logger: Logger;
  readonly #admitEvent: () => boolean;
  readonly #framer = new Framer(frameRule);
  readonly #calls = new CallTable((procedure, args, serial) => this.#sendCall(procedure, args, serial));
  readonly #outbox: Outbox;
  readonly #listeners = new Set<(event: LibvirtEvent) => void>();
  readonly #silenceListeners = new Set<(silentMs: number | undefined) => void>();
  #resolveClosed: (error: ConnectionLostError | undefined) => void = () => {};
  #ended: ConnectionLostError | undefined;
  #closing: Promise<void> | undefined;
  #layer: SecurityLayer | undefined;
  #pingTimer: NodeJS.Timeout | undefined;
  #missedPings = 0;
  #pongMs = Number.NEGATIVE_INFINITY;
  #droppedOctets = 0;
  #pause: NodeJS.Timeout | undefined;
  /** Procedures that were answered with something else than an error. */
  readonly #answered = new Set<number>();
  /** Procedures of events that could not be decoded. */
  readonly #complaints = new Set<number>();

  private constructor(transport: TransportStream, logger: Logger, admitEvent: () => boolean) {
    this.#transport = transport;
    this.#logger = logger;
    this.#admitEvent = admitEvent;
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    const { stream } = transport;
    this.#outbox = new Outbox(
      (octets, done) => void stream.write(this.#layer?.seal(octets) ?? octets, done),
      transport.oneMessagePerWrite,
    );
    stream.once('end', () => this.#end(new ConnectionLostError(this.#endText('was closed by the daemon'))));
    stream.once('close', () => this.#end(new ConnectionLostError(this.#endText('was closed'))));
    stream.on('error', (error: Error) =>
      this.#end(new ConnectionLostError(this.#endText(`failed: ${error.message}`), { cause: error })),
    );
    transport.startReading((chunk) => this.#onData(chunk));
  }

  /**
   * Connects, authenticates and opens the driver. Never negotiates keepalive: a daemon whose workers are
   * stuck would then close the connection.
   *
   * @throws ConnectionFailedError with advice (a NotAnsweringError if the daemon says nothing), LibvirtError if it
   *   refuses, the signal's reason if it aborts.
   */
  static async open(target: ConnectTarget, options: OpenOptions): Promise<LibvirtConnection> {
    const timeoutMs = options.openTimeoutMs ?? DEFAULT_OPEN_TIMEOUT_MS;
    const transport = await connectInTime(target, timeoutMs, options.signal);
    const connection = new LibvirtConnection(
      transport,
      options.logger.child({ component: 'libvirt' }),
      options.admitEvent ?? (() => true),
    );
    const callOptions = { timeoutMs, ...(options.signal === undefined ? {} : { signal: options.signal }) };
    try {
      await openDriver((procedure, args) => connection.call(procedure, args, callOptions), {
        target,
        readOnly: options.readOnly,
        sasl: options.sasl ?? defaultSaslSettings,
        peer: transport.peer,
        protect: (layer) => connection.#protect(layer),
      });
    } catch (error) {
      connection.#end(new ConnectionLostError('the connection was never opened', { cause: error }));
      options.signal?.throwIfAborted();
      await transport.untilSilent?.();
      throw openFailure(error, target, transport, timeoutMs);
    }
    const local = target.transport.kind === 'unix';
    connection.#startPings(
      options.pingIntervalMs ?? DEFAULT_PING_INTERVAL_MS,
      options.maxMissedPings ?? (local ? Number.POSITIVE_INFINITY : DEFAULT_MAX_MISSED_PINGS),
    );
    return connection;
  }

  /** What was connected to, for messages: a socket's path, a host and port, a command. */
  get peer(): string {
    return this.#transport.peer;
  }

  /** Calls that were sent and not answered, those that timed out among them. */
  get callsUnderWay(): number {
    return this.#calls.underWay;
  }

  /** Calls that timed out or were cancelled and whose reply has not come yet: each occupies a worker of the daemon. */
  get unansweredCalls(): number {
    return this.#calls.abandoned;
  }

  /**
   * Makes one call.
   *
   * @throws LibvirtError if libvirt answers with one; {@link CallTimeoutError} or {@link CallCancelledError}
   *   if there was no answer in time; ProtocolError if the answer cannot be read; ConnectionLostError.
   */
  call<Args, Reply>(
    procedure: Procedure<Args, Reply>,
    args: Args,
    options: CallOptions = {},
  ): Promise<Reply> {
    return new Promise((resolve, reject) => {
      this.submit(procedure, args, options, { resolve, reject });
    });
  }

  /** The same as {@link call} for callers that make many calls at once and need no promise of each. */
  submit<Args, Reply>(
    procedure: Procedure<Args, Reply>,
    args: Args,
    options: CallOptions,
    receiver: Receiver<Reply>,
  ): void {
    if (this.#ended !== undefined || this.#closing !== undefined) {
      receiver.reject(this.#ended ?? new ConnectionLostError('the connection is being closed'));
      return;
    }
    this.#calls.start(procedure, args, options, receiver);
  }

  #sendCall<Args>(procedure: Procedure<Args, unknown>, args: Args, serial: number): void {
    const { program, number, encode } = procedure;
    this.#outbox.add(program, number, messageTypes.call, serial, encode, args);
  }

  /**
   * Asks for the events of one virDomainEventID of all domains. Returns false if this daemon does not know
   * it. All such subscriptions end with the connection.
   *
   * @throws as {@link call}
   */
  async subscribe(eventId: number): Promise<boolean> {
    return await this.#register(connectDomainEventCallbackRegisterAny, { eventId, domain: undefined });
  }

  /**
   * The same for a virNetworkEventID (0 is lifecycle) of all networks. Returns false also where there is no
   * network driver, or its daemon is away.
   */
  async subscribeNetworks(eventId: number): Promise<boolean> {
    return await this.#register(connectNetworkEventRegisterAny, { eventId, network: undefined });
  }

  /** The same for a virStoragePoolEventID (0 is lifecycle, 1 refresh) of all storage pools. */
  async subscribeStoragePools(eventId: number): Promise<boolean> {
    return await this.#register(connectStoragePoolEventRegisterAny, { eventId, pool: undefined });
  }

  /**
   * Calls the listener for every event, at once and in order; it must not take long. Returns a function
   * that removes it.
   */
  onEvent(listener: (event: LibvirtEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Calls the listener when the daemon gives no sign of life although it was asked for one, with the
   * milliseconds that it has been silent, and with undefined when it is heard again. Returns a function that
   * removes it.
   */
  onSilence(listener: (silentMs: number | undefined) => void): () => void {
    this.#silenceListeners.add(listener);
    return () => this.#silenceListeners.delete(listener);
  }

  /** Says goodbye if the daemon can hear it, and ends the connection. Calls in flight are rejected. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /**
   * As libvirt's own client does: says goodbye, also while calls are under way, and leaves it to the daemon to
   * close the socket. One that finds it closed logs an error.
   */
  async #close(): Promise<void> {
    if (this.#ended !== undefined) {
      return;
    }
    clearInterval(this.#pingTimer);
    const { stream } = this.#transport;
    const closed = new ConnectionLostError('the connection was closed');
    this.#calls.failWaiting(closed);
    try {
      await this.#sayGoodbye();
      if (!stream.readableEnded && !stream.destroyed) {
        await once(stream, 'end', { signal: AbortSignal.timeout(CLOSE_TIMEOUT_MS) });
      }
    } catch (error) {
      this.#logger.debug({ error: errorText(error) }, 'closing without an answer');
    }
    this.#end(closed);
  }

  async #sayGoodbye(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#calls.startLast(connectClose, undefined, CLOSE_TIMEOUT_MS, { resolve, reject });
    });
  }

  async #register<Args>(procedure: Procedure<Args, number>, args: Args): Promise<boolean> {
    try {
      await this.call(procedure, args, { timeoutMs: SUBSCRIBE_TIMEOUT_MS });
      return true;
    } catch (error) {
      if (isNotSupported(error) || isUnknownEvent(error)) {
        return false;
      }
      if (procedure.waitsFor !== 'nothing' && error instanceof LibvirtError) {
        this.#logger.debug(
          { procedure: procedure.name, error: errorText(error) },
          'no events of this driver',
        );
        return false;
      }
      throw error;
    }
  }

  /** The daemon has sent nothing since it was content, and sends nothing before it is asked. */
  #protect(layer: SecurityLayer): void {
    // What came in the clear behind the last reply must not be taken for the beginning of what is protected.
    if (!this.#framer.atBoundary)
      throw new ProtocolError('octets in the clear behind the last reply of SASL');
    this.#layer = layer;
    // As over TLS, a daemon reads one message of what it decrypts at once.
    this.#outbox.sendOneByOne();
  }

  #onData(chunk: Uint8Array): void {
    if (this.#missedPings > 1) this.#tellSilence(undefined);
    this.#missedPings = 0;
    try {
      if (this.#layer === undefined) this.#framer.push(chunk, this.#onFrame);
      else this.#layer.open(chunk, (octets) => this.#framer.push(octets, this.#onFrame));
    } catch (error) {
      this.#end(
        new ConnectionLostError(this.#endText(`is out of step: ${errorText(error)}`), { cause: error }),
      );
    }
  }

  readonly #onFrame = (frame: Uint8Array): void => {
    if (this.#ended !== undefined) {
      return;
    }
    const reader = new XdrReader(frame, HEADER_OCTETS);
    this.#onMessage(decodeHeader(frame, reader.view), reader);
  };

  #onMessage(header: MessageHeader, reader: XdrReader): void {
    if (header.program === programs.keepalive) {
      if (header.procedure === keepaliveProcedures.ping) this.#answerPing();
      return;
    }
    if (header.version !== PROTOCOL_VERSION) {
      throw new ProtocolError(
        `program ${header.program} has version ${header.version}, not ${PROTOCOL_VERSION}`,
      );
    }
    if (header.type === messageTypes.reply) {
      const error = this.#calls.reply(header, reader);
      if (header.status === messageStatus.ok) this.#answered.add(header.procedure);
      else if (isSpentConnection(error, this.#answered.has(header.procedure))) {
        this.#end(new ConnectionLostError(this.#endText('leads to a daemon that was restarted')));
      }
    } else if (header.type === messageTypes.message && header.program === programs.remote) {
      this.#onEventMessage(header, reader);
    } else {
      this.#logger.debug({ ...header }, 'message of a kind that is not used here');
    }
  }

  #onEventMessage(header: MessageHeader, reader: XdrReader): void {
    // The last event there is says so itself.
    if (header.procedure !== connectionClosedEvent && !this.#admitEvent()) {
      this.#dropped(reader.buffer.length);
      return;
    }
    let event: LibvirtEvent;
    try {
      event = decodeEvent(header.procedure, reader);
    } catch (error) {
      this.#complain(header.procedure, error);
      return;
    }
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch (error) {
        this.#logger.error({ event: event.type, error: errorText(error) }, 'event listener failed');
      }
    }
    if (event.type === 'connectionClosed') {
      this.#end(new ConnectionLostError(this.#endText('leads to a daemon that lost its hypervisor driver')));
    }
  }

  /** One that is wrong comes again and again. */
  #complain(procedure: number, error: unknown): void {
    const isNews = this.#complaints.size < MAX_COMPLAINTS && !this.#complaints.has(procedure);
    if (isNews) this.#complaints.add(procedure);
    this.#logger[isNews ? 'warn' : 'debug'](
      { procedure, error: errorText(error) },
      'event cannot be decoded',
    );
  }

  /** Reads no more for a moment where too much comes that is dropped. */
  #dropped(octets: number): void {
    this.#droppedOctets += octets;
    if (this.#droppedOctets < DROPPED_OCTETS_AT_ONCE || this.#pause !== undefined) return;
    this.#droppedOctets = 0;
    const { stream } = this.#transport;
    stream.pause();
    this.#pause = setTimeout(() => {
      this.#pause = undefined;
      if (this.#ended === undefined) stream.resume();
    }, DROPPING_PAUSE_MS);
  }

  /** A daemon that sends PINGs all the time and reads nothing would have PONGs pile up here. */
  #answerPing(): void {
    const nowMs = performance.now();
    if (nowMs - this.#pongMs < PONG_GAP_MS) return;
    this.#pongMs = nowMs;
    this.#sendKeepalive(keepaliveProcedures.pong);
  }

  #sendKeepalive(procedure: number): void {
    this.#outbox.add(programs.keepalive, procedure, messageTypes.message, 0, () => undefined, undefined);
  }

  /** Few enough calls are under way for the daemon to read on, so that it answers a ping whatever hangs. */
  #startPings(intervalMs: number, maxMissed: number): void {
    if (intervalMs <= 0 || this.#ended !== undefined) {
      return;
    }
    this.#pingTimer = setInterval(() => {
      if (this.#missedPings >= maxMissed) {
        this.#end(
          new ConnectionLostError(this.#endText(`gave no sign of life for ${intervalMs * maxMissed} ms`)),
        );
        return;
      }
      if (this.#missedPings === 1) this.#tellSilence(intervalMs);
      this.#missedPings += 1;
      // One unanswered ping says it all: more would only fill the socket.
      if (this.#missedPings === 1) this.#sendKeepalive(keepaliveProcedures.ping);
    }, intervalMs);
    this.#pingTimer.unref();
  }

  #tellSilence(silentMs: number | undefined): void {
    for (const listener of this.#silenceListeners) listener(silentMs);
  }

  #endText(what: string): string {
    const words = this.#transport.lastWords();
    return `connection to ${this.#transport.peer} ${what}${words === undefined ? '' : `: ${words}`}`;
  }

  #end(error: ConnectionLostError): void {
    if (this.#ended !== undefined) {
      return;
    }
    this.#ended = error;
    clearInterval(this.#pingTimer);
    clearTimeout(this.#pause);
    this.#outbox.close();
    this.#transport.stream.destroy();
    this.#calls.failAll(error);
    this.#resolveClosed(this.#closing === undefined ? error : undefined);
  }
}

/** libvirt answers "unsupported event ID" with an internal error, newer versions with an invalid argument. */
function isUnknownEvent(error: unknown): boolean {
  return (
    error instanceof LibvirtError &&
    (error.virCode === virErrors.internal || error.virCode === virErrors.invalidArg)
  );
}

async function connectInTime(
  target: ConnectTarget,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<TransportStream> {
  const tooLong = (): Error =>
    new ConnectionFailedError(
      `${target.uri} could not be connected to within ${timeoutMs} ms`,
      advise(libvirtProblems, 'libvirt-host-silent'),
    );
  return await endingAfter(timeoutMs, tooLong, (ending) => openTransport(target.transport, ending), signal);
}

/** Why a connection that was made could not be opened. */
function openFailure(error: unknown, target: ConnectTarget, transport: TransportStream, timeoutMs: number) {
  const { peer } = transport;
  const isCommand = target.transport.kind === 'command';
  const options = { cause: error };
  if (error instanceof CallTimeoutError) {
    const waited = `for ${Math.round(timeoutMs / 1000)} s`;
    return isCommand
      ? new NotAnsweringError(
          `nothing has come back from ${peer} ${waited}`,
          advise(libvirtProblems, 'ssh-silent'),
          options,
        )
      : new NotAnsweringError(
          `${peer} takes connections, but the daemon has not answered ${waited}`,
          advise(libvirtProblems, 'libvirt-hangs'),
          options,
        );
  }
  if (!(error instanceof ConnectionLostError)) return error;
  return isCommand
    ? commandFailure(peer, transport.lastWords(), options)
    : new ConnectionFailedError(error.message, advise(libvirtProblems, 'libvirt-closed'), options);
}
