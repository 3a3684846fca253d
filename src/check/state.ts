import { constants } from 'node:fs';
import { access, open, readdir, stat, statfs, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Config } from '../config/config.ts';
import { errorText } from '../errors.ts';
import { late, within } from '../run/deadline.ts';
import { lockHolder } from '../state/directory-lock.ts';
import { isThere } from '../state/state-file.ts';
import { type Finding, foundProblem, inOrder } from './finding.ts';

const subject = 'state';

/** A file system that has not answered for this many milliseconds is complained about. */
const patienceMs = 10_000;

/** What systemd makes for the shipped unit (StateDirectory=). */
const madeBySystemd = '/var/lib/libvirt-agentx';

/** Files that the agent reads at its start. */
const stateFiles = ['indexes.json', 'events.jsonl', 'lock'];

/**
 * Whether the state directory can be used by this user. The directory itself is never made: one made by root, maybe,
 * would keep the agent out.
 */
export async function checkState(config: Config): Promise<readonly Finding[]> {
  const path = config.state.directory;
  const found = await within(patienceMs, findings(path));
  if (found !== late) return found;
  return [foundProblem(subject, `${path} has not answered for ${patienceMs / 1000} s`, 'state-silent')];
}

async function findings(path: string): Promise<readonly Finding[]> {
  const user = `uid ${process.getuid?.() ?? 'unknown'}`;
  try {
    if (!(await stat(path)).isDirectory()) {
      return [foundProblem(subject, `${path} is not a directory`, 'state-not-directory')];
    }
    await access(path, constants.R_OK | constants.W_OK | constants.X_OK);
    await tryWriting(path);
  } catch (error) {
    return [await directoryFinding(path, error, user)];
  }
  const holder = await lockHolder(path);
  const use = holder === undefined ? 'not in use' : `in use by the running agent (process ${holder})`;
  return [inOrder(subject, `${path} can be written; ${use}`), ...(await fileFindings(path))];
}

async function directoryFinding(path: string, error: unknown, user: string): Promise<Finding> {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT' && (await isThere(path))) {
    // A link to nothing, or a directory of the kernel's: neither can be made.
    return foundProblem(subject, `${path} cannot hold files: ${errorText(error)}`, 'state-not-directory');
  }
  if (code === 'ENOENT') {
    const text = `${path} does not exist yet`;
    if (path === madeBySystemd || (await canBeMade(path))) {
      return foundProblem(subject, text, 'state-missing', { path });
    }
    const why = `${text}, and this user cannot make it`;
    return foundProblem(subject, why, 'state-not-writable', { path, user });
  }
  const text = `${path} cannot be written by this user: ${errorText(error)}`;
  if (code === 'ENOSPC' || code === 'EDQUOT') return foundProblem(subject, text, 'state-full', { path });
  return foundProblem(subject, text, 'state-not-writable', { path, user });
}

/** Whether the nearest directory above that exists can be written. */
async function canBeMade(path: string): Promise<boolean> {
  const parent = dirname(path);
  try {
    await access(parent, constants.W_OK | constants.X_OK);
    return true;
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    return missing && parent !== path && (await canBeMade(parent));
  }
}

/** Permissions do not tell of a full or read-only file system, nor of attributes: only writing does. */
async function tryWriting(path: string): Promise<void> {
  const probe = join(path, `.check.${process.pid}`);
  const file = await open(probe, 'wx', 0o600);
  try {
    await file.writeFile('x'.repeat(4096));
    await file.sync();
  } finally {
    await file.close();
    await unlink(probe).catch(() => undefined);
  }
  const { bavail } = await statfs(path);
  if (bavail === 0) throw Object.assign(new Error('no room left but for root'), { code: 'ENOSPC' });
}

/** Files that the agent's user cannot read (root has run the agent once, perhaps), and what is none. */
async function fileFindings(path: string): Promise<readonly Finding[]> {
  const directory = await stat(path);
  const owner = `${directory.uid}:${directory.gid}`;
  const names = (await readdir(path)).filter((name) => stateFiles.includes(name));
  const found = await Promise.all(
    names.map(async (name): Promise<Finding | undefined> => {
      const file = join(path, name);
      const isFile = await stat(file).then(
        (found) => found.isFile(),
        () => false,
      );
      if (!isFile) return foundProblem(subject, `${file} is no file`, 'state-file-odd', { path: file });
      try {
        await access(file, constants.R_OK);
      } catch (error) {
        return foundProblem(subject, `${file}: ${errorText(error)}`, 'state-file-unreadable', {
          owner,
          path: file,
        });
      }
      const { uid } = await stat(file);
      // What root owns, root can read.
      if (uid === directory.uid || directory.uid === 0 || process.getuid?.() !== 0) return undefined;
      const text = `${file} belongs to uid ${uid}, its directory to uid ${directory.uid}`;
      return foundProblem(subject, text, 'state-file-foreign', { owner, path: file });
    }),
  );
  return found.flatMap((finding) => finding ?? []);
}
