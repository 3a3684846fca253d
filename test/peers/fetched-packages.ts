import { existsSync, mkdirSync } from 'node:fs';
import { cacheDirectory } from '../lab/cache-directory.ts';
import { run } from '../lab/process.ts';

// Programs of others that tests or measurements use, and nothing else: they are downloaded into the cache when they are
// first needed. Nothing is installed, and no service is started.

/** The directory that Debian packages are unpacked in. */
export async function debianRoot(name: string, packages: readonly string[]): Promise<string> {
  const directory = cacheDirectory(name);
  const root = `${directory}/root`;
  if (existsSync(root)) return root;
  await run('rm', ['-rf', `${root}.part`]);
  mkdirSync(`${root}.part/debs`, { recursive: true });
  const script =
    'set -e; cd "$1"; shift; apt-get download "$@"; for file in *.deb; do dpkg -x "$file" ..; done';
  await run('sh', ['-c', script, 'sh', `${root}.part/debs`, ...packages]);
  await run('mv', [`${root}.part`, root]);
  return root;
}

/** The file of a package of npm, `name@version`. */
export async function npmFile(name: string, specifier: string, file: string): Promise<string> {
  const directory = cacheDirectory(name);
  const path = `${directory}/node_modules/${specifier.replace(/(?<=.)@[^@]*$/, '')}/${file}`;
  if (!existsSync(path))
    await run('npm', ['install', '--prefix', directory, '--no-audit', '--no-fund', specifier]);
  return path;
}
