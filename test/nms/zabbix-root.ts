import { debianRoot } from './debian-root.ts';

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
 * A Debian root with a Zabbix server, its frontend and PostgreSQL, kept in the cache: 700 MB.
 */
export function zabbixRoot(release: ZabbixRelease): string {
  const { suite } = zabbixReleases[release];
  return debianRoot({ name: `zabbix-${release}`, suite, packages, afterwards: frontend });
}
