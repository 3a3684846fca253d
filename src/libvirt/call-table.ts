import { type ConnectionLostError, DaemonError, errorText, ProtocolError } from '../errors.ts';
import { CallCancelledError, CallTimeoutError } from './call-errors.ts';
import { DeadlineTimer } from './deadline-timer.ts';
import { decodeLibvirtError, LibvirtError } from './libvirt-error.ts';
import { type MessageHeader, messageStatus, type Procedure, type WaitsFor } from './protocol.ts';
import type { XdrReader } from './xdr.ts';

export interface CallOptions {
  /** After this many milliseconds the call is rejected with {@link CallTimeoutError}; default never. */
  readonly timeoutMs?: number;
  /** When that is, by `performance.now()`, if it counts from a moment before the call. */
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
  /** Given an answer's octets before it is decoded; what this throws is what becomes of the call. */
  readonly accept?: AcceptReply | undefined;
}

export type AcceptReply = (
  procedure: { readonly name: string; readonly number: number },
  args: unknown,
  octets: number,
) => void;

/**
 * Calls under way at a time. A daemon reads max_client_requests of a connection, five by default, logs a
 * warning about more, and then does not read PONGs and PINGs either; the fifth is for the goodbye.
 */
export const MAX_UNDER_WAY = 4;

/** Who waits for a reply; exactly one of the two is called, once. */
export interface Receiver<Reply> {
  resolve(reply: Reply): void;
  reject(error: Error): void;
}

/** A call without a reply so far. */
class PendingCall<Args, Reply> {
  readonly procedure: Procedure<Args, Reply>;
  readonly args: Args;
  readonly options: CallOptions;
  /** When it is given up, by `performance.now()`. */
  readonly deadlineMs: number;
  /** Stops listening to the caller's signal. */
  unlisten: (() => void) | undefined;
  /** Nobody any more once the caller was told that there is no answer. */
  #receiver: Receiver<Reply> | undefined;
  #markAnswered: (() => void) | undefined;

  constructor(
    procedure: Procedure<Args, Reply>,
    args: Args,
    options: CallOptions,
    receiver: Receiver<Reply>,
    deadlineMs: number,
  ) {
    this.procedure = procedure;
    this.args = args;
    this.options = options;
    this.deadlineMs = deadlineMs;
    this.#receiver = receiver;
  }

  /** Whether the caller was told already and only the daemon's answer is missing. */
  get abandoned(): boolean {
    return this.#receiver === undefined;
  }

  /** Tells the caller that there is no answer; the error has a promise of the answer that comes too late. */
  abandon(makeError: (answered: Promise<void>) => Error): void {
    const receiver = this.#release();
    const answered = new Promise<void>((resolve) => {
      this.#markAnswered = resolve;
    });
    receiver?.reject(makeError(answered));
  }

  /** Returns libvirt's error if that is the reply. */
  reply(header: MessageHeader, reader: XdrReader): LibvirtError | undefined {
    const receiver = this.#release();
    this.#markAnswered?.();
    if (receiver === undefined && header.status === messageStatus.ok) return undefined;
    let reply: Reply;
    try {
      if (header.status === messageStatus.ok) {
        this.options.accept?.(this.procedure, this.args, reader.buffer.length);
      }
      reply = decodeReply(this.procedure, header, reader);
    } catch (error) {
      receiver?.reject(asDaemonError(error));
      return error instanceof LibvirtError ? error : undefined;
    }
    receiver?.resolve(reply);
    return undefined;
  }

  /** It was never sent. */
  refuse(error: Error): void {
    this.#release()?.reject(error);
  }

  lost(error: ConnectionLostError): void {
    const receiver = this.#release();
    this.#markAnswered?.();
    receiver?.reject(error);
  }

  #release(): Receiver<Reply> | undefined {
    const receiver = this.#receiver;
    this.#receiver = undefined;
    this.unlisten?.();
    return receiver;
  }
}

/** A call knows the types of its own arguments and reply. */
// biome-ignore lint/suspicious/noExplicitAny: they differ from call to call.
type AnyCall = PendingCall<any, any>;

/** Sends a call. Throws if its arguments cannot be encoded: nothing is sent then. */
export type SendCall = <Args>(procedure: Procedure<Args, unknown>, args: Args, serial: number) => void;

/**
 * The calls of a connection whose reply has not come, by serial, and those that wait for their turn: a few
 * are under way at a time, and of those that another driver than the hypervisor's answers one. The daemon may
 * pass these on to another daemon, and a modular one breaks if a client's first two of them come at once.
 * Replies come in any order. A call that timed out or was cancelled stays until its reply has come, because
 * until then it occupies the daemon.
 */
export class CallTable {
  readonly #sendCall: SendCall;
  readonly #calls = new Map<number, AnyCall>();
  /** Those that were not sent yet. */
  readonly #waiting = new Set<AnyCall>();
  readonly #deadlines = new DeadlineTimer(() => this.#giveUpLate());
  #lastSerial = 0;
  #abandoned = 0;

  constructor(sendCall: SendCall) {
    this.#sendCall = sendCall;
  }

  /** Calls that were sent and not answered. */
  get underWay(): number {
    return this.#calls.size;
  }

  /** Calls the daemon has not answered and nobody waits for. */
  get abandoned(): number {
    return this.#abandoned;
  }

  /** Takes a call and sends it when it is its turn; the receiver is told the outcome. */
  start<Args, Reply>(
    procedure: Procedure<Args, Reply>,
    args: Args,
    options: CallOptions,
    receiver: Receiver<Reply>,
  ): void {
    const { signal, timeoutMs } = options;
    if (signal?.aborted) {
      receiver.reject(new CallCancelledError(procedure.name, Promise.resolve(), { cause: signal.reason }));
      return;
    }
    const deadlineMs =
      timeoutMs === undefined
        ? Number.POSITIVE_INFINITY
        : (options.deadlineMs ?? performance.now() + timeoutMs);
    const call = new PendingCall(procedure, args, options, receiver, deadlineMs);
    if (timeoutMs !== undefined) this.#deadlines.wakeAt(deadlineMs);
    if (signal !== undefined) this.#listen(call, signal);
    if (this.#waiting.size === 0 && this.#isItsTurn(call)) {
      this.#send(call);
      return;
    }
    this.#waiting.add(call);
    this.#sendNext();
  }

  /** The same for the last call of a connection, which waits for no other. */
  startLast<Args, Reply>(
    procedure: Procedure<Args, Reply>,
    args: Args,
    timeoutMs: number,
    receiver: Receiver<Reply>,
  ): void {
    const deadlineMs = performance.now() + timeoutMs;
    this.#deadlines.wakeAt(deadlineMs);
    this.#send(new PendingCall(procedure, args, { timeoutMs }, receiver, deadlineMs));
  }

  /**
   * Hands a reply to its call. Returns libvirt's error if that is the reply.
   *
   * @param reader - of the message, behind its header.
   * @throws ProtocolError if there is no such call: the peer is out of step and the connection must end.
   */
  reply(header: MessageHeader, reader: XdrReader): LibvirtError | undefined {
    const call = this.#calls.get(header.serial);
    if (
      call === undefined ||
      call.procedure.number !== header.procedure ||
      call.procedure.program !== header.program
    ) {
      throw new ProtocolError(
        `reply with serial ${header.serial} to procedure ${header.procedure}, which was not called`,
      );
    }
    this.#remove(header.serial, call);
    const error = call.reply(header, reader);
    this.#sendNext();
    return error;
  }

  /** Rejects the calls that were not sent. */
  failWaiting(error: ConnectionLostError): void {
    for (const call of this.#waiting) call.lost(error);
    this.#waiting.clear();
  }

  /** Rejects all calls; none of them will be answered. */
  failAll(error: ConnectionLostError): void {
    this.#deadlines.stop();
    this.failWaiting(error);
    for (const [serial, call] of this.#calls) {
      this.#remove(serial, call);
      call.lost(error);
    }
  }

  #isItsTurn(call: AnyCall): boolean {
    if (this.#calls.size >= MAX_UNDER_WAY) return false;
    const { waitsFor } = call.procedure;
    if (!isOtherDriver(waitsFor)) return true;
    for (const { procedure } of this.#calls.values()) if (procedure.waitsFor === waitsFor) return false;
    return true;
  }

  #sendNext(): void {
    if (this.#waiting.size === 0) return;
    for (const call of this.#waiting) {
      if (this.#calls.size >= MAX_UNDER_WAY) return;
      if (!this.#isItsTurn(call)) continue;
      this.#waiting.delete(call);
      this.#send(call);
    }
  }

  #send(call: AnyCall): void {
    const serial = this.#freeSerial();
    try {
      this.#sendCall(call.procedure, call.args, serial);
    } catch (error) {
      call.refuse(asDaemonError(error));
      return;
    }
    this.#calls.set(serial, call);
  }

  #listen(call: AnyCall, signal: AbortSignal): void {
    const onAbort = (): void => {
      this.#abandon(
        call,
        (answered) => new CallCancelledError(call.procedure.name, answered, { cause: signal.reason }),
      );
    };
    signal.addEventListener('abort', onAbort, { once: true });
    call.unlisten = () => signal.removeEventListener('abort', onAbort);
  }

  #giveUpLate(): void {
    const nowMs = performance.now();
    let nextMs = Number.POSITIVE_INFINITY;
    const look = (call: AnyCall): void => {
      if (call.abandoned) return;
      const { deadlineMs, options, procedure } = call;
      if (deadlineMs > nowMs) nextMs = Math.min(nextMs, deadlineMs);
      else {
        this.#abandon(
          call,
          (answered) => new CallTimeoutError(procedure.name, options.timeoutMs ?? 0, answered),
        );
      }
    };
    for (const call of this.#calls.values()) look(call);
    for (const call of this.#waiting) look(call);
    this.#deadlines.wakeAt(nextMs);
  }

  /** Tells the caller that there is no answer. A call that was never sent is over with that. */
  #abandon(call: AnyCall, makeError: (answered: Promise<void>) => Error): void {
    if (this.#waiting.delete(call)) {
      call.refuse(makeError(Promise.resolve()));
      return;
    }
    this.#abandoned += 1;
    call.abandon(makeError);
  }

  #remove(serial: number, call: AnyCall): void {
    this.#calls.delete(serial);
    if (call.abandoned) {
      this.#abandoned -= 1;
    }
  }

  /** Serial 0 is for events; a serial still in use after 2^32 calls is skipped. */
  #freeSerial(): number {
    do {
      this.#lastSerial = this.#lastSerial >= 0xffff_ffff ? 1 : this.#lastSerial + 1;
    } while (this.#calls.has(this.#lastSerial));
    return this.#lastSerial;
  }
}

/** Another driver than the hypervisor's, which a modular daemon asks another daemon for. */
function isOtherDriver(waitsFor: WaitsFor): boolean {
  return waitsFor === 'storage' || waitsFor === 'network';
}

/** @throws LibvirtError if that is the reply; ProtocolError if the reply cannot be decoded. */
function decodeReply<Args, Reply>(
  procedure: Procedure<Args, Reply>,
  header: MessageHeader,
  reader: XdrReader,
): Reply {
  if (header.status === messageStatus.error) {
    throw decodeLibvirtError(reader, procedure.name);
  }
  if (header.status !== messageStatus.ok) {
    throw new ProtocolError(`reply to ${procedure.name} has status ${header.status}`);
  }
  try {
    const reply = procedure.decode(reader);
    reader.expectEnd();
    return reply;
  } catch (error) {
    throw new ProtocolError(`reply to ${procedure.name} cannot be decoded: ${errorText(error)}`, {
      cause: error,
    });
  }
}

function asDaemonError(error: unknown): Error {
  return error instanceof DaemonError || error instanceof Error ? error : new ProtocolError(errorText(error));
}
