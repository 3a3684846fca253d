import { chmodSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const prefix = 'lvx-';

/** A private directory of one lab. `[Symbol.asyncDispose]` removes it with all its content. */
export interface LabDirectory {
  readonly path: string;
  /** A path inside, with its parent directories created. */
  file(...names: readonly string[]): string;
  /** A directory inside, created. */
  directory(...names: readonly string[]): string;
  remove(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Makes a directory for sockets, configurations and logs. The name is kept short, because a
 * UNIX socket's path holds 107 bytes at most; it carries our process id, so that directories of runs
 * which were killed can be told and are swept here.
 */
export async function makeLabDirectory(): Promise<LabDirectory> {
  await sweepAbandoned(tmpdir(), prefix);
  const path = await mkdtemp(join(tmpdir(), `${prefix}${process.pid}-`));
  const remove = () => rm(path, { recursive: true, force: true, maxRetries: 5 });
  return {
    path,
    file(...names) {
      makeDirectories(path, names.slice(0, -1));
      return join(path, ...names);
    },
    directory(...names) {
      makeDirectories(path, names);
      return join(path, ...names);
    },
    remove,
    [Symbol.asyncDispose]: remove,
  };
}

/** Others can enter them once they can enter the first one, whatever the umask of this process is. */
function makeDirectories(path: string, names: readonly string[]): void {
  for (const [at] of names.entries()) {
    const made = join(path, ...names.slice(0, at + 1));
    if (existsSync(made)) continue;
    mkdirSync(made, { recursive: true });
    chmodSync(made, 0o755);
  }
}

/** Removes what killed runs have left in a directory: what is named by a prefix, their process id and a hyphen. */
export async function sweepAbandoned(directory: string, prefixOfNames: string): Promise<void> {
  for (const name of readdirSync(directory)) {
    if (!name.startsWith(prefixOfNames)) continue;
    const owner = /^(\d+)-/.exec(name.slice(prefixOfNames.length))?.[1];
    if (owner === undefined || isAlive(Number(owner))) continue;
    await rm(join(directory, name), { recursive: true, force: true }).catch(() => {});
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
