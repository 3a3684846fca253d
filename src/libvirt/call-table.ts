import { type ConnectionLostError, DaemonError, errorText, ProtocolError } from '../errors.ts';
import { CallCancelledError, CallTimeoutError } from './call-errors.ts';
import { decodeLibvirtError } from './libvirt-error.ts';
import { HEADER_OCTETS, type MessageHeader, messageStatus, type Procedure } from './protocol.ts';
import { XdrReader } from './xdr.ts';

export interface CallOptions {
  /** After this many milliseconds the call is rejected with {@link CallTimeoutError}; default never. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

interface PendingCall {
  readonly program: number;
  readonly procedure: number;
  /** Whether the caller was told already and only the daemon's answer is missing. */
  abandoned: boolean;
  readonly onReply: (header: MessageHeader, frame: Uint8Array) => void;
  readonly onLost: (error: ConnectionLostError) => void;
}

/**
 * The calls of a connection whose reply has not come, by serial. Replies come in any order. A call that
 * timed out or was cancelled stays until its reply has come, because until then it occupies the daemon.
 */
export class CallTable {
  readonly #calls = new Map<number, PendingCall>();
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

  /** Makes an entry, sends the call through `send`, and returns the reply to come. */
  start<Args, Reply>(
    procedure: Procedure<Args, Reply>,
    options: CallOptions,
    send: (serial: number) => void,
  ): Promise<Reply> {
    const { signal, timeoutMs } = options;
    if (signal?.aborted) {
      return Promise.reject(
        new CallCancelledError(procedure.name, Promise.resolve(), { cause: signal.reason }),
      );
    }
    return new Promise<Reply>((resolve, reject) => {
      const serial = this.#freeSerial();
      let timer: NodeJS.Timeout | undefined;
      let markAnswered = (): void => {};
      const stopWaiting = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
      };
      const abandon = (makeError: (answered: Promise<void>) => Error): void => {
        stopWaiting();
        call.abandoned = true;
        this.#abandoned += 1;
        reject(
          makeError(
            new Promise((answer) => {
              markAnswered = answer;
            }),
          ),
        );
      };
      const onAbort = (): void =>
        abandon((answered) => new CallCancelledError(procedure.name, answered, { cause: signal?.reason }));
      const call: PendingCall = {
        program: procedure.program,
        procedure: procedure.number,
        abandoned: false,
        onReply: (header, frame) => {
          stopWaiting();
          markAnswered();
          if (!call.abandoned) {
            try {
              resolve(decodeReply(procedure, header, frame));
            } catch (error) {
              reject(asDaemonError(error));
            }
          }
        },
        onLost: (error) => {
          stopWaiting();
          markAnswered();
          reject(error);
        },
      };
      try {
        send(serial);
      } catch (error) {
        reject(asDaemonError(error));
        return;
      }
      this.#calls.set(serial, call);
      if (timeoutMs !== undefined) {
        timer = setTimeout(
          () => abandon((answered) => new CallTimeoutError(procedure.name, timeoutMs, answered)),
          timeoutMs,
        );
      }
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  /**
   * Hands a reply to its call.
   *
   * @throws ProtocolError if there is no such call: the peer is out of step and the connection must end.
   */
  reply(header: MessageHeader, frame: Uint8Array): void {
    const call = this.#calls.get(header.serial);
    if (call === undefined || call.procedure !== header.procedure || call.program !== header.program) {
      throw new ProtocolError(
        `reply with serial ${header.serial} to procedure ${header.procedure}, which was not called`,
      );
    }
    this.#remove(header.serial, call);
    call.onReply(header, frame);
  }

  /** Rejects all calls; none of them will be answered. */
  failAll(error: ConnectionLostError): void {
    for (const [serial, call] of this.#calls) {
      this.#remove(serial, call);
      call.onLost(error);
    }
  }

  #remove(serial: number, call: PendingCall): void {
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
  frame: Uint8Array,
): Reply {
  const reader = new XdrReader(frame, HEADER_OCTETS);
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
