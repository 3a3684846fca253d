import { spawnSync } from 'node:child_process';
import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { cacheDirectory } from '../lab/cache-directory.ts';

/** The releases of Zabbix that Debian brings. */
export const zabbixReleases = {
  '6.0': { suite: 'bookworm', php: 'php8.2' },
  '7.0': { suite: 'trixie', php: 'php8.4' },
} as const;

export type ZabbixRelease = keyof typeof zabbixReleases;

const packages = [
  'zabbix-server-pgsql',
  'postgresql',
  'php-cli',
  'php-pgsql',
  'php-bcmath',
  'php-gd',
  'php-mbstring',
  'php-xml',
  'php-curl',
  'fping',
  'snmptrapd',
  'libsnmp-perl',
];

/** The frontend is unpacked only: as a package it wants a web server. */
const frontend = 'cd /tmp && apt-get download zabbix-frontend-php && dpkg -x zabbix-frontend-php*.deb /';

/**
 * A Debian root with a Zabbix server, its frontend and PostgreSQL, made by mmdebstrap once and kept in the
 * cache. Takes a minute and 700 MB.
 */
export function zabbixRoot(release: ZabbixRelease): string {
  const directory = cacheDirectory('nms');
  const root = `${directory}/zabbix-${release}`;
  const complete = `${root}/.complete`;
  if (existsSync(complete)) return root;
  const fresh = `${root}.new`;
  rmSync(fresh, { recursive: true, force: true });
  rmSync(root, { recursive: true, force: true });
  const made = spawnSync(
    'mmdebstrap',
    [
      '--variant=minbase',
      `--include=${packages.join(',')}`,
      `--customize-hook=chroot "$1" sh -c '${frontend}'`,
      zabbixReleases[release].suite,
      fresh,
    ],
    { encoding: 'utf8' },
  );
  if (made.status !== 0) {
    throw new Error(`mmdebstrap could not make a root with Zabbix ${release}:\n${made.stderr ?? made.error}`);
  }
  writeFileSync(`${fresh}/.complete`, '');
  renameSync(fresh, root);
  return root;
}
