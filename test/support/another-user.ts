import { execFile } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { repositoryPath } from '../lab/mib-path.ts';

/** Uid and gid of nobody who has a name. */
const another = 54_321;

/**
 * Runs a module as another user, which takes root. What it imports it names from the top of the checkout.
 *
 * @returns what it writes to standard output.
 */
export async function runAsAnotherUser(contents: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'another-user-'));
  try {
    // In one file, since others than root may not read a checkout.
    const outfile = join(directory, 'module.mjs');
    const stdin = { contents, resolveDir: repositoryPath };
    await build({ stdin, outfile, bundle: true, platform: 'node', format: 'esm', logLevel: 'silent' });
    for (const path of [directory, outfile]) await chmod(path, 0o755);
    // Not by process.setuid(): Node.js of some builds refuses that.
    const ids = [`--reuid=${another}`, `--regid=${another}`, '--clear-groups'];
    const { stdout } = await promisify(execFile)('setpriv', [...ids, process.execPath, outfile], {
      cwd: directory,
    });
    return stdout;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
