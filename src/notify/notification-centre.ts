import { stateFromCode } from '../domain-state/state-text.ts';
import { errorText } from '../errors.ts';
import type { EventDescription } from '../events/event-description.ts';
import type { EventLog } from '../events/event-log.ts';
import type { Logger } from '../log.ts';
import type { ConnState } from '../model/agent.ts';
import type { Domain } from '../model/domain.ts';
import type { EpochMs } from '../model/scalar-types.ts';
import type { NotifyStatus, Snapshot } from '../model/snapshot.ts';
import type { SnapshotStore } from '../model/snapshot-store.ts';
import { type Clock, systemClock } from '../run/clock.ts';
import type { OutgoingNotification } from '../tree/tree.ts';
import { Batcher } from './batcher.ts';
import { ChangeDetector, type DetectorIndexes } from './change-detector.ts';
import { Dispatcher, type NotifySwitch } from './dispatcher.ts';
import { patienceMs } from './domain-tracker.ts';
import type { BuildNotification } from './notification-builder.ts';
import type { QueuedNotification } from './notification-queue.ts';
import type { NotifyOptions } from './notify-options.ts';
import type { Occurrence } from './occurrence.ts';
import type { RefinedState } from './tracked-domain.ts';

export interface NotificationCentreOptions {
  readonly store: SnapshotStore;
  readonly log: EventLog;
  readonly indexes: DetectorIndexes;
  readonly notify: NotifyOptions;
  /** `ServedMib.notification` */
  readonly build: BuildNotification;
  /** Sends one notification and waits for the master's response; rejects while there is no session. */
  readonly send: (notification: OutgoingNotification) => Promise<void>;
  /** URI of the libvirt connection, without user information. */
  readonly uri: string;
  readonly logger: Logger;
  /**
   * Asks libvirt for a domain's state and reason (virDomainGetState) where an event does not tell the
   * reason: a pause by a user, a save, a dump and a snapshot look the same. May be left out.
   */
  readonly readState?: (
    uuid: string,
  ) => Promise<{ readonly state: number; readonly reason: number } | undefined>;
  /** Notifications that an earlier centre was left with; they go first. */
  readonly unsent?: readonly QueuedNotification[];
  /** Whether a domain of this name is monitored at all. */
  readonly admits?: (name: string) => boolean;
  readonly clock?: Clock;
}

/** In a flood of events, the faces get a new log at most this often. */
const publishIntervalMs = 50;
/** An event waits at most this long for its reason. */
const readStateMs = 250;

/**
 * Where everything that happens comes together: libvirt's events, the differences between snapshots and the
 * state of both connections become entries of the event log and notifications.
 */
export class NotificationCentre {
  readonly #store: SnapshotStore;
  readonly #log: EventLog;
  readonly #detector: ChangeDetector;
  readonly #dispatcher: Dispatcher;
  readonly #publisher: Batcher;
  readonly #readState: NotificationCentreOptions['readState'];
  readonly #admits: (name: string) => boolean;
  readonly #logger: Logger;
  readonly #clock: Clock;
  /** Domains with an event that waits for its reason: what follows must not overtake it. */
  readonly #chains = new Map<string, Promise<void>>();
  #recheck: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: NotificationCentreOptions) {
    this.#store = options.store;
    this.#log = options.log;
    this.#readState = options.readState;
    this.#admits = options.admits ?? (() => true);
    this.#logger = options.logger;
    this.#clock = options.clock ?? systemClock;
    this.#detector = new ChangeDetector({
      indexes: options.indexes,
      overrides: options.notify.overrides,
      uri: options.uri,
    });
    this.#publisher = new Batcher(
      publishIntervalMs,
      () => this.#publish(),
      () => this.#clock.monotonicMs(),
    );
    this.#dispatcher = new Dispatcher({
      notify: options.notify,
      build: options.build,
      send: options.send,
      onNotified: (seq) => {
        this.#log.markNotified(seq);
        this.#publisher.request();
      },
      onStatus: () => this.#publisher.request(),
      newestSeq: () => this.#log.lastSeq,
      unsent: options.unsent ?? [],
      logger: options.logger,
      clock: this.#clock,
    });
    this.#publisher.request();
  }

  /** Switches and counters, as the MIB shows them. */
  get status(): NotifyStatus {
    return this.#dispatcher.status;
  }

  /** Whether the event log or a notification on its way refers to a domain's index. */
  refersTo(domainIndex: number): boolean {
    return this.#log.refersTo(domainIndex) || this.#dispatcher.refersTo(domainIndex);
  }

  /** Puts a switch into effect at once (SET of the switches; see MibControls). */
  set(name: NotifySwitch, value: boolean): void {
    this.#dispatcher.set(name, value);
  }

  /**
   * Takes one event of libvirt (see describeEvent; undefined is ignored). The notification leaves before this
   * returns, unless its reason is asked for.
   */
  onEvent(event: EventDescription | undefined): void {
    if (event === undefined) return;
    const { subject, effect } = event;
    const at = this.#clock.now();
    if (this.#closed || (subject?.type === 'domain' && !this.#admits(subject.name))) return;
    const uuid = subject?.uuid ?? '';
    const waiting = this.#chains.get(uuid);
    const isAmbiguous = effect?.type === 'lifecycle' && effect.lifecycle.implied?.ambiguous === true;
    if (waiting === undefined && !(isAmbiguous && this.#readState !== undefined)) {
      this.#take(event, at, undefined);
      return;
    }
    const chain = (waiting ?? Promise.resolve())
      .then(async () => this.#take(event, at, isAmbiguous ? await this.#refine(uuid) : undefined))
      .catch((error: unknown) => {
        this.#logger.error({ event: event.name, error: errorText(error) }, 'an event could not be handled');
      })
      .finally(() => {
        if (this.#chains.get(uuid) === chain) this.#chains.delete(uuid);
      });
    this.#chains.set(uuid, chain);
  }

  /** Looks for what no event told. To be called with every snapshot. */
  onSnapshot(snapshot: Snapshot, previous: Snapshot): void {
    if (this.#closed) return;
    if (snapshot.agent.refreshCount !== previous.agent.refreshCount) {
      const before = this.#log.view();
      this.#log.prune();
      if (this.#log.view() !== before) this.#publisher.request();
    }
    this.#compare(snapshot, previous);
  }

  /** The state of the connection to libvirt; to be called before the first snapshot of a connection. */
  onConnection(state: ConnState, lastError = ''): void {
    if (this.#closed) return;
    const occurrence = this.#detector.onConnection(state, lastError, this.#clock.now());
    if (occurrence !== undefined) this.#report(occurrence);
  }

  /** Events were dropped on their way to the agent. */
  onEventsLost(count: number): void {
    if (!this.#closed) this.#report(this.#detector.onEventsLost(count, this.#clock.now()));
  }

  /** Whether there is a session with the master: what is queued leaves when there is one again. */
  onMasterState(up: boolean): void {
    this.#dispatcher.setMasterUp(up);
  }

  /**
   * Sends what is gathered, waits a moment for the master to take it, and publishes the last state. Returns the
   * notifications that the master has not taken.
   */
  async close(): Promise<readonly QueuedNotification[]> {
    if (this.#closed) return [];
    await Promise.all(this.#chains.values());
    this.#closed = true;
    clearTimeout(this.#recheck);
    const unsent = await this.#dispatcher.close();
    this.#publisher.close();
    return unsent;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #compare(snapshot: Snapshot, previous: Snapshot): void {
    const found = this.#detector.onSnapshot(snapshot, previous, this.#clock.now());
    for (const occurrence of found) this.#report(occurrence);
    if (!this.#detector.isWaiting || this.#recheck !== undefined) return;
    this.#recheck = setTimeout(() => {
      this.#recheck = undefined;
      if (!this.#closed) this.#compare(this.#store.current, this.#store.current);
    }, patienceMs);
    this.#recheck.unref();
  }

  #take(event: EventDescription, at: EpochMs, refined: RefinedState | undefined): void {
    this.#report(this.#detector.onEvent(event, at, this.#store.current, refined));
  }

  #report(occurrence: Occurrence): void {
    const { event } = occurrence;
    const entry = event === undefined ? undefined : this.#log.append(event);
    this.#dispatcher.dispatch(entry, occurrence);
    this.#publisher.request();
  }

  async #refine(uuid: string): Promise<RefinedState | undefined> {
    if (this.#readState === undefined) return undefined;
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => resolve(undefined), readStateMs);
    });
    try {
      const answer = await Promise.race([this.#readState(uuid), patience]);
      return answer === undefined ? undefined : { state: stateFromCode(answer.state), reason: answer.reason };
    } catch (error) {
      this.#logger.debug({ uuid, error: errorText(error) }, 'the reason of an event is not known');
      return undefined;
    } finally {
      clearTimeout(timer);
    }
  }

  #publish(): void {
    const { current } = this.#store;
    const domains = withLastEvents(current.domains, this.#log);
    this.#store.update({
      events: this.#log.view(),
      notify: this.#dispatcher.status,
      ...(domains === current.domains ? {} : { domains }),
    });
  }
}

/** The rows with the number of their latest event; the same array where nothing is new. */
function withLastEvents(domains: readonly Domain[], log: EventLog): readonly Domain[] {
  let changed: Domain[] | undefined;
  for (const [at, domain] of domains.entries()) {
    const { facts } = domain;
    const lastEventSeq = log.lastSeqOf(facts.uuid);
    if (facts.lastEventSeq === lastEventSeq) continue;
    changed ??= [...domains];
    changed[at] = { ...domain, facts: { ...facts, lastEventSeq } };
  }
  return changed ?? domains;
}
