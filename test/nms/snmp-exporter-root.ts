import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { repositoryPath } from '../lab/mib-path.ts';
import { debianRoot } from './debian-root.ts';

/** The releases of snmp_exporter that Debian brings, with what their files are called in contrib/prometheus/. */
export const snmpExporterReleases = {
  '0.21': { suite: 'bookworm', format: '0.21', config: 'snmp-0.21.yml', input: 'generator-0.21.yml' },
  '0.28': { suite: 'trixie', format: '0.23', config: 'snmp.yml', input: 'generator.yml' },
} as const;

export type SnmpExporterRelease = keyof typeof snmpExporterReleases;

/** A Debian root with snmp_exporter and its generator, kept in the cache: 210 MB. */
export function snmpExporterRoot(release: SnmpExporterRelease): string {
  const { suite } = snmpExporterReleases[release];
  return debianRoot({ name: `snmp-exporter-${release}`, suite, packages: ['prometheus-snmp-exporter'] });
}

/** What the release's own generator makes of an input and our modules, with the names that a script for sed gives. */
export function generateSnmpConfig(release: SnmpExporterRelease, input: string, names: string): string {
  const root = snmpExporterRoot(release);
  const directory = mkdtempSync(`${root}/tmp/generator-`);
  try {
    const inRoot = directory.slice(root.length);
    cpSync(`${repositoryPath}/mibs`, `${directory}/mibs`, { recursive: true });
    writeFileSync(`${directory}/generator.yml`, input);
    writeFileSync(`${directory}/names.sed`, names);
    const script = [
      `cd ${inRoot}`,
      `MIBDIRS=mibs/imports:mibs prometheus-snmp-generator generate --output-path=${inRoot}/made.yml`,
      'sed -f names.sed made.yml > snmp.yml',
    ].join(' && ');
    const { status, stderr } = spawnSync('chroot', [root, 'sh', '-c', script], { encoding: 'utf8' });
    if (status !== 0) throw new Error(`the generator of snmp_exporter ${release}: ${stderr}`);
    return readFileSync(`${directory}/snmp.yml`, 'utf8');
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
