import { randomUUID } from 'node:crypto';
import { AgentxError } from '../agentx/errors.ts';
import type { SubagentState } from '../agentx/subagent.ts';
import { ConnectionLostError, errorText, NotSentError } from '../errors.ts';
import type { HeldNotification, HeldValue, NotificationContent } from '../events/held-notification.ts';
import type { Logger } from '../log.ts';
import { type Clock, systemClock } from '../run/clock.ts';
import { within } from '../run/deadline.ts';
import type { OutgoingNotification } from '../tree/tree.ts';
import { maxUnderWay, type NotificationMaster } from './notification-master.ts';

/** Keeps what the master has not taken: the event log. */
export interface NotificationLedger {
  /** What an earlier run left, oldest first. */
  readonly held: readonly HeldNotification[];
  hold(notification: HeldNotification): void;
  release(id: string): void;
  /** The master has taken a notification that tells of this entry of the log. */
  markNotified(seq: number): void;
}

export interface NotificationQueueOptions {
  readonly master: NotificationMaster;
  /** Gives a notification its OIDs; `appended` are objects beyond its OBJECTS clause. Throws if it cannot be sent. */
  readonly encode: (
    content: NotificationContent,
    appended: Readonly<Record<string, HeldValue>>,
  ) => OutgoingNotification;
  readonly logger: Logger;
  readonly clock?: Clock;
  /** The queue to another master or under another MIB whose place this one takes. */
  readonly previous?: NotificationQueue | undefined;
}

/** Who fills the queue; changes with each configuration. */
export interface QueueUser {
  readonly ledger: NotificationLedger;
  /** The oldest that wait are dropped when there are more. */
  readonly limit: number;
  /** The counters have changed, or entries of the log. */
  readonly onChange: () => void;
  /** A notification will never be sent. */
  readonly onDropped: () => void;
}

/** What is known of a notification before it is queued. */
export type NewNotification = Omit<HeldNotification, 'id'>;

/** What became of notifications since the program was started. */
export interface NotificationCounters {
  /** The master has taken them. */
  sent: number;
  /** They will never be sent. */
  suppressed: number;
}

/** A notification on its way. */
interface Letter extends HeldNotification {
  /** Ascends in the order of sending. */
  readonly order: number;
  /** When it was queued in this run, by the monotonic clock; undefined if it comes from another one. */
  readonly queuedMs: number | undefined;
  /** How often the session ended before the answer came. */
  attempts: number;
  /** Whether there was no master for it at first, or it comes from another run: it is late, and says so. */
  waited: boolean;
  /** Whether the master has already taken a later one about the same thing. */
  overtaken: boolean;
}

/** A notification that is on its way no more. */
interface Settled {
  readonly letter: Letter;
  readonly isTaken: boolean;
}

/** A notification that ends this many sessions is not tried again. */
const maxAttempts = 5;
/** A session that ended without word is looked for again after this, in milliseconds. */
const retryMs = 1000;

/**
 * The one queue of notifications: keeps them in order until the master has taken them, a bounded number under way, and is
 * patient while the master is away or stands still. It lives as long as the session with the master does, whatever
 * becomes of the configuration: what is under way must not be sent a second time.
 */
export class NotificationQueue {
  readonly counters: NotificationCounters;
  readonly #options: NotificationQueueOptions;
  readonly #clock: Clock;
  readonly #unwatch: () => void;
  #user: QueueUser | undefined;
  #waiting: Letter[] = [];
  readonly #underWay = new Map<string, Letter>();
  /** What became of notifications while nobody filled the queue. */
  #meanwhile: Settled[] = [];
  #lastOrder = 0;
  #up: boolean;
  #retryTimer: NodeJS.Timeout | undefined;
  #idle: (() => void)[] = [];
  #overflowing = false;
  #isClosed = false;

  constructor(options: NotificationQueueOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#up = options.master.state === 'registered';
    const { previous } = options;
    this.counters = previous?.counters ?? { sent: 0, suppressed: 0 };
    this.#waiting = (previous?.left ?? []).map((held) => this.#letter(held, true));
    this.#unwatch = options.master.onStateChange((state) => this.#onState(state));
    this.#pump();
  }

  /** Notifications that the master has not taken yet, in order. */
  get left(): readonly HeldNotification[] {
    return this.#letters().filter(({ overtaken }) => !overtaken);
  }

  /** Whether this agent is the one that the master asks. */
  get isAsked(): boolean {
    return this.#options.master.isAsked;
  }

  /** Whether a notification on its way names a domain. */
  refersTo(domainIndex: number): boolean {
    return this.#letters().some(({ domainIndexes }) => domainIndexes.includes(domainIndex));
  }

  /** Takes over what the ledger of a new user holds, and gives it what it does not. */
  attach(user: QueueUser): void {
    this.#user = user;
    const { ledger } = user;
    const known = new Map(this.#letters().map((letter) => [letter.id, letter]));
    const settled = new Map(this.#meanwhile.map((one) => [one.letter.id, one]));
    this.#meanwhile = [];
    const held = ledger.held;
    const heldIds = new Set(held.map(({ id }) => id));
    const earlier: Letter[] = [];
    for (const one of held) {
      const outcome = settled.get(one.id);
      const letter = known.get(one.id);
      if (outcome !== undefined) this.#settle(outcome);
      else if (letter?.overtaken === true) ledger.release(letter.id);
      else if (letter === undefined) {
        earlier.push({ ...this.#letter(one, true), order: earlier.length - held.length });
      }
    }
    for (const letter of known.values()) {
      // Another log would mark other events as told.
      if (!heldIds.has(letter.id)) this.#replace({ ...letter, seqs: [] }, ledger);
    }
    this.#waiting = [...earlier, ...this.#waiting];
    this.#dropExcess();
    this.#pump();
  }

  /** Nobody fills the queue any more; what is in it goes on its way all the same. */
  detach(): void {
    this.#user = undefined;
  }

  /** @throws if it cannot be sent. */
  push(notification: NewNotification): void {
    const letter = {
      ...this.#letter({ ...notification, id: randomUUID() }, !this.#up),
      queuedMs: this.#clock.monotonicMs(),
    };
    this.#options.encode(letter.content, {});
    this.#waiting.push(letter);
    this.#user?.ledger.hold(letter);
    this.#pump();
    this.#dropExcess();
  }

  /** Waits until the master has taken everything, at most `timeoutMs`. */
  async drain(timeoutMs: number): Promise<void> {
    if (!this.#up || this.#size === 0) return;
    await within(
      timeoutMs,
      new Promise<void>((resolve) => {
        this.#idle.push(resolve);
      }),
    );
  }

  /** Whether the session has ended: another queue takes the place of this one. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** The session will end: nothing is sent any more. */
  close(): void {
    this.#isClosed = true;
    this.#unwatch();
    clearTimeout(this.#retryTimer);
    this.#up = false;
  }

  get #size(): number {
    return this.#waiting.length + this.#underWay.size;
  }

  #letters(): readonly Letter[] {
    return [...this.#underWay.values(), ...this.#waiting].sort((a, b) => a.order - b.order);
  }

  #letter(held: HeldNotification, waited: boolean): Letter {
    this.#lastOrder += 1;
    return { ...held, order: this.#lastOrder, queuedMs: undefined, attempts: 0, waited, overtaken: false };
  }

  #replace(letter: Letter, ledger: NotificationLedger): void {
    if (this.#underWay.has(letter.id)) this.#underWay.set(letter.id, letter);
    else this.#waiting = this.#waiting.map((other) => (other.id === letter.id ? letter : other));
    if (!letter.overtaken) ledger.hold(letter);
  }

  #onState(state: SubagentState): void {
    clearTimeout(this.#retryTimer);
    this.#retryTimer = undefined;
    this.#up = state === 'registered';
    this.#pump();
  }

  #pump(): void {
    while (this.#up && this.#underWay.size < maxUnderWay) {
      const letter = this.#waiting.shift();
      if (letter === undefined) break;
      this.#send(letter);
    }
    if (this.#size === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }

  #send(letter: Letter): void {
    let outgoing: OutgoingNotification;
    try {
      outgoing = this.#options.encode(letter.content, letter.waited ? this.#lateness(letter) : {});
    } catch (error) {
      // It was in order when it was queued: other settings of the MIB, or a file that somebody changed.
      this.#drop(letter, errorText(error));
      return;
    }
    this.#underWay.set(letter.id, letter);
    this.#options.master.notify(outgoing).then(
      () => this.#taken(letter.id),
      (error: unknown) => this.#failed(letter.id, error),
    );
  }

  /** What tells receivers that something did not happen just now. */
  #lateness({ at, queuedMs }: Letter): Readonly<Record<string, HeldValue>> {
    const waitedMs = queuedMs === undefined ? this.#clock.now() - at : this.#clock.monotonicMs() - queuedMs;
    return { lveNotifyDelay: { value: Math.max(0, Math.round(waitedMs / 1000)) } };
  }

  #taken(id: string): void {
    const letter = this.#underWay.get(id);
    if (letter === undefined) return;
    this.#underWay.delete(id);
    this.#overflowing = false;
    this.counters.sent += 1;
    for (const other of this.#underWay.values()) {
      if (letter.family === '' || other.family !== letter.family || other.order > letter.order) continue;
      // Sent again, it would tell of a state that is over.
      other.overtaken = true;
      this.#user?.ledger.release(other.id);
    }
    this.#settle({ letter, isTaken: true });
    this.#pump();
  }

  #settle(settled: Settled): void {
    if (this.#user === undefined) {
      this.#meanwhile.push(settled);
      return;
    }
    const { letter, isTaken } = settled;
    const { ledger, onChange, onDropped } = this.#user;
    ledger.release(letter.id);
    if (isTaken) for (const seq of letter.seqs) ledger.markNotified(seq);
    else onDropped();
    onChange();
  }

  #failed(id: string, error: unknown): void {
    const letter = this.#underWay.get(id);
    if (letter === undefined) return;
    this.#underWay.delete(id);
    const isSessionOver =
      error instanceof ConnectionLostError ||
      (error instanceof AgentxError && error.resErrorName === 'notOpen');
    // One that was in line when the session ended is not what ended it.
    if (!(error instanceof NotSentError)) letter.attempts += 1;
    letter.waited = true;
    if (letter.overtaken) this.#pump();
    else if (!isSessionOver || letter.attempts >= maxAttempts) {
      this.#drop(letter, errorText(error));
      this.#pump();
    } else this.#putBack(letter);
  }

  /** Back to where it was: several that were under way fail together, in any order. */
  #putBack(letter: Letter): void {
    const at = this.#waiting.findIndex((other) => other.order > letter.order);
    this.#waiting.splice(at < 0 ? this.#waiting.length : at, 0, letter);
    this.#dropExcess();
    if (this.#isClosed) return;
    // The word that the session is over may still be on its way.
    this.#up = false;
    this.#retryTimer ??= setTimeout(() => this.#onState(this.#options.master.state), retryMs);
    this.#retryTimer.unref();
  }

  #drop(letter: Letter, reason: string): void {
    this.#options.logger.warn(
      { notification: letter.content.name, error: reason },
      'a notification is given up; the event log has what it tells',
    );
    this.#forget(letter);
  }

  #dropExcess(): void {
    const user = this.#user;
    while (user !== undefined && this.#waiting.length > user.limit) {
      const letter = this.#waiting.shift();
      if (letter === undefined) break;
      if (!this.#overflowing) {
        this.#overflowing = true;
        this.#options.logger.warn(
          { limit: user.limit },
          'the queue of notifications is full: the oldest are dropped',
        );
      }
      this.#forget(letter);
    }
  }

  #forget(letter: Letter): void {
    this.counters.suppressed += 1;
    this.#settle({ letter, isTaken: false });
  }
}
