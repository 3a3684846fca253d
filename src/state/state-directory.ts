import { randomUUID } from 'node:crypto';
import { access, constants, link, readFile, readlink, rename, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DaemonError, errorText } from '../errors.ts';
import { makeDirectory } from './state-file.ts';

/** The state directory cannot be used. `reason` tells whether that is worth going on without it. */
export class StateDirectoryError extends DaemonError {
  readonly reason: 'locked' | 'permission' | 'unusable';
  /** A sentence for the operator. */
  readonly remedy: string;

  constructor(
    reason: StateDirectoryError['reason'],
    message: string,
    remedy: string,
    options?: ErrorOptions,
  ) {
    super('STATE_UNUSABLE', message, options);
    this.reason = reason;
    this.remedy = remedy;
  }
}

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

/**
 * The directory in which the agent keeps what must survive a restart. Only one agent at a time may use it:
 * two would give different domains the same number.
 */
export class StateDirectory {
  readonly path: string;
  readonly #lockPath: string;
  readonly #token: string;
  #closed = false;

  private constructor(path: string, lockPath: string, token: string) {
    this.path = path;
    this.#lockPath = lockPath;
    this.#token = token;
  }

  /**
   * Creates the directory if needed, checks that it can be written and takes its lock. The lock of a
   * process that no longer exists is taken over.
   *
   * @throws StateDirectoryError if another agent uses it, or if it cannot be created or written.
   */
  static async open(path: string): Promise<StateDirectory> {
    try {
      await makeDirectory(path);
      await access(path, constants.R_OK | constants.W_OK | constants.X_OK);
      const token = JSON.stringify({ ...(await thisProcess()), nonce: randomUUID() });
      const lockPath = join(path, lockName);
      await takeLock(path, lockPath, token);
      return new StateDirectory(path, lockPath, token);
    } catch (error) {
      throw error instanceof StateDirectoryError ? error : unusable(path, error);
    }
  }

  /** Gives the lock back. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    if ((await readLock(this.#lockPath)) === this.#token) await unlink(this.#lockPath).catch(() => undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

async function takeLock(path: string, lockPath: string, token: string): Promise<void> {
  const own = join(path, `.${lockName}.${process.pid}.${randomUUID()}`);
  await writeFile(own, token, { mode: 0o600 });
  try {
    for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
      // link() is atomic and fails if the name exists: it is the lock.
      if (await linked(own, lockPath)) {
        await sleep(settleMs);
        if ((await readLock(lockPath)) === token) return;
        continue;
      }
      const held = await readLock(lockPath);
      if (held === undefined) continue;
      const owner = parseOwner(held);
      if (owner !== undefined && (await isAlive(owner))) throw locked(path, owner);
      await removeStale(path, lockPath, held);
    }
  } finally {
    await unlink(own).catch(() => undefined);
  }
  throw new StateDirectoryError(
    'locked',
    `${path} is being locked by several processes at once`,
    'Start one agent per state directory.',
  );
}

/** Takes a stale lock away, unless another process has just replaced it. */
async function removeStale(path: string, lockPath: string, stale: string): Promise<void> {
  const aside = join(path, `.${lockName}.stale.${randomUUID()}`);
  try {
    await rename(lockPath, aside);
  } catch {
    return;
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

async function readLock(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

function parseOwner(text: string): LockOwner | undefined {
  try {
    const value: unknown = JSON.parse(text);
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

async function bootId(): Promise<string> {
  return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '')).trim();
}

async function pidNamespace(): Promise<string> {
  return readlink('/proc/self/ns/pid').catch(() => '');
}

function locked(path: string, owner: LockOwner): StateDirectoryError {
  return new StateDirectoryError(
    'locked',
    `${path} is in use by process ${owner.pid}`,
    `Stop process ${owner.pid}, or give this agent a state directory of its own.`,
  );
}

function unusable(path: string, error: unknown): StateDirectoryError {
  if (hasCode(error, 'EACCES') || hasCode(error, 'EPERM') || hasCode(error, 'EROFS')) {
    return new StateDirectoryError(
      'permission',
      `${path} cannot be written: ${errorText(error)}`,
      `Make ${path} writable for the user of the agent (uid ${process.getuid?.() ?? 'unknown'}), or set ` +
        'state.directory to another one.',
      { cause: error },
    );
  }
  return new StateDirectoryError(
    'unusable',
    `${path} cannot be used: ${errorText(error)}`,
    'Set state.directory to a directory on a local file system.',
    { cause: error },
  );
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
