import { AgentxError } from '../agentx/errors.ts';
import { errorText } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { OutgoingNotification } from '../tree/tree.ts';

export interface NotificationQueueOptions {
  /** Sends one notification and waits for the master's response; rejects while there is no session. */
  readonly send: (notification: OutgoingNotification) => Promise<void>;
  /** The oldest is dropped when there are more. */
  readonly limit: number;
  /** Notifications without a response yet. More of them can block the master. */
  readonly maxOutstanding: number;
  readonly onSent: (entry: QueuedNotification) => void;
  readonly onDropped: (entry: QueuedNotification) => void;
  /** What another queue was left with, ascending by id. */
  readonly unsent?: readonly QueuedNotification[];
  readonly logger: Logger;
}

/** A notification on its way. */
export interface QueuedNotification {
  readonly id: number;
  readonly notification: OutgoingNotification;
  /** Entries of the event log that it tells of. */
  readonly seqs: readonly number[];
  /** Domains that it names. */
  readonly domainIndexes: readonly number[];
  /** How often the session ended before the response came. */
  attempts: number;
}

/** A notification that ends this many sessions is not tried again. */
const maxAttempts = 5;
/** A failure without word from the session is followed by another try after this. */
const retryMs = 1000;

/**
 * Keeps notifications in order until the master has taken them: bounded, with a bounded number under way,
 * and patient while the master is away.
 */
export class NotificationQueue {
  readonly #options: NotificationQueueOptions;
  #waiting: QueuedNotification[] = [];
  readonly #outstanding = new Map<number, QueuedNotification>();
  #nextId = 1;
  #up = false;
  #retryTimer: NodeJS.Timeout | undefined;
  #idle: (() => void)[] = [];
  #overflowing = false;

  constructor(options: NotificationQueueOptions) {
    this.#options = options;
    this.#waiting = [...(options.unsent ?? [])];
    this.#nextId = 1 + (this.#waiting.at(-1)?.id ?? 0);
  }

  /** Notifications that the master has not taken yet. */
  get size(): number {
    return this.#waiting.length + this.#outstanding.size;
  }

  /** Whether a notification on its way names a domain. */
  refersTo(domainIndex: number): boolean {
    const names = (entry: QueuedNotification): boolean => entry.domainIndexes.includes(domainIndex);
    return this.#waiting.some(names) || [...this.#outstanding.values()].some(names);
  }

  push(notification: OutgoingNotification, seqs: readonly number[], domainIndexes: readonly number[]): void {
    this.#waiting.push({ id: this.#nextId, notification, seqs, domainIndexes, attempts: 0 });
    this.#nextId += 1;
    this.#pump();
    this.#dropExcess();
  }

  /** Whether there is a session with the master. */
  setUp(up: boolean): void {
    this.#up = up;
    clearTimeout(this.#retryTimer);
    this.#retryTimer = undefined;
    if (up) this.#pump();
  }

  /**
   * Waits until everything has been taken, at most `timeoutMs`; then gives up.
   *
   * @returns what the master has not taken, ascending by id.
   */
  async drain(timeoutMs: number): Promise<readonly QueuedNotification[]> {
    if (this.#up && this.size > 0) {
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        this.#idle.push(resolve);
        timer = setTimeout(resolve, timeoutMs);
      });
      clearTimeout(timer);
    }
    clearTimeout(this.#retryTimer);
    this.#retryTimer = undefined;
    this.#up = false;
    return [...this.#outstanding.values(), ...this.#waiting].sort((a, b) => a.id - b.id);
  }

  #pump(): void {
    while (
      this.#up &&
      this.#retryTimer === undefined &&
      this.#outstanding.size < this.#options.maxOutstanding
    ) {
      const entry = this.#waiting.shift();
      if (entry === undefined) break;
      this.#outstanding.set(entry.id, entry);
      this.#options.send(entry.notification).then(
        () => this.#sent(entry),
        (error: unknown) => this.#failed(entry, error),
      );
    }
    if (this.size === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }

  #sent(entry: QueuedNotification): void {
    this.#outstanding.delete(entry.id);
    this.#overflowing = false;
    this.#options.onSent(entry);
    this.#pump();
  }

  #failed(entry: QueuedNotification, error: unknown): void {
    this.#outstanding.delete(entry.id);
    entry.attempts += 1;
    const isRefused = error instanceof AgentxError && error.resErrorName !== 'notOpen';
    if (isRefused || entry.attempts >= maxAttempts) {
      this.#options.logger.warn(
        { notification: entry.notification.name, error: errorText(error) },
        'the master does not take a notification',
      );
      this.#options.onDropped(entry);
      this.#pump();
      return;
    }
    // Back to where it was: several that were under way fail together, in any order.
    const at = this.#waiting.findIndex((other) => other.id > entry.id);
    this.#waiting.splice(at < 0 ? this.#waiting.length : at, 0, entry);
    this.#dropExcess();
    if (!this.#up || this.#retryTimer !== undefined) return;
    this.#retryTimer = setTimeout(() => {
      this.#retryTimer = undefined;
      this.#pump();
    }, retryMs);
    this.#retryTimer.unref();
  }

  #dropExcess(): void {
    while (this.#waiting.length > this.#options.limit) {
      const dropped = this.#waiting.shift();
      if (dropped === undefined) break;
      if (!this.#overflowing) {
        this.#overflowing = true;
        this.#options.logger.warn(
          { limit: this.#options.limit },
          'the queue of notifications is full: the oldest are dropped',
        );
      }
      this.#options.onDropped(dropped);
    }
  }
}
