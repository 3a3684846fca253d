import { stateFromCode } from '../domain-state/state-text.ts';
import { errorText } from '../errors.ts';
import { describeEvent, type LibvirtEvent } from '../events/describe-event.ts';
import type { EventDescription, EventSubject } from '../events/event-description.ts';
import type { EventLog } from '../events/event-log.ts';
import type { Logger } from '../log.ts';
import type { ConnState } from '../model/agent.ts';
import type { EpochMs } from '../model/scalar-types.ts';
import type { NotifyStatus, Snapshot } from '../model/snapshot.ts';
import type { SnapshotStore } from '../model/snapshot-store.ts';
import { type Clock, systemClock } from '../run/clock.ts';
import { late, within } from '../run/deadline.ts';
import { Batcher } from './batcher.ts';
import { ChangeDetector, type DetectorIndexes } from './change-detector.ts';
import { Dispatcher, type NotifySwitch } from './dispatcher.ts';
import { patienceMs } from './domain-tracker.ts';
import type { NotificationQueue } from './notification-queue.ts';
import type { NotifyOptions } from './notify-options.ts';
import type { Occurrence } from './occurrence.ts';
import type { RefinedState } from './tracked-domain.ts';

export interface NotificationCentreOptions {
  readonly store: SnapshotStore;
  readonly log: EventLog;
  readonly indexes: DetectorIndexes;
  readonly notify: NotifyOptions;
  /** Where notifications wait for the master. */
  readonly queue: NotificationQueue;
  /** URI of the libvirt connection, without user information. */
  readonly uri: string;
  readonly logger: Logger;
  /**
   * Asks libvirt for a domain's state and reason (virDomainGetState) where an event does not tell the
   * reason: a pause by a user, a save, a dump and a snapshot look the same. May be left out.
   */
  readonly readState?: (
    domain: Pick<EventSubject, 'name' | 'uuid'>,
  ) => Promise<{ readonly state: number; readonly reason: number } | undefined>;
  /** Whether a domain of this name is monitored at all. */
  readonly admits?: (name: string) => boolean;
  /** Told when the snapshot shows new entries of the log: the rows of their domains have another latest event. */
  readonly onLogged?: () => void;
  /** Told when events of libvirt were dropped (a sentence for the operator). */
  readonly onEventsLost?: (text: string) => void;
  readonly clock?: Clock;
}

/** In a flood of events, the faces get a new log at most this often. */
const publishIntervalMs = 50;
/** An event waits at most this long for its reason. */
const readStateMs = 250;
/** Events that wait for their reason, of all domains: a flood of pauses that libvirt does not explain. */
const maxWaitingEvents = 10_000;

/**
 * Where everything that happens comes together: libvirt's events, the differences between snapshots and the
 * state of both connections become entries of the event log and notifications.
 */
export class NotificationCentre {
  readonly #store: SnapshotStore;
  readonly #log: EventLog;
  readonly #detector: ChangeDetector;
  readonly #dispatcher: Dispatcher;
  readonly #onLogged: () => void;
  readonly #onEventsLost: (text: string) => void;
  readonly #queue: NotificationQueue;
  readonly #publisher: Batcher;
  readonly #readState: NotificationCentreOptions['readState'];
  readonly #admits: (name: string) => boolean;
  readonly #logger: Logger;
  readonly #clock: Clock;
  /** Domains with an event that waits for its reason: what follows must not overtake it. */
  readonly #chains = new Map<string, Promise<void>>();
  /** Events in these chains. */
  #waitingEvents = 0;
  /** Events dropped since the chains were full. */
  #lostEvents = 0;
  #recheck: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: NotificationCentreOptions) {
    this.#store = options.store;
    this.#log = options.log;
    this.#onLogged = options.onLogged ?? (() => undefined);
    this.#onEventsLost = options.onEventsLost ?? (() => undefined);
    this.#queue = options.queue;
    this.#readState = options.readState;
    this.#admits = options.admits ?? (() => true);
    this.#logger = options.logger;
    this.#clock = options.clock ?? systemClock;
    this.#detector = new ChangeDetector({
      indexes: options.indexes,
      overrides: options.notify.overrides,
      uri: options.uri,
      held: options.log.held,
      wasLost: wasLost(options.log),
      monotonicMs: () => this.#clock.monotonicMs(),
    });
    this.#publisher = new Batcher(
      publishIntervalMs,
      () => this.#publish(),
      () => this.#clock.monotonicMs(),
    );
    this.#dispatcher = new Dispatcher({
      notify: options.notify,
      queue: options.queue,
      log: options.log,
      onStatus: () => this.#publisher.request(),
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
    return this.#log.refersTo(domainIndex) || this.#queue.refersTo(domainIndex);
  }

  /** Puts a switch into effect at once (SET of the switches; see MibControls). */
  set(name: NotifySwitch, value: boolean): void {
    this.#dispatcher.set(name, value);
  }

  /** Takes one event of libvirt. The notification leaves before this returns, unless its reason is asked for. */
  onEvent(event: LibvirtEvent): void {
    this.onDescribed(describeEvent(event));
  }

  /** The same in the terms of the event log; undefined is ignored. */
  onDescribed(event: EventDescription | undefined): void {
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
    if (this.#waitingEvents >= maxWaitingEvents) {
      this.#lostEvents += 1;
      return;
    }
    this.#waitingEvents += 1;
    const chain = (waiting ?? Promise.resolve())
      .then(async () => this.#take(event, at, isAmbiguous ? await this.#refine(subject) : undefined))
      .catch((error: unknown) => {
        this.#logger.error({ event: event.name, error: errorText(error) }, 'an event could not be handled');
      })
      .finally(() => {
        this.#waitingEvents -= 1;
        if (this.#chains.get(uuid) === chain) this.#chains.delete(uuid);
        if (this.#chains.size === 0) this.#tellLost();
      });
    this.#chains.set(uuid, chain);
  }

  /** Events were dropped before anybody looked at them. */
  onEventsDropped(count: number): void {
    if (!this.#closed) this.#report(this.#detector.onEventsLost(count, this.#clock.now()));
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
  onConnection(state: ConnState, error?: unknown): void {
    if (this.#closed) return;
    const lastError = error === undefined ? '' : errorText(error);
    const occurrence = this.#detector.onConnection(state, lastError, this.#clock.now());
    if (occurrence !== undefined) this.#report(occurrence);
  }

  /** More events waited for their reason than are kept; the next refresh shows what they led to. */
  #tellLost(): void {
    const count = this.#lostEvents;
    this.#lostEvents = 0;
    if (count === 0 || this.#closed) return;
    const lost = this.#detector.onEventsLost(count, this.#clock.now());
    this.#onEventsLost(lost.event?.text ?? '');
    this.#report(lost);
  }

  /**
   * Sends what is gathered, waits a moment for the master to take it, and publishes the last state. What the master has
   * not taken stays in the queue, and in the log.
   */
  async close(): Promise<void> {
    if (this.#closed) return;
    await Promise.all(this.#chains.values());
    this.#closed = true;
    clearTimeout(this.#recheck);
    await this.#dispatcher.close();
    this.#publisher.close();
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
    const told = this.#detector.onEvent(event, at, this.#store.current, refined);
    for (const occurrence of told) this.#report(occurrence);
  }

  #report(occurrence: Occurrence): void {
    const { event } = occurrence;
    const entry = event === undefined ? undefined : this.#log.append(event);
    this.#dispatcher.dispatch(entry, occurrence);
    this.#publisher.request();
  }

  async #refine(subject: EventSubject | undefined): Promise<RefinedState | undefined> {
    if (this.#readState === undefined || subject === undefined) return undefined;
    try {
      const answer = await within(readStateMs, this.#readState(subject));
      return answer === undefined || answer === late
        ? undefined
        : { state: stateFromCode(answer.state), reason: answer.reason };
    } catch (error) {
      this.#logger.debug(
        { uuid: subject.uuid, error: errorText(error) },
        'the reason of an event is not known',
      );
      return undefined;
    }
  }

  #publish(): void {
    const events = this.#log.view();
    const isNews = events !== this.#store.current.events;
    this.#store.update({ events, notify: this.#dispatcher.status });
    if (isNews) this.#onLogged();
  }
}

/** Whether the log ends, as far as the connection is concerned, with its loss. */
function wasLost(log: EventLog): boolean {
  const last = log
    .view()
    .entries.findLast(({ kind }) => kind === 'connectionDown' || kind === 'connectionUp');
  return last?.kind === 'connectionDown';
}
