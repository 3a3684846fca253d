import { vi } from 'vitest';
import type { AgentxError } from '../../../src/agentx/errors.ts';
import type { SubagentState } from '../../../src/agentx/subagent.ts';
import { configSchema } from '../../../src/config/config.ts';
import { ConnectionLostError, NotSentError } from '../../../src/errors.ts';
import type { EventDescription } from '../../../src/events/event-description.ts';
import { EventLog } from '../../../src/events/event-log.ts';
import { lifecycleOf } from '../../../src/events/lifecycle.ts';
import { silentLogger } from '../../../src/log.ts';
import { ServedMib } from '../../../src/mib/served-mib.ts';
import type { Domain } from '../../../src/model/domain.ts';
import type { EventKind, LoggedEvent } from '../../../src/model/event.ts';
import type { Snapshot } from '../../../src/model/snapshot.ts';
import { SnapshotStore } from '../../../src/model/snapshot-store.ts';
import {
  NotificationCentre,
  type NotificationCentreOptions,
} from '../../../src/notify/notification-centre.ts';
import type { NotificationMaster } from '../../../src/notify/notification-master.ts';
import { NotificationQueue } from '../../../src/notify/notification-queue.ts';
import type { NotifyOptions } from '../../../src/notify/notify-options.ts';
import { notifyOptions } from '../../../src/notify-settings.ts';
import { type Clock, systemClock } from '../../../src/run/clock.ts';
import { IndexStore } from '../../../src/state/index-store.ts';
import type { OutgoingNotification } from '../../../src/tree/tree.ts';
import { sampleEmptySnapshot } from '../../support/sample-snapshot.ts';

/** A notification as the tests look at it: its name and the values it was built from. */
export interface SentNotification {
  readonly name: string;
  readonly values: Readonly<Record<string, unknown>>;
}

export interface BenchOptions {
  readonly notify?: Partial<NotifyOptions>;
  readonly indexes?: IndexStore;
  readonly log?: EventLog;
  readonly readState?: NotificationCentreOptions['readState'];
  readonly admits?: (name: string) => boolean;
  /** The queue of an earlier bench, which outlives its centre. */
  readonly master?: BenchMaster;
  /** Whether there is no session with the master at first. */
  readonly withoutMaster?: boolean;
  /** Whether the first refresh has happened already. */
  readonly started?: boolean;
  readonly domains?: readonly Domain[];
}

/** Time as the fake timers of a test have it. */
export const benchClock: Clock = { ...systemClock, now: () => Date.now() };

/** A master that takes notifications, or does not, and the queue to it. */
export class BenchMaster implements NotificationMaster {
  readonly sent: SentNotification[] = [];
  readonly queue: NotificationQueue;
  /** What a master says that does not want a notification. */
  refusal: AgentxError | undefined;
  /** What a master that stands still has been sent: answered when it goes on, failed when the session ends. */
  readonly unanswered: { readonly sent: SentNotification; readonly settle: (error?: Error) => void }[] = [];
  state: SubagentState = 'registered';
  isAsked = true;
  #standsStill = false;
  readonly #mib = new ServedMib({ vmMib: true, libvirtMib: true });
  readonly #listeners = new Set<(state: SubagentState) => void>();
  readonly #values = new Map<OutgoingNotification, SentNotification['values']>();

  constructor() {
    this.queue = new NotificationQueue({
      master: this,
      clock: benchClock,
      encode: (content, appended) => {
        const notification = this.#mib.encode(content, appended);
        const plain = Object.entries({ ...content.values, ...appended });
        this.#values.set(
          notification,
          Object.fromEntries(plain.map(([object, entry]) => [object, entry.value])),
        );
        return notification;
      },
      logger: silentLogger,
    });
  }

  onStateChange(listener: (state: SubagentState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async notify(notification: OutgoingNotification): Promise<void> {
    if (this.state !== 'registered') throw new NotSentError('there is no session');
    if (this.refusal !== undefined) throw this.refusal;
    const sent = { name: notification.name, values: this.#values.get(notification) ?? {} };
    this.sent.push(sent);
    if (!this.#standsStill) return;
    await new Promise<void>((resolve, reject) => {
      this.unanswered.push({ sent, settle: (error) => (error === undefined ? resolve() : reject(error)) });
    });
  }

  /** From now on nothing is answered. */
  standStill(): void {
    this.#standsStill = true;
  }

  /** Answers everything, and from now on at once. */
  goOn(): void {
    this.#standsStill = false;
    for (const { settle } of this.unanswered.splice(0)) settle();
  }

  /** The session ends. */
  leave(): void {
    this.#standsStill = false;
    for (const { settle } of this.unanswered.splice(0))
      settle(new ConnectionLostError('the master went away'));
    this.#setState('connecting');
  }

  comeBack(): void {
    this.#setState('registered');
  }

  #setState(state: SubagentState): void {
    this.state = state;
    for (const listener of this.#listeners) listener(state);
  }
}

/** A notification centre with a real event log, index store and MIB, and a master that can go away. */
export class NotifyBench {
  readonly store: SnapshotStore;
  readonly log: EventLog;
  readonly indexes: IndexStore;
  readonly centre: NotificationCentre;
  readonly master: BenchMaster;
  #refreshes = 0;

  private constructor(options: BenchOptions, indexes: IndexStore, log: EventLog) {
    this.indexes = indexes;
    this.log = log;
    this.store = new SnapshotStore(sampleEmptySnapshot());
    this.store.update({ agent: { ...this.store.current.agent, refreshCount: 0 } });
    this.master = options.master ?? new BenchMaster();
    if (options.withoutMaster === true) this.master.leave();
    this.centre = new NotificationCentre({
      store: this.store,
      log,
      indexes,
      notify: { ...notifyOptions(configSchema.parse({})), ...options.notify },
      queue: this.master.queue,
      uri: 'test:///default',
      logger: silentLogger,
      clock: benchClock,
      ...(options.readState === undefined ? {} : { readState: options.readState }),
      ...(options.admits === undefined ? {} : { admits: options.admits }),
    });
    this.store.subscribe((snapshot, previous) => this.centre.onSnapshot(snapshot, previous));
    if (options.started === false) return;
    this.centre.onConnection('connected');
    this.refresh(options.domains ?? []);
  }

  static async open(options: BenchOptions = {}): Promise<NotifyBench> {
    const indexes = options.indexes ?? (await IndexStore.load({ place: undefined, logger: silentLogger }));
    const log =
      options.log ??
      (await EventLog.open({
        place: undefined,
        maxEntries: 1000,
        maxAgeSec: 0,
        logger: silentLogger,
        now: Date.now,
      }));
    for (const domain of options.domains ?? []) indexes.domain(domain.facts.uuid);
    return new NotifyBench(options, indexes, log);
  }

  /** A complete refresh that found these domains. */
  refresh(domains: readonly Domain[], parts: Partial<Snapshot> = {}): void {
    this.#refreshes += 1;
    this.store.update({
      domains,
      agent: { ...this.store.current.agent, refreshCount: this.#refreshes },
      ...parts,
    });
  }

  /** A refresh, and the time after which what it shows is believed without an event. Needs fake timers. */
  async find(domains: readonly Domain[], parts: Partial<Snapshot> = {}): Promise<void> {
    this.refresh(domains, parts);
    await vi.advanceTimersByTimeAsync(1000);
  }

  /** Refreshes until no snapshot can be older than the last event. */
  settle(domains: readonly Domain[], parts: Partial<Snapshot> = {}): void {
    for (let count = 0; count < 3; count += 1) this.refresh(domains, parts);
  }

  lifecycle(domain: Domain, event: number, detail = 0): void {
    this.centre.onDescribed(lifecycleEvent(domain, event, detail));
  }

  other({ facts }: Domain, kind: EventKind, name: string = kind): void {
    this.centre.onDescribed({
      kind,
      name,
      detail: 0,
      text: name,
      subject: { type: 'domain', uuid: facts.uuid, name: facts.name },
      effect: undefined,
    });
  }

  /** Names of what was sent since the last call. */
  takeNames(): string[] {
    return this.take().map((notification) => notification.name);
  }

  /** What was sent since the last call. */
  take(): SentNotification[] {
    return this.master.sent.splice(0);
  }

  get entries(): readonly LoggedEvent[] {
    return this.log.view().entries;
  }

  get names(): string[] {
    return this.entries.map((entry) => entry.name);
  }
}

export function lifecycleEvent({ facts }: Domain, event: number, detail: number): EventDescription {
  const lifecycle = lifecycleOf(event, detail);
  return {
    kind: lifecycle.kind,
    detail,
    name: lifecycle.name,
    text: lifecycle.text,
    subject: { type: 'domain', uuid: facts.uuid, name: facts.name },
    effect: { type: 'lifecycle', lifecycle },
  };
}

/** virDomainEventType by name. */
export const lifecycleEvents = {
  defined: 0,
  undefined: 1,
  started: 2,
  suspended: 3,
  resumed: 4,
  stopped: 5,
  shutdown: 6,
  pmsuspended: 7,
  crashed: 8,
} as const;
