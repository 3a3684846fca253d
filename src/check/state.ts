import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../config/config.ts';
import { errorText } from '../errors.ts';
import { readSmallFile } from '../run/small-file.ts';
import type { Finding } from './finding.ts';

const subject = 'state';

/**
 * Whether the state directory can be used. Only looks: a directory or a lock made here, by root maybe, could
 * keep the agent itself out.
 */
export async function checkState(config: Config): Promise<readonly Finding[]> {
  const path = config.state.directory;
  const user = `uid ${process.getuid?.() ?? 'unknown'}`;
  try {
    const found = await stat(path);
    if (!found.isDirectory()) {
      return [{ level: 'fail', subject, text: `${path} is not a directory`, remedy: otherDirectory }];
    }
    await access(path, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT') {
      const remedy = `The agent makes it if it may; with systemd, StateDirectory= does. Else: mkdir ${path} and chown it to the agent's user.`;
      return [{ level: 'warn', subject, text: `${path} does not exist yet`, remedy }];
    }
    const remedy = `Make it writable for the agent's user (this is ${user}); without it, index numbers change at each start.`;
    return [
      { level: 'warn', subject, text: `${path} cannot be written by this user: ${errorText(error)}`, remedy },
    ];
  }
  const owner = await lockOwner(join(path, 'lock'));
  const use = owner === undefined ? 'not in use' : `in use by the running agent (process ${owner})`;
  return [{ level: 'ok', subject, text: `${path} can be written; ${use}` }];
}

const otherDirectory = 'Set state.directory to a directory on a local file system.';

/** Process that holds the lock of the directory; undefined if none does. */
async function lockOwner(path: string): Promise<number | undefined> {
  try {
    const lock: unknown = JSON.parse(await readSmallFile(path, { patienceMs: 0 }));
    const pid = typeof lock === 'object' && lock !== null && 'pid' in lock ? Number(lock.pid) : Number.NaN;
    await stat(`/proc/${pid}`);
    return pid;
  } catch {
    return undefined;
  }
}
