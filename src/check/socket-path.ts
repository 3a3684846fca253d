import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/** What keeps this process from a UNIX socket, as far as the file system tells. */
export type PathProblem =
  | { readonly kind: 'missing'; readonly path: string }
  /** A directory on the way may not be entered. */
  | { readonly kind: 'directory'; readonly path: string; readonly owner: string }
  /** The socket itself may not be written, which connecting needs. */
  | { readonly kind: 'socket'; readonly path: string; readonly owner: string }
  | { readonly kind: 'notSocket'; readonly path: string };

/**
 * Looks at a socket and all directories above it, from the root downwards, for the first thing in the way.
 * Says nothing of whether anybody listens, nor of SELinux and AppArmor.
 */
export async function pathProblem(path: string): Promise<PathProblem | undefined> {
  for (const directory of parentsOf(path)) {
    if (await isAllowed(directory, constants.X_OK)) continue;
    const owner = await ownerOf(directory);
    return owner === undefined ? { kind: 'missing', path } : { kind: 'directory', path: directory, owner };
  }
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return { kind: 'missing', path };
  if (!found.isSocket()) return { kind: 'notSocket', path };
  if (await isAllowed(path, constants.W_OK)) return undefined;
  return { kind: 'socket', path, owner: ownership(found) };
}

/** `/var/agentx/master`: `/`, `/var`, `/var/agentx`. */
function parentsOf(path: string): readonly string[] {
  const parent = dirname(path);
  return parent === path ? [] : [...parentsOf(parent), parent];
}

async function isAllowed(path: string, mode: number): Promise<boolean> {
  try {
    await access(path, mode);
    return true;
  } catch {
    return false;
  }
}

async function ownerOf(path: string): Promise<string | undefined> {
  const found = await stat(path).catch(() => undefined);
  return found === undefined ? undefined : ownership(found);
}

/** `mode 0700, uid 0, gid 0` */
function ownership(found: { readonly mode: number; readonly uid: number; readonly gid: number }): string {
  return `mode ${(found.mode & 0o7777).toString(8).padStart(4, '0')}, uid ${found.uid}, gid ${found.gid}`;
}
