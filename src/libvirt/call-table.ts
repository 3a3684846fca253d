import { type ConnectionLostError, DaemonError, errorText, ProtocolError } from '../errors.ts';
import { CallCancelledError, CallTimeoutError } from './call-errors.ts';
import { DeadlineTimer } from './deadline-timer.ts';
import { decodeLibvirtError } from './libvirt-error.ts';
import { type MessageHeader, messageStatus, type Procedure } from './protocol.ts';
import type { XdrReader } from './xdr.ts';

export interface CallOptions {
  /** After this many milliseconds the call is rejected with {@link CallTimeoutError}; default never. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** Who waits for a reply; exactly one of the two is called, once. */
export interface Receiver<Reply> {
  resolve(reply: Reply): void;
  reject(error: Error): void;
}

/** A call without a reply so far. */
class PendingCall<Args, Reply> {
  readonly procedure: Procedure<Args, Reply>;
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
    options: CallOptions,
    receiver: Receiver<Reply>,
    deadlineMs: number,
  ) {
    this.procedure = procedure;
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

  reply(header: MessageHeader, reader: XdrReader): void {
    const receiver = this.#release();
    this.#markAnswered?.();
    if (receiver === undefined) return;
    let reply: Reply;
    try {
      reply = decodeReply(this.procedure, header, reader);
    } catch (error) {
      receiver.reject(asDaemonError(error));
      return;
    }
    receiver.resolve(reply);
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

/**
 * The calls of a connection whose reply has not come, by serial. Replies come in any order. A call that
 * timed out or was cancelled stays until its reply has come, because until then it occupies the daemon.
 */
export class CallTable {
  readonly #calls = new Map<number, AnyCall>();
  readonly #deadlines = new DeadlineTimer(() => this.#giveUpLate());
  #lastSerial = 0;
  #abandoned = 0;

  /** All calls the daemon has not answered. */
  get size(): number {
    return this.#calls.size;
  }

  /** Calls the daemon has not answered and nobody waits for. */
  get abandoned(): number {
    return this.#abandoned;
  }

  /** Makes an entry and sends the call through `send`; the receiver is told the outcome. */
  start<Args, Reply>(
    procedure: Procedure<Args, Reply>,
    options: CallOptions,
    receiver: Receiver<Reply>,
    send: (serial: number) => void,
  ): void {
    const { signal, timeoutMs } = options;
    if (signal?.aborted) {
      receiver.reject(new CallCancelledError(procedure.name, Promise.resolve(), { cause: signal.reason }));
      return;
    }
    const serial = this.#freeSerial();
    try {
      send(serial);
    } catch (error) {
      receiver.reject(asDaemonError(error));
      return;
    }
    const deadlineMs = timeoutMs === undefined ? Number.POSITIVE_INFINITY : performance.now() + timeoutMs;
    const call = new PendingCall(procedure, options, receiver, deadlineMs);
    this.#calls.set(serial, call);
    if (timeoutMs !== undefined) this.#deadlines.wakeAt(deadlineMs);
    if (signal !== undefined) this.#listen(call, signal);
  }

  /**
   * Hands a reply to its call.
   *
   * @param reader - of the message, behind its header.
   * @throws ProtocolError if there is no such call: the peer is out of step and the connection must end.
   */
  reply(header: MessageHeader, reader: XdrReader): void {
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
    call.reply(header, reader);
  }

  /** Rejects all calls; none of them will be answered. */
  failAll(error: ConnectionLostError): void {
    this.#deadlines.stop();
    for (const [serial, call] of this.#calls) {
      this.#remove(serial, call);
      call.lost(error);
    }
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
    for (const call of this.#calls.values()) {
      if (call.abandoned) continue;
      const { deadlineMs, options, procedure } = call;
      if (deadlineMs > nowMs) nextMs = Math.min(nextMs, deadlineMs);
      else {
        this.#abandon(
          call,
          (answered) => new CallTimeoutError(procedure.name, options.timeoutMs ?? 0, answered),
        );
      }
    }
    this.#deadlines.wakeAt(nextMs);
  }

  #abandon(call: AnyCall, makeError: (answered: Promise<void>) => Error): void {
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
