import { spawnSync } from 'node:child_process';
import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { cacheDirectory } from '../lab/cache-directory.ts';

/** A root with packages of a Debian release. */
export interface DebianRoot {
  /** Of its directory in the cache. */
  readonly name: string;
  readonly suite: string;
  readonly packages: readonly string[];
  /** Commands for a shell in the new root. */
  readonly afterwards?: string;
}

/** The path of the root, which mmdebstrap makes once and the cache keeps. Takes a minute. */
export function debianRoot({ name, suite, packages, afterwards }: DebianRoot): string {
  const root = `${cacheDirectory('nms')}/${name}`;
  if (existsSync(`${root}/.complete`)) return root;
  const fresh = `${root}.new`;
  rmSync(fresh, { recursive: true, force: true });
  rmSync(root, { recursive: true, force: true });
  const made = spawnSync(
    'mmdebstrap',
    [
      '--variant=minbase',
      `--include=${packages.join(',')}`,
      ...(afterwards === undefined ? [] : [`--customize-hook=chroot "$1" sh -c '${afterwards}'`]),
      suite,
      fresh,
    ],
    { encoding: 'utf8' },
  );
  if (made.status !== 0) {
    throw new Error(`mmdebstrap could not make the root ${name}:\n${made.stderr ?? made.error}`);
  }
  writeFileSync(`${fresh}/.complete`, '');
  renameSync(fresh, root);
  return root;
}
