import { errorText } from '../errors.ts';
import type { EventLog } from '../events/event-log.ts';
import type { NotificationContent } from '../events/held-notification.ts';
import type { Logger } from '../log.ts';
import type { EventKind, LoggedEvent } from '../model/event.ts';
import type { EpochMs } from '../model/scalar-types.ts';
import type { NotifyStatus } from '../model/snapshot.ts';
import type { Clock } from '../run/clock.ts';
import { type Bulk, BulkWindow } from './bulk-window.ts';
import { HoldOff } from './hold-off.ts';
import {
  type ExtensionChange,
  hasExtensionNotification,
  hasVmNotification,
  NotificationBuilder,
} from './notification-builder.ts';
import type { NotificationQueue } from './notification-queue.ts';
import type { NotifyOptions } from './notify-options.ts';
import type { Change, DomainDeleted, DomainStateChanged, Occurrence } from './occurrence.ts';
import { RateLimit } from './rate-limit.ts';

export interface DispatcherOptions {
  readonly notify: NotifyOptions;
  /** Where notifications wait for the master. */
  readonly queue: NotificationQueue;
  readonly log: EventLog;
  /** Called when {@link Dispatcher.status} or an entry of the log has changed. */
  readonly onStatus: () => void;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** The switches that SNMP managers may set. */
export type NotifySwitch = 'lveNotifyEnable' | 'vmPerVMNotificationsEnabled' | 'vmBulkNotificationsEnabled';

/** What a notification tells of. */
interface Source {
  readonly at: EpochMs;
  /** Entries of the event log. */
  readonly seqs: readonly number[];
}

/** What a notification is about, for throttling and for the indexes it refers to. */
interface About extends Source {
  readonly family: string;
  readonly variant: string;
  /** Whether the family describes a condition: see HoldOff. */
  readonly lasting: boolean;
  /** Not counted against the rate: it replaces many others, or without it the rest means little. */
  readonly exempt: boolean;
  readonly domainIndexes: readonly number[];
}

/** Suppressed notifications are gathered for this long before the first summary. */
const summaryDelayMs = 5000;
/** lveNotificationsSuppressed is sent at most once in this time. */
const summaryIntervalMs = 60_000;
/** Time for what is queued to leave when the program ends. */
const drainMs = 1000;

/**
 * Decides which occurrences become notifications: switches, hold-off, rate, bulk notifications instead of many,
 * and a summary of what was not sent.
 */
export class Dispatcher {
  readonly #options: NotifyOptions;
  readonly #builder = new NotificationBuilder();
  readonly #log: EventLog;
  readonly #onStatus: () => void;
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #events: ReadonlySet<EventKind>;
  readonly #holdOff: HoldOff;
  readonly #rate: RateLimit;
  readonly #bulks: BulkWindow;
  readonly #queue: NotificationQueue;
  #enabled: boolean;
  #perVm: boolean;
  #bulk: boolean;
  #summaryTimer: NodeJS.Timeout | undefined;
  #summaryAt = Number.NEGATIVE_INFINITY;
  #closed = false;

  constructor(options: DispatcherOptions) {
    const { notify, clock, queue, log } = options;
    this.#options = notify;
    this.#log = log;
    this.#onStatus = options.onStatus;
    this.#logger = options.logger;
    this.#clock = clock;
    this.#enabled = notify.enabled;
    this.#perVm = notify.perVm;
    this.#bulk = notify.bulk;
    this.#events = withTwins(notify.events);
    const monotonicMs = (): number => clock.monotonicMs();
    this.#holdOff = new HoldOff(notify.holdoffSec * 1000, monotonicMs, () => this.#suppress());
    this.#rate = new RateLimit(notify.maxPerMinute, monotonicMs);
    this.#bulks = new BulkWindow(notify.bulkWindowMs, (bulk) => this.#dispatchBulk(bulk));
    this.#queue = queue;
    queue.attach({
      ledger: log,
      limit: notify.queueLimit,
      onChange: () => this.#onStatus(),
      onDropped: () => this.#summariseLater(),
    });
  }

  /** Switches and counters, as the MIB shows them. */
  get status(): NotifyStatus {
    return {
      enabled: this.#enabled,
      perVm: this.#perVm,
      bulk: this.#bulk,
      holdoffSec: this.#options.holdoffSec,
      maxPerMinute: this.#options.maxPerMinute,
      ...this.#queue.counters,
    };
  }

  /** Puts a switch into effect at once. */
  set(name: NotifySwitch, value: boolean): void {
    if (name === 'lveNotifyEnable') this.#enabled = value;
    else if (name === 'vmPerVMNotificationsEnabled') this.#perVm = value;
    else this.#bulk = value;
    this.#onStatus();
  }

  /** Sends what an occurrence calls for. `entry` is its row in the event log, if it has one. */
  dispatch(entry: LoggedEvent | undefined, { changes, quiet }: Pick<Occurrence, 'changes' | 'quiet'>): void {
    const source = { at: entry?.at ?? this.#clock.now(), seqs: entry === undefined ? [] : [entry.seq] };
    for (const change of changes) {
      if (change.type === 'domainState' || change.type === 'domainDeleted') this.#dispatchVm(change, source);
      if (change.type === 'domainState') this.#dispatchGuest(change, source);
      if (this.#enabled) this.#dispatchChange(change, source);
    }
    if (entry !== undefined && quiet !== true && this.#enabled && this.#events.has(entry.kind)) {
      this.#offer(() => this.#builder.event(entry), {
        family: `event/${entry.subjectUuid}/${entry.name}`,
        variant: '',
        lasting: false,
        exempt: false,
        ...source,
        domainIndexes: entry.domainIndex > 0 ? [entry.domainIndex] : [],
      });
    }
  }

  /** Sends what is gathered and held off, and waits a moment for it to leave. What does not is left to the queue. */
  async close(): Promise<void> {
    this.#bulks.flush();
    this.#holdOff.close();
    this.#closed = true;
    clearTimeout(this.#summaryTimer);
    await this.#queue.drain(drainMs);
    this.#queue.detach();
  }

  #dispatchVm(change: DomainStateChanged | DomainDeleted, source: Source): void {
    if (!this.#options.vmMib) return;
    const state = change.type === 'domainDeleted' ? 'deleted' : change.operState;
    if (change.type === 'domainState' && change.operState === change.oldOperState) return;
    if (!hasVmNotification(state)) return;
    let isStorm = false;
    if (this.#bulk) {
      const count = this.#bulks.add(state, change.domain.index, source.seqs[0]);
      isStorm = count >= this.#options.bulkThreshold;
    }
    // In a storm the bulk notification names every virtual machine; one more each would only be noise.
    if (!this.#perVm || isStorm) return;
    this.#offer(() => this.#builder.perVm(change), {
      family: `vm/${change.domain.index}`,
      variant: state,
      lasting: true,
      exempt: false,
      ...source,
      domainIndexes: [change.domain.index],
    });
  }

  #dispatchGuest(change: DomainStateChanged, source: Source): void {
    if (!this.#options.libvirtMib || change.state === change.oldState) return;
    this.#offer(() => this.#builder.guest(change), {
      family: `guest/${change.domain.index}`,
      variant: change.state,
      lasting: true,
      exempt: false,
      ...source,
      domainIndexes: [change.domain.index],
    });
  }

  #dispatchBulk(bulk: Bulk): void {
    const { state, indexes, seqs } = bulk;
    if (!this.#bulk || this.#closed || !hasVmNotification(state)) return;
    if (this.#perVm && indexes.size < this.#options.bulkThreshold) return;
    this.#emit(() => this.#builder.bulk(state, indexes), {
      family: 'bulk',
      variant: state,
      lasting: false,
      exempt: true,
      at: this.#clock.now(),
      seqs,
      domainIndexes: [...indexes],
    });
  }

  #dispatchChange(change: Change, source: Source): void {
    if (!hasExtensionNotification(change)) return;
    this.#offer(() => this.#builder.change(change), {
      ...familyOf(change),
      exempt: change.type === 'connection',
      ...source,
      domainIndexes: 'domain' in change ? [change.domain.index] : [],
    });
  }

  #offer(build: () => NotificationContent | undefined, about: About): void {
    const { family, variant, lasting } = about;
    this.#holdOff.offer({ family, variant, lasting, send: () => this.#emit(build, about) });
  }

  #emit(build: () => NotificationContent | undefined, about: About): void {
    // The agent that answers tells of it as well.
    if (this.#closed || (this.#options.standby && !this.#queue.isAsked)) return;
    const content = build();
    if (content === undefined) return;
    if (!about.exempt && !this.#rate.admit()) {
      this.#suppress();
      return;
    }
    const { at, seqs, domainIndexes, family, lasting } = about;
    try {
      this.#queue.push({ at, content, seqs, domainIndexes, family: lasting ? family : '' });
    } catch (error) {
      this.#logger.error({ about: family, error: errorText(error) }, 'a notification cannot be sent');
    }
  }

  #suppress(): void {
    this.#queue.counters.suppressed += 1;
    this.#summariseLater();
  }

  #summariseLater(): void {
    this.#onStatus();
    if (this.#summaryTimer !== undefined || this.#closed) return;
    const sinceLastMs = this.#clock.monotonicMs() - this.#summaryAt;
    this.#summaryTimer = setTimeout(
      () => this.#summarise(),
      Math.max(summaryDelayMs, summaryIntervalMs - sinceLastMs),
    );
    this.#summaryTimer.unref();
  }

  #summarise(): void {
    this.#summaryTimer = undefined;
    this.#summaryAt = this.#clock.monotonicMs();
    if (!this.#enabled) return;
    const { suppressed } = this.#queue.counters;
    this.#emit(() => this.#builder.suppressed(suppressed, this.#log.newestSeq), {
      at: this.#clock.now(),
      family: 'summary',
      variant: '',
      lasting: false,
      exempt: true,
      seqs: [],
      domainIndexes: [],
    });
  }
}

/** libvirt has two forms of these events, of which one is logged: who chooses either means both. */
function withTwins(events: ReadonlySet<EventKind>): ReadonlySet<EventKind> {
  const all = new Set(events);
  for (const [first, second] of [
    ['ioError', 'ioErrorReason'],
    ['blockJob', 'blockJob2'],
  ] as const) {
    if (!all.has(first) && !all.has(second)) continue;
    all.add(first).add(second);
  }
  return all;
}

function familyOf(change: ExtensionChange): Pick<About, 'family' | 'variant' | 'lasting'> {
  switch (change.type) {
    case 'domainState':
      return {
        family: `state/${change.domain.index}`,
        variant: `${change.state}/${change.severity}`,
        lasting: true,
      };
    case 'diskError':
      return { family: diskFamily(change), variant: change.code, lasting: true };
    case 'diskErrorCleared':
      return { family: diskFamily(change), variant: 'cleared', lasting: true };
    case 'jobCompleted':
      return { family: `job/${change.domain.index}/${change.operation}`, variant: '', lasting: false };
    case 'blockThreshold':
      return { family: `threshold/${change.domain.index}/${change.diskIndex}`, variant: '', lasting: false };
    case 'guestAgent':
      return { family: `agent/${change.domain.index}`, variant: change.state, lasting: true };
    case 'connection':
      return { family: 'connection', variant: String(change.up), lasting: true };
    case 'poolState':
      return { family: `pool/${change.poolIndex}`, variant: change.state, lasting: true };
  }
}

function diskFamily(change: {
  readonly domain: { readonly index: number };
  readonly diskIndex: number;
}): string {
  return `disk/${change.domain.index}/${change.diskIndex}`;
}
