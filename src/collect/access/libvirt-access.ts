import type { CallOptions } from '../../libvirt/connection.ts';
import { CallTimeoutError, type LibvirtConnection } from '../../libvirt/connection.ts';
import { isUnknownProcedure, LibvirtError, virErrors } from '../../libvirt/libvirt-error.ts';
import { domainGetControlInfo } from '../../libvirt/procedures.ts';
import type { Procedure } from '../../libvirt/protocol.ts';
import type { DomainRecord } from '../records/domain-record.ts';
import type { LibvirtSession } from './libvirt-session.ts';
import { MonitorGate } from './monitor-gate.ts';

/** Why a call was not made at all. */
export type NotCalled = 'held' | 'saturated' | 'unsupported' | 'forbidden';

/** The outcome of a gated call: the reply, or why there was no call. Errors of the call itself are thrown. */
export type GatedReply<R> =
  | { readonly called: true; readonly reply: R; readonly records: readonly DomainRecord[] }
  | { readonly called: false; readonly why: NotCalled };

/** Which connection of the session a call takes. */
export type Channel = 'control' | 'bulk' | 'slow' | 'readWrite';

/**
 * The collectors' only way to libvirt. It sends each call over the right connection with a deadline, keeps
 * the rules of {@link MonitorGate}, and does not repeat what the daemon said it cannot do or does not allow.
 */
export class LibvirtAccess {
  readonly session: LibvirtSession;
  readonly gate: MonitorGate;
  readonly #timeoutMs: number;
  /** Procedures this daemon or driver does not have, or this connection may not call. */
  readonly #refused = new Map<string, Refusal>();

  constructor(
    session: LibvirtSession,
    options: { readonly timeoutMs: number; readonly maxUnanswered: number },
  ) {
    this.session = session;
    this.gate = new MonitorGate(options.maxUnanswered);
    this.#timeoutMs = options.timeoutMs;
  }

  /** Whether the session has a read-write connection. */
  get canWrite(): boolean {
    return this.session.readWrite !== undefined;
  }

  /** Why a procedure is not called any more in this session, if so. */
  refusal(procedure: { readonly name: string }): 'unsupported' | 'forbidden' | undefined {
    return this.#refused.get(procedure.name)?.why;
  }

  /**
   * A call that libvirt answers without asking a hypervisor process. What this session refused once is not
   * asked again: the same error is thrown.
   *
   * @throws LibvirtError, CallTimeoutError, ConnectionLostError
   */
  async call<A, R>(
    channel: Channel,
    procedure: Procedure<A, R>,
    args: A,
    options: CallOptions = {},
  ): Promise<R> {
    const connection = this.#connection(channel);
    const refusal = this.#refused.get(procedure.name);
    if (refusal !== undefined) throw refusal.error;
    try {
      return await connection.call(procedure, args, { timeoutMs: this.#timeoutMs, ...options });
    } catch (error) {
      throw this.#failure(procedure, error);
    }
  }

  /**
   * The same {@link call} for each of many domains at once, with less work for each. Resolves when all are
   * answered or have failed; never rejects.
   */
  callEach<A, R>(
    channel: Channel,
    procedure: Procedure<A, R>,
    records: readonly DomainRecord[],
    makeArgs: (record: DomainRecord) => A,
    outcome: {
      readonly replied: (record: DomainRecord, reply: R) => void;
      readonly failed: (record: DomainRecord, error: unknown) => void;
    },
  ): Promise<void> {
    const connection = this.#connection(channel);
    const options = { timeoutMs: this.#timeoutMs };
    const refusal = this.#refused.get(procedure.name);
    return new Promise((resolve) => {
      let left = records.length;
      if (left === 0) resolve();
      const settled = (): void => {
        left -= 1;
        if (left === 0) resolve();
      };
      for (const record of records) {
        const failed = (error: unknown): void => {
          outcome.failed(record, this.#failure(procedure, error));
          settled();
        };
        if (refusal !== undefined) {
          failed(refusal.error);
          continue;
        }
        connection.submit(procedure, makeArgs(record), options, {
          resolve: (reply) => {
            outcome.replied(record, reply);
            settled();
          },
          reject: failed,
        });
      }
    });
  }

  /** The error to report for a failed call; remembers a procedure that need not be called again. */
  #failure(procedure: { readonly name: string }, error: unknown): unknown {
    const why = isMissing(error) ? 'unsupported' : isForbidden(error) ? 'forbidden' : undefined;
    if (why === undefined || !(error instanceof LibvirtError)) return error;
    // Calls that were under way together end alike: all report the one error, which counts once.
    const first = this.#refused.get(procedure.name) ?? { why, error };
    this.#refused.set(procedure.name, first);
    return first.error;
  }

  /**
   * A call that may enter the monitor of the given domains. Domains that are held are left out; `makeArgs`
   * gets the rest. After a timeout the domains whose control interface answers are let go, the others stay
   * held until the call is answered.
   *
   * @throws LibvirtError, CallTimeoutError, ConnectionLostError
   */
  async monitorCall<A, R>(
    channel: Channel,
    procedure: Procedure<A, R>,
    records: readonly DomainRecord[],
    makeArgs: (records: readonly DomainRecord[]) => A,
    options: CallOptions = {},
  ): Promise<GatedReply<R>> {
    const refusal = this.#refused.get(procedure.name);
    if (refusal !== undefined) return { called: false, why: refusal.why };
    const lease = await this.gate.reserve(records.map((record) => record.uuid));
    if (lease === undefined) return { called: false, why: this.gate.saturated ? 'saturated' : 'held' };
    const free = new Set(lease.uuids);
    const called = records.filter((record) => free.has(record.uuid));
    try {
      const reply = await this.call(channel, procedure, makeArgs(called), options);
      lease.release();
      return { called: true, reply, records: called };
    } catch (error) {
      if (error instanceof CallTimeoutError) {
        const suspicion = lease.unanswered(error.answered);
        for (const record of await this.#wellDomains(called)) suspicion.acquit(record.uuid);
      } else {
        lease.release();
      }
      throw error;
    }
  }

  /** Of several domains, those whose control interface is idle; of a single one, none: it is the culprit. */
  async #wellDomains(records: readonly DomainRecord[]): Promise<readonly DomainRecord[]> {
    if (records.length < 2) return [];
    const well: DomainRecord[] = [];
    await Promise.all(
      records.map(async (record) => {
        if (!record.active) {
          well.push(record);
          return;
        }
        try {
          const info = await this.call('control', domainGetControlInfo, { domain: record.ref, flags: 0 });
          if (info.state === 0) well.push(record);
        } catch {
          // No answer is no acquittal.
        }
      }),
    );
    // If every control interface is idle, the call is slow for another reason: hold them all.
    return well.length === records.length ? [] : well;
  }

  #connection(channel: Channel): LibvirtConnection {
    if (channel !== 'readWrite') return this.session[channel];
    const connection = this.session.readWrite;
    if (connection === undefined) throw new TypeError('no read-write connection in this session');
    return connection;
  }
}

/** A procedure that is not called any more. */
interface Refusal {
  readonly why: 'unsupported' | 'forbidden';
  readonly error: LibvirtError;
}

/** A read-only connection may not call it, whatever the domain; an access rule may concern one domain only. */
function isForbidden(error: unknown): boolean {
  return error instanceof LibvirtError && error.virCode === virErrors.operationDenied;
}

/** The daemon is older than the procedure, or the driver lacks it altogether; other refusals concern one domain. */
function isMissing(error: unknown): boolean {
  return (
    isUnknownProcedure(error) || (error instanceof LibvirtError && error.virCode === virErrors.noSupport)
  );
}
