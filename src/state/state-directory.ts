import { readdir, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { isOutOfFiles } from '../errors.ts';
import type { Logger } from '../log.ts';
import { backoffDelayMs, reconnectBackoff } from '../run/backoff.ts';
import { late, within } from '../run/deadline.ts';
import { DirectoryLock } from './directory-lock.ts';
import { inFileTurn } from './file-turns.ts';
import { StateDirectoryError } from './state-directory-error.ts';
import { leftover } from './state-file.ts';
import type { StatePlace } from './state-place.ts';

export interface StateDirectoryOptions {
  readonly logger: Logger;
  /** Told why nothing can be saved (a sentence for the operator), and with undefined when it can again. */
  readonly onProblem?: (problem: string | undefined) => void;
  /** Milliseconds between two looks at whether the directory is still there and this agent's. */
  readonly checkMs?: number;
  /** A file system that has not answered for this many milliseconds is complained about. */
  readonly patienceMs?: number;
  /** Aborted when nobody wants the directory any more: one that has not answered by then is waited for no longer. */
  readonly signal?: AbortSignal;
}

/**
 * Attempts that have not been answered, by path. Each keeps a thread of the process, of which there are four, until the
 * file system answers: one that is known to be silent is not asked again.
 */
const unanswered = new Map<string, Promise<void>>();

/** How long one that nobody wants any more is waited for all the same, in milliseconds: any that answers has by then. */
const abortedMs = 1000;

const defaultCheckMs = 10_000;
const defaultPatienceMs = 10_000;

/**
 * The directory in which the agent keeps what must survive a restart. Only one agent at a time may write there.
 * Where it cannot be written at first, or no longer, what is there can be read all the same, and the attempt to write
 * is repeated: a disk has room again, a person mends the permission or makes the directory anew.
 */
export class StateDirectory implements StatePlace {
  readonly path: string;
  readonly #logger: Logger;
  readonly #onProblem: (problem: string | undefined) => void;
  readonly #checkMs: number;
  readonly #patienceMs: number;
  readonly #listeners: (() => void)[] = [];
  readonly #lookers: (() => Promise<void>)[] = [];
  #lock: DirectoryLock | undefined;
  /** One that is not there, or could not be seen: it may come back with the directory. */
  #lost: DirectoryLock | undefined;
  #problem: StateDirectoryError | undefined;
  #failures = 0;
  #timer: NodeJS.Timeout | undefined;
  #checking: Promise<void> | undefined;
  #opened = false;
  #closed = false;

  private constructor(path: string, options: StateDirectoryOptions) {
    this.path = path;
    this.#logger = options.logger;
    this.#onProblem = options.onProblem ?? (() => undefined);
    this.#checkMs = options.checkMs ?? defaultCheckMs;
    this.#patienceMs = options.patienceMs ?? defaultPatienceMs;
  }

  /**
   * Takes the directory for this agent, or says through `onProblem` why nothing can be saved for now.
   *
   * @throws StateDirectoryError if another agent uses it, or if its file system does not answer: what it
   *   holds would be contradicted.
   */
  static async open(path: string, options: StateDirectoryOptions): Promise<StateDirectory> {
    const directory = new StateDirectory(path, options);
    const asked = unanswered.get(path);
    if (asked !== undefined) throw silent(path, directory.#patienceMs, asked);
    const acquiring = directory.#acquire();
    if ((await within(directory.#patienceMs, acquiring, options.signal)) === late) {
      directory.#closed = true;
      // What is only about to be taken is given back at once: a lock would stay, and the process not end in order.
      const isQuick = options.signal?.aborted === true && (await within(abortedMs, acquiring)) !== late;
      if (isQuick) throw silent(path, directory.#patienceMs);
      keepUntilAnswered(path, acquiring);
      throw silent(path, directory.#patienceMs, acquiring);
    }
    if (directory.#problem?.reason === 'locked') throw directory.#problem;
    directory.#opened = true;
    directory.#schedule();
    return directory;
  }

  /** Why nothing can be saved; undefined while it can. */
  get problem(): StateDirectoryError | undefined {
    return this.#problem;
  }

  get writable(): boolean {
    return this.#lock !== undefined;
  }

  onWritable(listener: () => void): void {
    this.#listeners.push(listener);
  }

  onLook(listener: () => Promise<void>): void {
    this.#lookers.push(listener);
  }

  /** Gives the directory back. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#checking;
    const lock = this.#lock ?? this.#lost;
    if (lock !== undefined) {
      const released = inFileTurn(this.path, async () => await lock.release());
      if ((await within(this.#patienceMs, released)) === late) {
        this.#report(silent(this.path, this.#patienceMs));
        await released;
      }
    }
    this.#lock = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #schedule(): void {
    if (this.#closed) return;
    const retryMs = backoffDelayMs(Math.max(0, this.#failures - 1), reconnectBackoff, Math.random);
    this.#timer = setTimeout(
      () => {
        this.#checking = this.#check().finally(() => {
          this.#checking = undefined;
          this.#schedule();
        });
      },
      this.writable ? this.#checkMs : Math.min(retryMs, this.#checkMs),
    );
    this.#timer.unref();
  }

  async #check(): Promise<void> {
    const done = this.#lookAfterLock();
    if ((await within(this.#patienceMs, done)) === late) {
      this.#report(silent(this.path, this.#patienceMs));
      await done;
      if (this.writable) this.#report(undefined);
    }
  }

  async #lookAfterLock(): Promise<void> {
    const lock = this.#lock;
    if (lock !== undefined) {
      // A file that cannot be opened now says nothing; taken for lost, the lock would stand in this agent's own way.
      const isHeld = await inFileTurn(this.path, async () => await lock.isHeld().catch(isOutOfFiles));
      if (isHeld) {
        for (const look of this.#lookers) await look();
        return;
      }
      this.#lock = undefined;
      this.#lost = lock;
    }
    if (!this.#closed) await this.#acquire();
  }

  async #acquire(): Promise<void> {
    try {
      const lock = await inFileTurn(this.path, async () => await this.#takeLock());
      if (lock === undefined) return;
      this.#lock = lock;
      this.#failures = 0;
      this.#report(undefined);
      for (const listener of this.#listeners) listener();
    } catch (error) {
      if (!(error instanceof StateDirectoryError)) throw error;
      this.#failures += 1;
      this.#report(error);
    }
  }

  /** Undefined if nobody wants it any more. */
  async #takeLock(): Promise<DirectoryLock | undefined> {
    // What was closed while it waited for its turn may have a successor already.
    if (this.#closed) return undefined;
    // Mounted again, or permitted again: its own lock must not stand in its way.
    if (await this.#lost?.isHeld().catch(() => false)) return this.#lost;
    const lock = await DirectoryLock.take(this.path, {
      hadIt: this.#lost !== undefined,
      onMoved: (from, to) =>
        this.#logger.warn(
          { file: from, keptAs: to },
          'what was in the place of the lock was none; it was moved',
        ),
    });
    if (this.#closed) {
      await lock.release();
      return undefined;
    }
    await removeLeftovers(this.path);
    return lock;
  }

  #report(problem: StateDirectoryError | undefined): void {
    if (problem?.message === this.#problem?.message) return;
    this.#problem = problem;
    if (problem === undefined) {
      this.#logger.info({ directory: this.path }, 'the state directory can be written again');
      this.#onProblem(undefined);
    } else if (this.#opened || problem.reason !== 'locked') {
      const { message, remedy } = problem;
      this.#logger.warn(
        { error: message, remedy },
        'nothing is saved: numbers of new rows may change at the next start',
      );
      this.#onProblem(`${message}. ${remedy}`);
    }
  }
}

function keepUntilAnswered(path: string, attempt: Promise<void>): void {
  const answered = attempt
    .catch(() => undefined)
    .then(() => {
      if (unanswered.get(path) === answered) unanswered.delete(path);
    });
  unanswered.set(path, answered);
}

function silent(path: string, ms: number, answered?: Promise<unknown>): StateDirectoryError {
  return new StateDirectoryError(
    'silent',
    `${path} has not answered for ${Math.round(ms / 1000)} s`,
    'See whether its file system (a network mount?) hangs; a local one never does.',
    answered === undefined ? {} : { answered },
  );
}

/** A file of another agent that takes the lock at this moment is younger. */
const lockLeftoverMs = 60_000;

/** What a process that was killed while it wrote has left. */
async function removeLeftovers(path: string): Promise<void> {
  const names = await readdir(path).catch(() => []);
  for (const name of names) {
    const file = join(path, name);
    // Only the holder of the lock writes these; any agent, the others.
    const isOld = name.startsWith('.lock.') && Date.now() - (await changedAt(file)) > lockLeftoverMs;
    if (leftover.test(name) || isOld) await unlink(file).catch(() => undefined);
  }
}

async function changedAt(path: string): Promise<number> {
  return await stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => Date.now(),
  );
}
