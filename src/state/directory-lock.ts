import { randomUUID } from 'node:crypto';
import {
  access,
  constants,
  link,
  lstat,
  readFile,
  readlink,
  rename,
  unlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { bootId } from '../run/boot-id.ts';
import { parseSaved } from './saved-json.ts';
import { StateDirectoryError, systemText, unusableDirectory } from './state-directory-error.ts';
import { hasCode, keepAside, makeDirectory, readStateFile } from './state-file.ts';

/** Who holds the lock. A process is the same only if its start time is, because numbers are reused. */
interface LockOwner {
  readonly pid: number;
  /** Field 22 of /proc/PID/stat: clock ticks since boot. */
  readonly startTicks: string;
  readonly bootId: string;
  readonly pidNamespace: string;
}

const lockName = 'lock';
const maxAttempts = 5;
/**
 * Another process that found the same stale lock may take a new one away by mistake, before it notices and
 * puts it back. After this time that is over.
 */
const settleMs = 50;

/** Holders of the lock touch it more often than that, in milliseconds. */
const freshMs = 30_000;

export interface TakeOptions {
  /** Told of what was in the place of the lock and was none, and of its new name. */
  readonly onMoved?: (from: string, to: string) => void;
  /**
   * Whether this agent had the lock a moment ago. Processes of another container cannot be seen; one that has taken the
   * lock meanwhile is one that runs, while one that was there before may be what this one was before a restart.
   */
  readonly hadIt?: boolean;
}

/**
 * Files of attempts that could not be removed, by directory: the next attempt uses them again. A directory in which nothing
 * can be removed would fill up.
 */
const remaining = new Map<string, string>();

/** Longer than what any agent writes into its lock. */
const maxLockBytes = 4096;

/**
 * The right to write into a state directory, which only one agent at a time has: two would give different domains
 * the same number. A file named `lock` says who has it.
 */
export class DirectoryLock {
  readonly #lockPath: string;
  readonly #token: string;

  private constructor(lockPath: string, token: string) {
    this.#lockPath = lockPath;
    this.#token = token;
  }

  /**
   * Creates the directory if needed, checks that it can be written and takes its lock. The lock of a
   * process that no longer exists is taken over, and what is no lock is moved out of the way.
   *
   * @throws StateDirectoryError if another agent has it, or if the directory cannot be created or written.
   */
  static async take(path: string, options: TakeOptions = {}): Promise<DirectoryLock> {
    try {
      await makeDirectory(path);
      await access(path, constants.R_OK | constants.W_OK | constants.X_OK);
      const token = JSON.stringify({ ...(await thisProcess()), nonce: randomUUID() });
      const lockPath = join(path, lockName);
      await takeLock(path, lockPath, token, options);
      return new DirectoryLock(lockPath, token);
    } catch (error) {
      throw error instanceof StateDirectoryError ? error : unusableDirectory(path, error);
    }
  }

  /**
   * Whether the file still says so: a person may have removed the directory, or another agent taken it over. If it does,
   * the file is touched, for those that cannot see this process.
   */
  async isHeld(): Promise<boolean> {
    if ((await readLock(this.#lockPath)) !== this.#token) return false;
    const now = new Date();
    await utimes(this.#lockPath, now, now).catch(() => undefined);
    return true;
  }

  /** Gives the lock back. */
  async release(): Promise<void> {
    if (await this.isHeld().catch(() => false)) await unlink(this.#lockPath).catch(() => undefined);
  }
}

/** The process that has the lock of a directory now; undefined if none has, or if this user may not look. */
export async function lockHolder(path: string): Promise<number | undefined> {
  try {
    const held = await readLock(join(path, lockName));
    const owner = typeof held === 'string' ? parseOwner(held) : undefined;
    return owner !== undefined && (await isAlive(owner)) ? owner.pid : undefined;
  } catch {
    return undefined;
  }
}

/** Stands for a lock that is no file: a FIFO, a dangling link, a directory. */
const noFile = Symbol('no file');

async function takeLock(
  path: string,
  lockPath: string,
  token: string,
  { onMoved, hadIt }: TakeOptions,
): Promise<void> {
  const own = remaining.get(path) ?? join(path, `.${lockName}.${process.pid}.${randomUUID()}`);
  remaining.delete(path);
  await writeFile(own, token, { mode: 0o600 });
  try {
    for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
      // link() is atomic and fails if the name exists: it is the lock.
      if (await linked(own, lockPath)) {
        await sleep(settleMs);
        if ((await areOne(own, lockPath)) || (await readLock(lockPath)) === token) return;
        continue;
      }
      const held = await readLock(lockPath);
      if (held === undefined) continue;
      if (held === noFile) {
        const aside = await keepAside(lockPath);
        if (aside !== undefined) {
          onMoved?.(lockPath, aside);
          continue;
        }
        throw new StateDirectoryError(
          'unusable',
          `${lockPath} is not a file and cannot be moved away`,
          `Remove ${lockPath}.`,
        );
      }
      const owner = parseOwner(held);
      if (owner !== undefined && (await isAlive(owner))) throw locked(path, owner);
      if (hadIt === true && owner !== undefined && (await isElsewhere(owner, lockPath))) {
        throw lockedElsewhere(path, owner);
      }
      await removeStale(path, lockPath, held);
    }
  } finally {
    await unlink(own).catch((error: unknown) => {
      if (!hasCode(error, 'ENOENT')) remaining.set(path, own);
    });
  }
  throw new StateDirectoryError(
    'locked',
    `${path} is being locked by several processes at once`,
    'Start one agent per state directory.',
  );
}

/**
 * Takes a stale lock away, unless another process has just replaced it.
 *
 * @throws StateDirectoryError if it cannot be taken away: what it says is nobody's, and yet it stands in the way.
 */
async function removeStale(path: string, lockPath: string, stale: string): Promise<void> {
  const aside = join(path, `.${lockName}.stale.${randomUUID()}`);
  try {
    await rename(lockPath, aside);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return;
    throw new StateDirectoryError(
      'unusable',
      `${lockPath} is of a process that is gone, and cannot be removed: ${systemText(error)}`,
      `Remove ${lockPath}, and make the directory writable for the user of the agent (uid ${process.getuid?.() ?? 'unknown'}).`,
      { cause: error },
    );
  }
  if ((await readLock(aside)) !== stale) await linked(aside, lockPath);
  await unlink(aside).catch(() => undefined);
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    throw error;
  }
}

/**
 * Whether both names are of one file. That takes no descriptor: where no more files can be opened, a lock that is taken and
 * then not understood would stand in the way of its own agent.
 */
async function areOne(one: string, other: string): Promise<boolean> {
  try {
    const [its, others] = await Promise.all([lstat(one), lstat(other)]);
    return its.dev === others.dev && its.ino === others.ino;
  } catch {
    return false;
  }
}

async function readLock(path: string): Promise<string | typeof noFile | undefined> {
  try {
    if (!(await lstat(path)).isFile()) return noFile;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
  const content = await readStateFile(path, maxLockBytes);
  switch (content.kind) {
    case 'absent':
      return undefined;
    case 'text':
      return content.text;
    case 'unreadable':
      if (content.error === undefined) return noFile;
      throw hasCode(content.error, 'EACCES') ? unreadable(path, content.error) : content.error;
  }
}

function unreadable(lockPath: string, error: Error): StateDirectoryError {
  return new StateDirectoryError(
    'permission',
    `${lockPath} cannot be read: ${systemText(error)}`,
    `Give ${lockPath} to the user of the agent (uid ${process.getuid?.() ?? 'unknown'}), or remove it if no agent uses the directory.`,
    { cause: error },
  );
}

function parseOwner(text: string): LockOwner | undefined {
  try {
    const value: unknown = parseSaved(text);
    if (typeof value !== 'object' || value === null || !('pid' in value)) return undefined;
    const owner = value as Partial<LockOwner>;
    if (typeof owner.pid !== 'number') return undefined;
    return {
      pid: owner.pid,
      startTicks: String(owner.startTicks),
      bootId: String(owner.bootId),
      pidNamespace: String(owner.pidNamespace),
    };
  } catch {
    return undefined;
  }
}

async function thisProcess(): Promise<LockOwner> {
  return {
    pid: process.pid,
    startTicks: (await startTicks(process.pid)) ?? '',
    bootId: await bootId(),
    pidNamespace: await pidNamespace(),
  };
}

async function isAlive(owner: LockOwner): Promise<boolean> {
  if (owner.bootId !== (await bootId())) return false;
  // Numbers of another namespace mean nothing here: a restarted container must not lock itself out.
  if (owner.pidNamespace !== (await pidNamespace())) return false;
  return (await startTicks(owner.pid)) === owner.startTicks;
}

/** Whether it is a process that this one cannot see, and that has touched its lock just now. */
async function isElsewhere(owner: LockOwner, lockPath: string): Promise<boolean> {
  if (owner.bootId !== (await bootId()) || owner.pidNamespace === (await pidNamespace())) return false;
  const { mtimeMs } = await lstat(lockPath);
  return Math.abs(Date.now() - mtimeMs) < freshMs;
}

async function startTicks(pid: number): Promise<string | undefined> {
  try {
    const text = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The command name, in parentheses, may hold spaces and parentheses.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return fields[19];
  } catch {
    return undefined;
  }
}

async function pidNamespace(): Promise<string> {
  return readlink('/proc/self/ns/pid').catch(() => '');
}

function lockedElsewhere(path: string, owner: LockOwner): StateDirectoryError {
  return new StateDirectoryError(
    'locked',
    `${path} is in use by process ${owner.pid} of another container`,
    'Give each agent a state directory of its own.',
  );
}

function locked(path: string, owner: LockOwner): StateDirectoryError {
  return new StateDirectoryError(
    'locked',
    `${path} is in use by process ${owner.pid}`,
    `Stop process ${owner.pid}, or give this agent a state directory of its own.`,
  );
}
