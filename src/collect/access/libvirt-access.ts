import {
  type AcceptReply,
  CallCancelledError,
  CallTimeoutError,
  type LibvirtConnection,
  MAX_UNDER_WAY,
} from '../../libvirt/connection.ts';
import {
  isAway,
  isForbidden,
  isMissing,
  LibvirtError,
  unknownProcedure,
} from '../../libvirt/libvirt-error.ts';
import { domainGetControlInfo } from '../../libvirt/procedures.ts';
import type { DomainRef, Procedure, WaitsFor } from '../../libvirt/protocol.ts';
import type { AnswerShare } from './answer-share.ts';
import { CallGate, type CallGateOptions, type Lease, type Suspicion } from './call-gate.ts';
import type { LibvirtSession } from './libvirt-session.ts';

/** How long a driver is left alone whose daemon is away, in milliseconds: first, and after ever more attempts. */
const FIRST_AWAY_MS = 15_000;
const LONGEST_AWAY_MS = 600_000;

export interface LibvirtAccessOptions extends CallGateOptions {
  /** Default for a call. */
  readonly timeoutMs: number;
  /** Of what is kept of this hypervisor; undefined is no limit. */
  readonly share?: AnswerShare | undefined;
}

export interface AccessCallOptions {
  readonly timeoutMs?: number;
}

/** What becomes of each call of several. */
export interface Outcome<T, R> {
  readonly replied: (item: T, reply: R) => void;
  readonly failed: (item: T, error: unknown) => void;
}

/**
 * The collectors' only way to libvirt. From what stands at a procedure it chooses the connection and
 * whether the {@link CallGate} must admit the call; it gives each call a deadline, and does not repeat what
 * the daemon said it cannot do or does not allow.
 */
export class LibvirtAccess {
  readonly session: LibvirtSession;
  readonly gate: CallGate;
  readonly #timeoutMs: number;
  readonly #accept: AcceptReply | undefined;
  /** Procedures this daemon or driver does not have, or this connection may not call. */
  readonly #refused = new Map<string, Refusal>();
  /** Drivers whose daemon could not be reached, and until when they are left alone. */
  readonly #away = new Map<
    WaitsFor,
    { readonly error: LibvirtError; readonly forMs: number; readonly untilMs: number }
  >();

  constructor(session: LibvirtSession, options: LibvirtAccessOptions) {
    this.session = session;
    this.gate = new CallGate(options);
    this.#timeoutMs = options.timeoutMs;
    const { share } = options;
    this.#accept = share && ((procedure, args, octets) => share.take(procedure, args, octets));
  }

  /** Whether the session has a read-write connection. */
  get canWrite(): boolean {
    return this.session.readWrite !== undefined;
  }

  /** Why a procedure is not called any more in this session, if so. */
  refusal(procedure: AnyProcedure): 'unsupported' | 'forbidden' | undefined {
    return this.#refusalOf(procedure)?.why;
  }

  /**
   * Makes a call, unless what it waits for does not answer. What this session refused once is not asked
   * again: the same error is thrown.
   *
   * @throws NotCalledError, LibvirtError, CallTimeoutError, ConnectionLostError
   */
  async call<A, R>(
    procedure: Procedure<A, R>,
    args: A,
    { timeoutMs = this.#timeoutMs }: AccessCallOptions = {},
  ): Promise<R> {
    const connection = this.#connectionFor(procedure);
    const refusal = this.#refusalOf(procedure);
    if (refusal !== undefined) throw refusal.error;
    const { waitsFor } = procedure;
    const domains = procedure.domainsOf(args);
    const lease =
      waitsFor === 'nothing'
        ? undefined
        : await this.gate.reserve(
            waitsFor,
            domains.map((domain) => domain.uuid),
          );
    let reply: R;
    try {
      reply = await connection.call(procedure, args, { timeoutMs, accept: this.#accept });
    } catch (error) {
      if (lease !== undefined) await this.#endLease(lease, domains, error);
      throw this.#failure(procedure, error);
    }
    lease?.release();
    this.#away.delete(waitsFor);
    return reply;
  }

  /**
   * The same {@link call} for each of many items at once, with less work for each if it waits for nothing.
   * Resolves when all are answered or have failed; never rejects.
   */
  async callEach<T, A, R>(
    procedure: Procedure<A, R>,
    items: readonly T[],
    makeArgs: (item: T) => A,
    outcome: Outcome<T, R>,
  ): Promise<void> {
    if (procedure.waitsFor !== 'nothing') {
      await Promise.all(items.map((item) => this.#callOne(procedure, item, makeArgs, outcome)));
      return;
    }
    const refusal = this.#refusalOf(procedure);
    if (refusal !== undefined) {
      for (const item of items) outcome.failed(item, this.#failure(procedure, refusal.error));
      return;
    }
    const connection = this.#connectionFor(procedure);
    const timeoutMs = this.#timeoutMs;
    const options = { timeoutMs, deadlineMs: performance.now() + timeoutMs, accept: this.#accept };
    await new Promise<void>((resolve) => {
      let at = 0;
      let underWay = 0;
      const submit = (item: T): void => {
        const settled = (): void => {
          underWay -= 1;
          goOn();
        };
        connection.submit(procedure, makeArgs(item), options, {
          resolve: (reply) => {
            outcome.replied(item, reply);
            settled();
          },
          reject: (error) => {
            outcome.failed(item, this.#failure(procedure, error));
            settled();
          },
        });
      };
      let goingOn = false;
      // No more than the connection sends: a call that waits for its turn only grows old.
      const goOn = (): void => {
        if (goingOn) return;
        goingOn = true;
        while (underWay < MAX_UNDER_WAY && at < items.length) {
          underWay += 1;
          submit(items[at++] as T);
        }
        goingOn = false;
        if (underWay === 0) resolve();
      };
      goOn();
    });
  }

  async #callOne<T, A, R>(
    procedure: Procedure<A, R>,
    item: T,
    makeArgs: (item: T) => A,
    outcome: Outcome<T, R>,
  ): Promise<void> {
    let reply: R;
    try {
      reply = await this.call(procedure, makeArgs(item));
    } catch (error) {
      outcome.failed(item, error);
      return;
    }
    outcome.replied(item, reply);
  }

  /**
   * A daemon logs an error about a procedure that it is too old for, and about another daemon that it cannot
   * reach for it: it is not asked, or not soon.
   */
  #refusalOf(procedure: AnyProcedure): Refusal | undefined {
    const away = this.#away.get(procedure.waitsFor);
    if (away !== undefined && performance.now() < away.untilMs) {
      return { why: 'unsupported', error: away.error };
    }
    const key = refusalKey(procedure);
    if (procedure.since > this.session.libVersion && !this.#refused.has(key)) {
      this.#refused.set(key, { why: 'unsupported', error: unknownProcedure(procedure) });
    }
    return this.#refused.get(key);
  }

  /** The error to report for a failed call; remembers a procedure that need not be called again. */
  #failure(procedure: AnyProcedure, error: unknown): unknown {
    const { waitsFor } = procedure;
    if (isAway(error) && (waitsFor === 'storage' || waitsFor === 'network')) {
      const before = this.#away.get(waitsFor)?.forMs;
      const forMs = before === undefined ? FIRST_AWAY_MS : Math.min(2 * before, LONGEST_AWAY_MS);
      this.#away.set(waitsFor, { error, forMs, untilMs: performance.now() + forMs });
    }
    const why = isMissing(error) ? 'unsupported' : isForbidden(error) ? 'forbidden' : undefined;
    if (why === undefined || !(error instanceof LibvirtError)) return error;
    // Calls that were under way together end alike: all report the one error, which counts once.
    const key = refusalKey(procedure);
    const first = this.#refused.get(key) ?? { why, error };
    this.#refused.set(key, first);
    return first.error;
  }

  /** A call that was given up keeps its lease; of several domains those that are well are let go. */
  async #endLease(lease: Lease, domains: readonly DomainRef[], error: unknown): Promise<void> {
    if (error instanceof CallCancelledError) lease.unanswered(error.answered);
    else if (error instanceof CallTimeoutError) {
      await this.#acquitWell(lease.unanswered(error.answered), domains);
    } else lease.release();
  }

  /** Of several domains, those whose control interface is idle; of a single one, none: it is the culprit. */
  async #acquitWell(suspicion: Suspicion, domains: readonly DomainRef[]): Promise<void> {
    if (domains.length < 2) return;
    const well: string[] = [];
    await this.callEach(domainGetControlInfo, domains, (domain) => ({ domain, flags: 0 }), {
      replied: ({ uuid }, info) => {
        if (info.state === 0) well.push(uuid);
      },
      // A domain that is off hangs nobody; else no answer is no acquittal.
      failed: ({ uuid, id }) => {
        if (id < 0) well.push(uuid);
      },
    });
    // If every control interface is idle, the call is slow for another reason: hold them all.
    if (well.length < domains.length) for (const uuid of well) suspicion.acquit(uuid);
  }

  /**
   * The daemon serves few requests of a connection at a time, so what may take long is kept away from what
   * never does, and the statistics from all else.
   */
  #connectionFor({ waitsFor, needsWrite, isBulk }: AnyProcedure): LibvirtConnection {
    const { control, bulk, slow, readWrite, moreAgents } = this.session;
    if (!needsWrite) return waitsFor === 'nothing' ? control : isBulk ? bulk : slow;
    if (readWrite === undefined) throw new TypeError('no read-write connection in this session');
    const other = waitsFor === 'agent' ? moreAgents : undefined;
    return other !== undefined && other.callsUnderWay < readWrite.callsUnderWay ? other : readWrite;
  }
}

type AnyProcedure = Pick<
  Procedure<never, unknown>,
  'name' | 'number' | 'waitsFor' | 'needsWrite' | 'isBulk' | 'since'
>;

/** One procedure may be refused for what it would ask of the agent, and be answered without. */
function refusalKey({ number, waitsFor }: AnyProcedure): string {
  return `${number} ${waitsFor}`;
}

/** A procedure that is not called any more. */
interface Refusal {
  readonly why: 'unsupported' | 'forbidden';
  readonly error: LibvirtError;
}
