import type { Logger } from '../log.ts';
import type { EventLogView, LoggedEvent } from '../model/event.ts';
import type { EpochMs } from '../model/scalar-types.ts';
import { systemClock } from '../run/clock.ts';
import type { StatePlace } from '../state/state-place.ts';
import { EventLogFile, maxNameChars, maxTextChars } from './event-log-file.ts';
import type { HeldNotification } from './held-notification.ts';

/** An event before the log has given it a number. */
export type EventDraft = Omit<LoggedEvent, 'seq' | 'notified'>;

export interface EventLogOptions {
  /** Where the file of the log is; undefined keeps it in memory only. */
  readonly place: StatePlace | undefined;
  /** The oldest entry is removed when there are more; at least 1. */
  readonly maxEntries: number;
  /** Entries that are older are removed; 0 is no limit. */
  readonly maxAgeSec: number;
  readonly logger: Logger;
  /** Told when the log cannot be kept (a sentence for the operator), and with undefined when it can again. */
  readonly onProblem?: (problem: string | undefined) => void;
  /** Told when what an earlier run left could not be read as a whole (a sentence for the operator). */
  readonly onLoss?: (problem: string) => void;
  /** Called after every change: {@link EventLog.view} then gives a new view. */
  readonly onChange?: () => void;
  readonly now?: () => EpochMs;
  /** A file of more bytes is neither read nor written; default 128 MiB. */
  readonly maxFileBytes?: number;
}

const maxSeq = 4_294_967_295;

/** How often the log refers to one subject, and its newest entry. */
interface Subject {
  count: number;
  lastSeq: number;
}

/**
 * The event log: a ring bounded by count and age, in memory for reading and in a file for restarts. Adding
 * an entry is cheap and synchronous; views and file writes are made once per batch.
 */
export class EventLog {
  readonly #maxEntries: number;
  readonly #maxAgeSec: number;
  readonly #logger: Logger;
  readonly #now: () => EpochMs;
  readonly #onChange: () => void;
  readonly #onProblem: (problem: string | undefined) => void;
  readonly #onLoss: (problem: string) => void;
  readonly #place: StatePlace | undefined;
  readonly #file: EventLogFile | undefined;
  #entries: LoggedEvent[] = [];
  /** Entries before this position are removed; the array is cut when views are made. */
  #start = 0;
  #lastSeq = 0;
  #logged = 0;
  #view: EventLogView | undefined;
  #problem: string | undefined;
  #closed = false;
  readonly #subjects = new Map<string, Subject>();
  readonly #domains = new Map<number, number>();
  /** By id, oldest first. */
  readonly #held = new Map<string, HeldNotification>();

  private constructor(options: EventLogOptions) {
    this.#maxEntries = Math.max(1, options.maxEntries);
    this.#maxAgeSec = options.maxAgeSec;
    this.#logger = options.logger;
    this.#now = options.now ?? systemClock.now;
    this.#onChange = options.onChange ?? (() => undefined);
    this.#onProblem = options.onProblem ?? (() => undefined);
    this.#onLoss = options.onLoss ?? (() => undefined);
    this.#place = options.place;
    if (options.place !== undefined) {
      this.#file = new EventLogFile({
        place: options.place,
        entries: () => this.#entries.slice(this.#start),
        held: () => this.held,
        lastSeq: () => this.#lastSeq,
        ...(options.maxFileBytes === undefined ? {} : { maxFileBytes: options.maxFileBytes }),
        onProblem: (problem) => this.#report(problem),
        onForeign: (file) =>
          this.#logger.warn({ file }, 'somebody has removed or changed this file; it is written anew'),
      });
    }
  }

  /** Opens the log and reads what an earlier run left. Never throws for the state of the disk. */
  static async open(options: EventLogOptions): Promise<EventLog> {
    const log = new EventLog(options);
    await log.#read();
    return log;
  }

  /** Number of the newest event ever logged; 0 if there was none. */
  get lastSeq(): number {
    return this.#lastSeq;
  }

  /** Number of the newest entry; 0 if the log is empty. */
  get newestSeq(): number {
    return this.#entries.length > this.#start ? this.#lastSeq : 0;
  }

  /** Whether the log survives a restart of the agent. */
  get persistent(): boolean {
    return this.#place?.writable === true && this.#problem === undefined;
  }

  /** Why the log is not being kept; undefined while it is. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Adds an event and gives it its number. */
  append(draft: EventDraft): LoggedEvent {
    this.#own();
    this.#lastSeq = this.#lastSeq >= maxSeq ? 1 : this.#lastSeq + 1;
    const entry: LoggedEvent = {
      ...draft,
      seq: this.#lastSeq,
      name: cut(draft.name, maxNameChars),
      subjectName: cut(draft.subjectName, maxNameChars),
      text: cut(draft.text, maxTextChars),
      notified: false,
    };
    this.#entries.push(entry);
    this.#logged += 1;
    this.#count(entry);
    this.#file?.append(entry);
    this.#removeExcess();
    this.#onChange();
    return entry;
  }

  /** Says that a notification was sent for an event. */
  markNotified(seq: number): void {
    const at = this.#entries.findLastIndex((entry) => entry.seq === seq) - this.#start;
    const entry = this.#entries[this.#start + at];
    if (at < 0 || entry === undefined || entry.notified) return;
    this.#own();
    const notified = { ...entry, notified: true };
    this.#entries[this.#start + at] = notified;
    this.#file?.markNotified(notified);
    this.#onChange();
  }

  /** Notifications that the master has not taken, oldest first. They survive a restart as the entries do. */
  get held(): readonly HeldNotification[] {
    return [...this.#held.values()];
  }

  /** Keeps a notification until the master has taken it. */
  hold(notification: HeldNotification): void {
    this.#held.set(notification.id, notification);
    this.#file?.hold(notification);
  }

  /** The master has taken a notification, or it will never be sent. */
  release(id: string): void {
    if (this.#held.delete(id)) this.#file?.release(id);
  }

  /** Number of the newest event about a domain, pool or network (by UUID); 0 if the log has none. */
  lastSeqOf(uuid: string): number {
    return this.#subjects.get(uuid)?.lastSeq ?? 0;
  }

  /** Whether an entry refers to a domain's index. */
  refersTo(domainIndex: number): boolean {
    return this.#domains.has(domainIndex);
  }

  /** Removes entries that are too old. */
  prune(): void {
    this.#own();
    if (this.#removeExcess()) this.#onChange();
  }

  /** The log as it is now; the same object until something changes. */
  view(): EventLogView {
    if (this.#view !== undefined) return this.#view;
    this.#cut();
    this.#view = {
      maxEntries: this.#maxEntries,
      maxAgeSec: this.#maxAgeSec,
      persistent: this.persistent,
      logged: this.#logged,
      newestSeq: this.newestSeq,
      entries: this.#entries,
    };
    return this.#view;
  }

  /** Has everything saved anew: somebody has set the wall clock, whose times are saved. */
  saveAgain(): void {
    this.#file?.saveAgain();
  }

  /** Waits until everything is on disk, or known not to get there. */
  async flush(): Promise<void> {
    await this.#file?.flush();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#file?.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #read(): Promise<void> {
    if (this.#file === undefined) {
      this.#report('no state directory is in use: the event log is kept in memory only');
      return;
    }
    const { entries, lastSeq, held, problem } = await this.#file.read();
    if (problem !== undefined) {
      this.#logger.warn({ problem, entries: entries.length }, 'the event log could not be read completely');
      this.#onLoss(`Some logged events are lost: ${problem}.`);
    }
    this.#entries = [...entries];
    this.#lastSeq = lastSeq;
    for (const entry of entries) this.#count(entry);
    for (const one of held) this.#held.set(one.id, one);
    this.#removeExcess();
  }

  #removeExcess(): boolean {
    const before = this.#start;
    const oldest = this.#maxAgeSec > 0 ? this.#now() - this.#maxAgeSec * 1000 : Number.NEGATIVE_INFINITY;
    while (this.#start < this.#entries.length) {
      const entry = this.#entries[this.#start];
      if (entry === undefined) break;
      if (this.#entries.length - this.#start <= this.#maxEntries && entry.at >= oldest) break;
      this.#discount(entry);
      this.#start += 1;
    }
    return this.#start !== before;
  }

  /** Takes the removed entries out of the array. */
  #cut(): void {
    if (this.#start === 0) return;
    this.#entries = this.#entries.slice(this.#start);
    this.#start = 0;
  }

  /** Must come before any change: a view that has been handed out keeps its array. */
  #own(): void {
    if (this.#view === undefined) return;
    this.#entries = this.#entries.slice(this.#start);
    this.#start = 0;
    this.#view = undefined;
  }

  #count(entry: LoggedEvent): void {
    if (entry.domainIndex > 0) {
      this.#domains.set(entry.domainIndex, (this.#domains.get(entry.domainIndex) ?? 0) + 1);
    }
    if (entry.subjectUuid === '') return;
    const subject = this.#subjects.get(entry.subjectUuid);
    if (subject === undefined) {
      this.#subjects.set(entry.subjectUuid, { count: 1, lastSeq: entry.seq });
      return;
    }
    subject.count += 1;
    subject.lastSeq = entry.seq;
  }

  #discount(entry: LoggedEvent): void {
    if (entry.domainIndex > 0) {
      const left = (this.#domains.get(entry.domainIndex) ?? 1) - 1;
      if (left > 0) this.#domains.set(entry.domainIndex, left);
      else this.#domains.delete(entry.domainIndex);
    }
    const subject = this.#subjects.get(entry.subjectUuid);
    if (subject === undefined) return;
    subject.count -= 1;
    if (subject.count <= 0) this.#subjects.delete(entry.subjectUuid);
  }

  #report(problem: string | undefined): void {
    if (problem === this.#problem) return;
    this.#problem = problem;
    if (problem === undefined) this.#logger.info({}, 'the event log is saved again');
    else this.#logger.warn({ problem }, 'the event log is not saved');
    this.#onProblem(problem);
    this.#own();
    this.#onChange();
  }
}

/** In a string of its own: a part of a text is a reference into it, and would keep megabytes in memory for an entry. */
function cut(text: string, maxChars: number): string {
  return text.length <= maxChars ? text : Buffer.from(text.slice(0, maxChars), 'utf16le').toString('utf16le');
}
