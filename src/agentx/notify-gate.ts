import { ConnectionLostError, DaemonError } from '../errors.ts';
import type { OutgoingNotification } from '../tree/tree.ts';
import type { AgentxCounters } from './counters.ts';
import type { AgentxSession } from './session.ts';

/** snmpTrapOID.0 (RFC 3418), which comes first in a Notify; the master adds sysUpTime.0. */
const SNMP_TRAP_OID = [1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0];

/** Notify PDUs without a Response. Many unread ones in a row block snmpd. */
const MAX_OUTSTANDING = 32;

/** Notifications that wait for their turn. */
const MAX_WAITING = 1024;

/** Sends notifications of one session (RFC 2741 section 7.1.11), a bounded number at a time. */
export class NotifyGate {
  readonly #session: AgentxSession;
  readonly #counters: AgentxCounters;
  readonly #waiting: (() => void)[] = [];
  readonly #idle: (() => void)[] = [];
  #outstanding = 0;

  constructor(session: AgentxSession, counters: AgentxCounters) {
    this.#session = session;
    this.#counters = counters;
    session.ended.addEventListener('abort', () => {
      this.#outstanding += this.#waiting.length;
      for (const wake of this.#waiting.splice(0)) wake();
    });
  }

  /**
   * Resolves on the master's Response.
   *
   * @throws AgentxError, AgentxTimeoutError, ConnectionLostError.
   */
  async send(notification: OutgoingNotification): Promise<void> {
    if (this.#outstanding >= MAX_OUTSTANDING) {
      if (this.#waiting.length >= MAX_WAITING) {
        this.#counters.notificationsFailed += 1;
        throw new DaemonError('AGENTX_ERROR', `${MAX_WAITING} notifications wait for the master already`);
      }
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
      });
    } else {
      this.#outstanding += 1;
    }
    try {
      await this.#session.request(
        {
          kind: 'notify',
          varBinds: [
            { oid: SNMP_TRAP_OID, syntax: 'ObjectIdentifier', value: notification.trapOid },
            ...notification.varbinds,
          ],
        },
        `Notify ${notification.name}`,
      );
      this.#counters.notificationsSent += 1;
    } catch (error) {
      if (!(error instanceof ConnectionLostError)) this.#counters.notificationsFailed += 1;
      throw error;
    } finally {
      this.#release();
    }
  }

  /** Hands the place of a notification on to the one that waits longest. */
  #release(): void {
    const next = this.#waiting.shift();
    if (next !== undefined) {
      next();
      return;
    }
    this.#outstanding -= 1;
    if (this.#outstanding === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }

  /** Waits until nothing is under way, at most `timeoutMs`. */
  async drain(timeoutMs: number): Promise<void> {
    if (this.#outstanding === 0) return;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#idle.push(resolve);
      timer = setTimeout(resolve, timeoutMs);
    });
    clearTimeout(timer);
  }
}
