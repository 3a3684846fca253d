import { writeFileSync } from 'node:fs';
import { generatorFile } from '../../tools/prometheus/generator-file.ts';
import { namesScript } from '../../tools/prometheus/names-script.ts';
import { repositoryPath } from '../lab/mib-path.ts';
import { generateSnmpConfig, type SnmpExporterRelease, snmpExporterReleases } from './snmp-exporter-root.ts';

/** Writes what snmp_exporter reads, with the generators of its releases: as root, with mmdebstrap. */
for (const [release, { config, format }] of Object.entries(snmpExporterReleases)) {
  const text = generateSnmpConfig(release as SnmpExporterRelease, generatorFile(format), namesScript());
  writeFileSync(`${repositoryPath}/contrib/prometheus/${config}`, text);
}
