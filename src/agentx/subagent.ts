import { ConnectionFailedError, ConnectionLostError, errorText, NotSentError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { BackoffOptions } from '../run/backoff.ts';
import { type Clock, systemClock } from '../run/clock.ts';
import { within } from '../run/deadline.ts';
import { type SupervisedState, supervise } from '../run/supervise.ts';
import type { Column, MibTree, OutgoingNotification } from '../tree/tree.ts';
import { type AgentxAddress, formatAgentxAddress } from './address.ts';
import { type AgentxCounters, newCounters } from './counters.ts';
import { MasterClock } from './master-clock.ts';
import { type Capability, type Region, Registration, type ServedContext } from './registration.ts';
import { AgentxSession } from './session.ts';
import { type SubagentTiming, subagentTiming } from './timing.ts';
import { TreeView } from './view.ts';

export interface SubagentOptions {
  readonly address: AgentxAddress;
  /** Shown by masters that list their subagents. */
  readonly description: string;
  /** What is served in the default context from the beginning; none where contexts are added. */
  readonly regions?: readonly Region[];
  readonly capabilities?: readonly Capability[];
  /** Contexts in which the same tree is served besides the default one. */
  readonly contexts?: readonly string[];
  /** r.priority, 1 to 255; the lowest number is preferred. Default 127. */
  readonly priority?: number;
  /** Seconds that the master shall wait for an answer; snmpd goes by its own setting. Default 5. */
  readonly timeoutSec?: number;
  readonly logger: Logger;
  readonly clock?: Clock;
  readonly random?: () => number;
  readonly timing?: Partial<SubagentTiming>;
}

/**
 * - stopped: before start and after stop
 * - connecting: there is no session; it is being tried
 * - open: there is a session, but no region is registered: no tree yet, or all were refused
 * - registered: at least one region is served
 */
export type SubagentState = 'stopped' | 'connecting' | 'open' | 'registered';

/** snmpTrapOID.0 (RFC 3418), which comes first in a Notify; the master adds sysUpTime.0. */
const SNMP_TRAP_OID = [1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0];

const DEFAULT_PRIORITY = 127;
const DEFAULT_TIMEOUT_SEC = 5;
/** A session that lasted this long was a good one, in milliseconds. */
const STABLE_AFTER_MS = 10_000;

/** A try on this machine costs next to nothing, and nobody is to wait for data after snmpd's restart. */
const localBackoff: BackoffOptions = { baseMs: 200, factor: 2, capMs: 1500, jitter: 0.3 };
const remoteBackoff: BackoffOptions = { baseMs: 200, factor: 2, capMs: 5000, jitter: 0.3 };

/** What is served in one context. */
interface Serving extends ServedContext {
  view: TreeView | undefined;
  /** Told once nothing of it is registered any more; undefined as long as it is to be served. */
  onLeft: (() => void) | undefined;
}

/** Serves trees of objects, one in each SNMP context, through an AgentX master (RFC 2741), for as long as it is started. */
export class AgentxSubagent {
  readonly #options: SubagentOptions;
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #timing: SubagentTiming;
  /** By name. */
  readonly #contexts = new Map<string, Serving>();
  /** Those that were there from the beginning. */
  readonly #first: readonly string[];
  readonly #masterClock: MasterClock;
  readonly #listeners = new Set<(state: SubagentState) => void>();
  readonly #failedColumns = new Set<string>();
  readonly #counters: AgentxCounters = newCounters();
  #state: SubagentState = 'stopped';
  /** Whether something else than before is to be registered. */
  #isChanged = false;
  #wake: (() => void) | undefined;
  /** Notifications without a Response yet. */
  readonly #notifying = new Set<Promise<unknown>>();
  #session: AgentxSession | undefined;
  #stopping: AbortController | undefined;
  #running: Promise<void> = Promise.resolve();
  #stopped: Promise<void> | undefined;

  constructor(options: SubagentOptions) {
    this.#options = options;
    this.#logger = options.logger;
    this.#clock = options.clock ?? systemClock;
    this.#masterClock = new MasterClock(this.#clock);
    const silence = isLocal(options.address) ? { silenceLimitMs: Number.POSITIVE_INFINITY } : {};
    this.#timing = { ...subagentTiming, ...silence, ...options.timing };
    const { regions = [], capabilities = [], contexts = [] } = options;
    this.#first = [...new Set(['', ...contexts])];
    for (const name of this.#first) {
      this.addContext({ name, regions, capabilities: name === '' ? capabilities : [] });
    }
  }

  get state(): SubagentState {
    return this.#state;
  }

  get counters(): Readonly<AgentxCounters> {
    return this.#counters;
  }

  /** When the master's sysUpTime was zero, in milliseconds since 1970; undefined while no master has told. */
  get masterStartedAt(): number | undefined {
    return this.#masterClock.startedAt;
  }

  /** Serves in one more context, or something else in one that there is. Nothing is registered before the first tree. */
  addContext(context: ServedContext): void {
    const before = this.#contexts.get(context.name);
    // Whoever has waited for the end of the old one has it: what is registered now is the new one.
    before?.onLeft?.();
    const view = before?.onLeft === undefined ? before?.view : undefined;
    this.#contexts.set(context.name, { ...context, view, onLeft: undefined });
    this.#change();
  }

  /** Serves no longer in a context; resolves when nothing of it is registered or read any more. */
  async removeContext(name: string): Promise<void> {
    const serving = this.#contexts.get(name);
    if (serving === undefined) return;
    const left = new Promise<void>((resolve) => {
      const before = serving.onLeft;
      serving.onLeft = () => {
        before?.();
        resolve();
      };
    });
    if (this.#session === undefined) this.#forgetLeft();
    this.#change();
    await left;
  }

  /** Answers in these contexts come from this tree from now on; without names in those of the beginning. */
  setTree(tree: MibTree, contexts: readonly string[] = this.#first): void {
    for (const name of contexts) {
      const serving = this.#contexts.get(name);
      if (serving === undefined) continue;
      const isFirst = serving.view === undefined;
      serving.view = new TreeView(tree, (column, error) => this.#onReadError(column, error), serving.view);
      if (isFirst) this.#change();
    }
  }

  /** Tells of each change of {@link state}. Returns what ends that. */
  onStateChange(listener: (state: SubagentState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Starts connecting; the signal stops as {@link stop} does. */
  start(signal: AbortSignal): void {
    if (this.#stopping !== undefined || signal.aborted) return;
    const stopping = new AbortController();
    this.#stopping = stopping;
    signal.addEventListener('abort', () => void this.stop(), { once: true, signal: stopping.signal });
    const { address, random } = this.#options;
    this.#running = supervise<AgentxSession>({
      signal: stopping.signal,
      connect: (inner) => this.#open(inner),
      run: (session, inner) => this.#serve(session, inner),
      onState: (change) => this.#onSupervised(change),
      backoff: isLocal(address) ? localBackoff : remoteBackoff,
      stableAfterMs: STABLE_AFTER_MS,
      clock: this.#clock,
      ...(random === undefined ? {} : { random }),
    });
  }

  /** Lets notifications under way finish, closes the session with the master and ends for good. Idempotent. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /**
   * Sends a notification at once and resolves when the master has taken it, however late. That is no proof of
   * delivery. How many are under way at a time is the caller's affair: many that snmpd does not read can block it.
   *
   * @throws NotSentError if there is no session, ConnectionLostError if it ends, AgentxError.
   */
  async notify(notification: OutgoingNotification): Promise<void> {
    if (this.#session === undefined || this.#session.ended.aborted) {
      throw new NotSentError('there is no session with the AgentX master');
    }
    const { name, context, trapOid, varbinds } = notification;
    const trap = { oid: SNMP_TRAP_OID, syntax: 'ObjectIdentifier', value: trapOid } as const;
    const sending = this.#session.request(
      { kind: 'notify', context, varBinds: [trap, ...varbinds] },
      `Notify ${name}`,
    );
    this.#notifying.add(sending);
    try {
      await sending;
      this.#counters.notificationsSent += 1;
    } catch (error) {
      if (!(error instanceof ConnectionLostError)) this.#counters.notificationsFailed += 1;
      throw error;
    } finally {
      this.#notifying.delete(sending);
    }
  }

  async #stop(): Promise<void> {
    await within(this.#timing.flushMs, Promise.allSettled(this.#notifying));
    const session = this.#session;
    this.#stopping?.abort(new ConnectionLostError('the subagent stops'));
    await session?.close('shutdown');
    await this.#running;
    this.#setState('stopped');
  }

  #open(signal: AbortSignal): Promise<AgentxSession> {
    const { address, description, timeoutSec } = this.#options;
    return AgentxSession.open(
      {
        address,
        description,
        timeoutSec: timeoutSec ?? DEFAULT_TIMEOUT_SEC,
        timing: this.#timing,
        clock: this.#clock,
        answering: {
          counters: this.#counters,
          served: (context) => this.#contexts.get(context),
          readContext: () => ({
            now: this.#clock.now(),
            masterStartedAt: this.#masterClock.startedAt,
          }),
          onSetError: (phase, error) =>
            this.#logger.error(
              { phase, error: errorText(error) },
              'a SET failed: this is a fault in the program',
            ),
        },
        onSysUpTime: (sysUpTime) => this.#onSysUpTime(sysUpTime),
      },
      signal,
    );
  }

  /** Lives with a session until it ends; rejects with why. */
  async #serve(session: AgentxSession, signal: AbortSignal): Promise<void> {
    if (signal.aborted) {
      // Opened while stop() already went on: it did not know of this session.
      await session.close('shutdown');
      return;
    }
    this.#counters.sessions += 1;
    this.#session = session;
    this.#setState('open');
    try {
      await this.#register(session);
    } finally {
      this.#session = undefined;
      this.#forgetLeft();
    }
  }

  /** Keeps registered what is to be served, until the session ends; rejects with why. */
  async #register(session: AgentxSession): Promise<never> {
    const { priority, timeoutSec } = this.#options;
    const registration = new Registration(session, {
      wanted: () =>
        [...this.#contexts.values()].filter(({ view, onLeft }) => view !== undefined && onLeft === undefined),
      priority: priority ?? DEFAULT_PRIORITY,
      timeoutSec: timeoutSec ?? DEFAULT_TIMEOUT_SEC,
      logger: this.#logger,
    });
    for (;;) {
      this.#isChanged = false;
      const leaving = [...this.#contexts.values()].filter(({ onLeft }) => onLeft !== undefined);
      await registration.attempt();
      this.#setState(registration.accepted > 0 ? 'registered' : 'open');
      this.#forgetLeft(leaving);
      await this.#untilChange(session.ended, registration.isComplete);
    }
  }

  /** Contexts of which nothing is registered any more. */
  #forgetLeft(leaving: Iterable<Serving> = [...this.#contexts.values()]): void {
    for (const serving of leaving) {
      if (serving.onLeft === undefined) continue;
      if (this.#contexts.get(serving.name) === serving) this.#contexts.delete(serving.name);
      serving.onLeft();
    }
  }

  #change(): void {
    this.#isChanged = true;
    this.#wake?.();
  }

  /** Waits until something else is to be registered, or for a while if something was refused; rejects when the session ends. */
  async #untilChange(ended: AbortSignal, isComplete: boolean): Promise<void> {
    ended.throwIfAborted();
    if (this.#isChanged) return;
    const waiting = new AbortController();
    const wake = (): void => waiting.abort();
    ended.addEventListener('abort', wake, { once: true });
    this.#wake = wake;
    try {
      if (isComplete) await untilAborted(waiting.signal);
      else await this.#clock.sleep(this.#timing.registerRetryMs, waiting.signal).catch(() => undefined);
    } finally {
      this.#wake = undefined;
      ended.removeEventListener('abort', wake);
    }
    ended.throwIfAborted();
  }

  #onSysUpTime(sysUpTime: number): void {
    const before = this.#masterClock.startedAt;
    this.#masterClock.observe(sysUpTime);
    // Values that need the start were absent so far.
    if (before === undefined) for (const { view } of this.#contexts.values()) view?.forgetHoles();
  }

  #onReadError(column: Column, error: unknown): void {
    this.#counters.readErrors += 1;
    if (this.#failedColumns.has(column.name)) return;
    this.#failedColumns.add(column.name);
    this.#logger.error(
      { object: column.name, error: errorText(error) },
      'an object has no value that can be sent: this is a fault in the program',
    );
  }

  #onSupervised(change: SupervisedState): void {
    const address = formatAgentxAddress(this.#options.address);
    switch (change.state) {
      case 'connecting':
        this.#setState('connecting');
        break;
      case 'connected':
        this.#logger.info({ address }, 'session with the AgentX master opened');
        break;
      case 'disconnected': {
        this.#setState('connecting');
        const remedy = change.error instanceof ConnectionFailedError ? change.error.remedy : undefined;
        this.#logger.warn(
          { address, error: errorText(change.error), ...(remedy === undefined ? {} : { remedy }) },
          'no session with the AgentX master; it is tried again and again',
        );
        break;
      }
    }
  }

  #setState(state: SubagentState): void {
    if (this.#state === state) return;
    this.#state = state;
    for (const listener of this.#listeners) listener(state);
  }
}

function isLocal(address: AgentxAddress): boolean {
  return address.kind === 'unix' || address.host === 'localhost' || /^(127\.|::1$)/.test(address.host);
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
