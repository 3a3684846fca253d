import { errorText } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { EventKind, LoggedEvent } from '../model/event.ts';
import type { NotifyStatus } from '../model/snapshot.ts';
import type { Clock } from '../run/clock.ts';
import type { OutgoingNotification } from '../tree/tree.ts';
import { type Bulk, BulkWindow } from './bulk-window.ts';
import { HoldOff } from './hold-off.ts';
import {
  type BuildNotification,
  type ExtensionChange,
  hasExtensionNotification,
  hasVmNotification,
  NotificationBuilder,
} from './notification-builder.ts';
import { NotificationQueue, type QueuedNotification } from './notification-queue.ts';
import type { NotifyOptions } from './notify-options.ts';
import type { Change, DomainDeleted, DomainStateChanged, Occurrence } from './occurrence.ts';
import { RateLimit } from './rate-limit.ts';

export interface DispatcherOptions {
  readonly notify: NotifyOptions;
  readonly build: BuildNotification;
  /** Sends one notification and waits for the master's response; rejects while there is no session. */
  readonly send: (notification: OutgoingNotification) => Promise<void>;
  /** Called when a notification that tells of an entry of the event log has been taken by the master. */
  readonly onNotified: (seq: number) => void;
  /** Called when {@link Dispatcher.status} changed. */
  readonly onStatus: () => void;
  /** lveEventNewestSeq */
  readonly newestSeq: () => number;
  /** What an earlier dispatcher was left with. */
  readonly unsent: readonly QueuedNotification[];
  readonly logger: Logger;
  readonly clock: Clock;
}

/** The switches that SNMP managers may set. */
export type NotifySwitch = 'lveNotifyEnable' | 'vmPerVMNotificationsEnabled' | 'vmBulkNotificationsEnabled';

/** What a notification is about, for throttling and for the indexes it refers to. */
interface About {
  readonly family: string;
  readonly variant: string;
  /** Whether the family describes a condition: see HoldOff. */
  readonly lasting: boolean;
  /** Not counted against the rate: it replaces many others, or without it the rest means little. */
  readonly exempt: boolean;
  readonly seqs: readonly number[];
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
  readonly #builder: NotificationBuilder;
  readonly #newestSeq: () => number;
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
  #sent = 0;
  #suppressed = 0;
  #summaryTimer: NodeJS.Timeout | undefined;
  #summaryAt = Number.NEGATIVE_INFINITY;
  #closed = false;

  constructor(options: DispatcherOptions) {
    const { notify, clock } = options;
    this.#options = notify;
    this.#builder = new NotificationBuilder(options.build);
    this.#newestSeq = options.newestSeq;
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
    this.#queue = new NotificationQueue({
      send: options.send,
      limit: notify.queueLimit,
      maxOutstanding: notify.maxOutstanding,
      unsent: options.unsent,
      logger: options.logger,
      onSent: (entry) => {
        this.#sent += 1;
        for (const seq of entry.seqs) options.onNotified(seq);
        this.#onStatus();
      },
      onDropped: () => this.#suppress(),
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
      sent: this.#sent,
      suppressed: this.#suppressed,
    };
  }

  /** Puts a switch into effect at once. */
  set(name: NotifySwitch, value: boolean): void {
    if (name === 'lveNotifyEnable') this.#enabled = value;
    else if (name === 'vmPerVMNotificationsEnabled') this.#perVm = value;
    else this.#bulk = value;
    this.#onStatus();
  }

  /** Whether there is a session with the master. */
  setMasterUp(up: boolean): void {
    this.#queue.setUp(up);
  }

  /** Whether a notification on its way names a domain. */
  refersTo(domainIndex: number): boolean {
    return this.#queue.refersTo(domainIndex);
  }

  /** Sends what an occurrence calls for. `entry` is its row in the event log, if it has one. */
  dispatch(entry: LoggedEvent | undefined, { changes, quiet }: Pick<Occurrence, 'changes' | 'quiet'>): void {
    const seqs = entry === undefined ? [] : [entry.seq];
    for (const change of changes) {
      if (change.type === 'domainState' || change.type === 'domainDeleted') this.#dispatchVm(change, seqs);
      if (this.#enabled) this.#dispatchChange(change, seqs);
    }
    if (entry !== undefined && quiet !== true && this.#enabled && this.#events.has(entry.kind)) {
      this.#offer(() => this.#builder.event(entry), {
        family: `event/${entry.subjectUuid}/${entry.name}`,
        variant: '',
        lasting: false,
        exempt: false,
        seqs,
        domainIndexes: entry.domainIndex > 0 ? [entry.domainIndex] : [],
      });
    }
  }

  /** Sends what is gathered and waits a moment for it to leave. Returns what the master has not taken. */
  async close(): Promise<readonly QueuedNotification[]> {
    this.#bulks.flush();
    this.#closed = true;
    clearTimeout(this.#summaryTimer);
    this.#holdOff.close();
    return this.#queue.drain(drainMs);
  }

  #dispatchVm(change: DomainStateChanged | DomainDeleted, seqs: readonly number[]): void {
    if (!this.#options.vmMib) return;
    const state = change.type === 'domainDeleted' ? 'deleted' : change.operState;
    if (change.type === 'domainState' && change.operState === change.oldOperState) return;
    if (!hasVmNotification(state)) return;
    let isStorm = false;
    if (this.#bulk) {
      const count = this.#bulks.add(state, change.domain.index, seqs[0]);
      isStorm = count >= this.#options.bulkThreshold;
    }
    // In a storm the bulk notification names every virtual machine; one more each would only be noise.
    if (!this.#perVm || isStorm) return;
    this.#offer(() => this.#builder.perVm(change), {
      family: `vm/${change.domain.index}`,
      variant: state,
      lasting: true,
      exempt: false,
      seqs,
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
      seqs,
      domainIndexes: [...indexes],
    });
  }

  #dispatchChange(change: Change, seqs: readonly number[]): void {
    if (!hasExtensionNotification(change)) return;
    this.#offer(() => this.#builder.change(change), {
      ...familyOf(change),
      exempt: change.type === 'connection',
      seqs,
      domainIndexes: 'domain' in change ? [change.domain.index] : [],
    });
  }

  #offer(build: () => OutgoingNotification | undefined, about: About): void {
    const { family, variant, lasting } = about;
    this.#holdOff.offer({ family, variant, lasting, send: () => this.#emit(build, about) });
  }

  #emit(build: () => OutgoingNotification | undefined, about: About): void {
    if (this.#closed) return;
    let notification: OutgoingNotification | undefined;
    try {
      notification = build();
    } catch (error) {
      this.#logger.error({ about: about.family, error: errorText(error) }, 'a notification cannot be built');
      return;
    }
    if (notification === undefined) return;
    if (!about.exempt && !this.#rate.admit()) {
      this.#suppress();
      return;
    }
    this.#queue.push(notification, about.seqs, about.domainIndexes);
  }

  #suppress(): void {
    this.#suppressed += 1;
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
    this.#emit(() => this.#builder.suppressed(this.#suppressed, this.#newestSeq()), {
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
