import { ConnectionLostError, DaemonError, ProtocolError } from '../errors.ts';
import type { Clock } from '../run/clock.ts';
import type { AgentxAddress } from './address.ts';
import { AgentxConnection } from './connection.ts';
import { AgentxError, AgentxTimeoutError, ResponseError } from './errors.ts';
import { readCloseReason, readResponse } from './master-pdu.ts';
import { type OwnPdu, writeOwnPdu } from './own-pdu.ts';
import { CloseReason, PduType, type ResponsePdu } from './pdu.ts';
import type { PduWriter } from './pdu-writer.ts';
import { Responder, type ResponderOptions } from './responder.ts';
import type { SubagentTiming } from './timing.ts';

/** PDUs that await their Response; more at once mean a fault in the program. */
const MAX_PENDING = 256;

export interface SessionOptions {
  readonly address: AgentxAddress;
  /** o.descr (RFC 2741 section 6.2.1). */
  readonly description: string;
  /** o.timeout in seconds. */
  readonly timeoutSec: number;
  readonly timing: SubagentTiming;
  readonly clock: Clock;
  /** What requests are answered from; undefined for a session that registers nothing. */
  readonly answering: Omit<ResponderOptions, 'sessionId'> | undefined;
  /** Told of the master's sysUpTime, in hundredths of a second, with every Response. */
  readonly onSysUpTime: (sysUpTime: number) => void;
}

interface Pending {
  readonly what: string;
  /** Whether it is waited for as long as the session lives. */
  readonly isPatient: boolean;
  /** PDUs that the master had sent before. */
  readonly heardBefore: number;
  /** By the monotonic clock: when its time began to count; undefined while the master has not been heard since. */
  countsSince: number | undefined;
  readonly resolve: (response: ResponsePdu) => void;
  readonly reject: (error: Error) => void;
}

/** One AgentX session on a connection of its own: snmpd mixes the sessions of one connection up. */
export class AgentxSession {
  readonly #options: SessionOptions;
  readonly #pending = new Map<number, Pending>();
  readonly #ended: AbortController = new AbortController();
  readonly #ticker: NodeJS.Timeout;
  #connection: AgentxConnection | undefined;
  #responder: Responder | undefined;
  #sessionId = 0;
  #packetId = 0;
  /** PDUs of the master so far, and how many there were at the last tick. */
  #heard = 0;
  #heardAtTick = 0;
  #idleSince: number;
  /** When the master last answered a PDU of ours, by the monotonic clock: only Responses tell its sysUpTime. */
  #answeredAt: number;
  /** When the Ping was sent that the master has not answered, by the monotonic clock. */
  #pingingSince: number | undefined;

  /** Aborts when the session is over; the reason is an Error that tells why. */
  readonly ended: AbortSignal = this.#ended.signal;

  /**
   * Connects and opens a session (RFC 2741 section 7.1.1).
   *
   * @throws ConnectionFailedError, AgentxError if the master refuses, AgentxTimeoutError, ConnectionLostError.
   */
  static async open(options: SessionOptions, signal: AbortSignal): Promise<AgentxSession> {
    const session = new AgentxSession(options);
    const onAbort = (): void => session.#fail(signal.reason as Error);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      session.#connection = await AgentxConnection.connect({
        address: options.address,
        timeoutMs: options.timing.adminTimeoutMs,
        signal,
        onPdu: (frame, writer) => session.#onPdu(frame, writer),
        onClose: (error) => session.#onClose(error),
      });
      const { description, timeoutSec } = options;
      const response = await session.request({ kind: 'open', timeoutSec, description }, 'Open');
      session.#sessionId = response.sessionId;
      if (options.answering !== undefined) {
        session.#responder = new Responder({ ...options.answering, sessionId: response.sessionId });
      }
      return session;
    } catch (error) {
      const reason = error instanceof Error ? error : new Error(String(error));
      session.#fail(reason);
      // A connection that the master accepted but does not speak on would outlive us.
      session.#connection?.destroy(reason);
      throw error;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  private constructor(options: SessionOptions) {
    this.#options = options;
    this.#idleSince = options.clock.monotonicMs();
    this.#answeredAt = this.#idleSince;
    const { adminTimeoutMs, pingIntervalMs } = options.timing;
    this.#ticker = setInterval(() => this.#tick(), Math.min(1000, adminTimeoutMs / 4, pingIntervalMs / 4));
  }

  get sessionId(): number {
    return this.#sessionId;
  }

  /**
   * Sends a PDU and resolves with the master's Response. A Notify and a Ping have as long as the session lives: a
   * master that stands still (snmpd while one of its scripts runs) answers late, and sent again they would count twice.
   *
   * @param what - names the PDU in errors.
   * @throws AgentxError if the master refuses, AgentxTimeoutError, ConnectionLostError.
   */
  request(pdu: OwnPdu, what: string): Promise<ResponsePdu> {
    return new Promise((resolve, reject) => {
      if (this.ended.aborted) {
        reject(this.ended.reason as Error);
        return;
      }
      if (this.#pending.size >= MAX_PENDING) {
        reject(new DaemonError('AGENTX_ERROR', `${what} not sent: ${MAX_PENDING} PDUs await their response`));
        return;
      }
      try {
        const packetId = this.#send(pdu);
        this.#pending.set(packetId, {
          what,
          isPatient: pdu.kind === 'notify' || pdu.kind === 'ping',
          heardBefore: this.#heard,
          countsSince: pdu.kind === 'open' ? this.#options.clock.monotonicMs() : undefined,
          resolve,
          reject,
        });
      } catch (error) {
        reject(error instanceof Error ? error : new Error(String(error)));
      }
    });
  }

  /** Says good-bye (RFC 2741 section 7.1.8) and ends the connection. */
  async close(reason: keyof typeof CloseReason): Promise<void> {
    if (this.ended.aborted) return;
    this.#send({ kind: 'close', reason: CloseReason[reason] });
    const connection = this.#connection;
    this.#fail(new ConnectionLostError('the session was closed by us'));
    await connection?.end();
  }

  #send(pdu: OwnPdu): number {
    this.#packetId = (this.#packetId + 1) >>> 0;
    const packetId = this.#packetId;
    const ids = { sessionId: this.#sessionId, transactionId: packetId, packetId };
    this.#connection?.send((writer) => writeOwnPdu(writer, pdu, ids));
    return packetId;
  }

  #onPdu(frame: Uint8Array, writer: PduWriter): void {
    this.#heard += 1;
    const type = frame[1];
    if (type === PduType.response) {
      this.#onResponse(frame);
    } else if (type === PduType.close) {
      throw new ConnectionLostError(`the master closed the session: ${readCloseReason(frame)}`);
    } else if (this.#responder !== undefined) {
      this.#responder.respond(frame, writer);
    } else {
      throw new ProtocolError('the master sent a request, but nothing is registered');
    }
  }

  #onResponse(frame: Uint8Array): void {
    const response = readResponse(frame);
    const pending = this.#pending.get(response.packetId);
    // Late: its sender has been told that time was up.
    if (pending === undefined) return;
    this.#pending.delete(response.packetId);
    this.#answeredAt = this.#options.clock.monotonicMs();
    this.#options.onSysUpTime(response.sysUpTime);
    if (response.error === ResponseError.noError) {
      pending.resolve(response);
      return;
    }
    pending.reject(new AgentxError(pending.what, response.error));
    // The master knows this session no more: only a new one helps.
    if (response.error === ResponseError.notOpen)
      throw new ConnectionLostError('the master forgot the session');
  }

  #tick(): void {
    const now = this.#options.clock.monotonicMs();
    const { adminTimeoutMs, pingIntervalMs, silenceLimitMs } = this.#options.timing;
    for (const [packetId, pending] of this.#pending) {
      if (pending.isPatient) continue;
      if (this.#heard !== pending.heardBefore) pending.countsSince ??= now;
      if (pending.countsSince === undefined || now - pending.countsSince < adminTimeoutMs) continue;
      this.#pending.delete(packetId);
      pending.reject(new AgentxTimeoutError(pending.what, adminTimeoutMs));
    }
    if (this.#heard !== this.#heardAtTick) {
      this.#heardAtTick = this.#heard;
      this.#idleSince = now;
    }
    if (this.#pingingSince !== undefined) {
      if (now - Math.max(this.#pingingSince, this.#idleSince) < silenceLimitMs) return;
      this.#connection?.destroy(new AgentxTimeoutError('Ping', silenceLimitMs));
    } else if (now - this.#answeredAt >= pingIntervalMs && this.#sessionId !== 0) {
      void this.#ping();
    }
  }

  async #ping(): Promise<void> {
    this.#pingingSince = this.#options.clock.monotonicMs();
    try {
      await this.request({ kind: 'ping' }, 'Ping');
    } catch (error) {
      this.#connection?.destroy(error instanceof Error ? error : new Error(String(error)));
    } finally {
      this.#pingingSince = undefined;
    }
  }

  #onClose(error: Error | undefined): void {
    this.#fail(
      error instanceof DaemonError
        ? error
        : new ConnectionLostError(
            error === undefined
              ? 'the master closed the connection'
              : `the connection broke: ${error.message}`,
            { cause: error },
          ),
    );
  }

  /** Ends the session for its users; the connection may still be on its way out. */
  #fail(error: Error): void {
    if (this.ended.aborted) return;
    clearInterval(this.#ticker);
    this.#ended.abort(error);
    for (const pending of this.#pending.values()) {
      pending.reject(error instanceof ConnectionLostError ? error : lost(error));
    }
    this.#pending.clear();
    if (!(error instanceof ConnectionLostError)) this.#connection?.destroy(error);
  }
}

function lost(cause: Error): ConnectionLostError {
  return new ConnectionLostError(`the session with the master ended: ${cause.message}`, { cause });
}
