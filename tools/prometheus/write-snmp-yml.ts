import { writeFileSync } from 'node:fs';
import { repositoryPath } from '../../test/lab/mib-path.ts';
import {
  generateSnmpConfig,
  type SnmpExporterRelease,
  snmpExporterReleases,
} from '../../test/nms/snmp-exporter-root.ts';
import { generatorFile } from './generator-file.ts';
import { namesScript } from './names-script.ts';

/** Writes what snmp_exporter reads, with the generators of its releases: as root, with mmdebstrap. */
for (const [release, { config, format }] of Object.entries(snmpExporterReleases)) {
  const text = generateSnmpConfig(release as SnmpExporterRelease, generatorFile(format), namesScript());
  writeFileSync(`${repositoryPath}/contrib/prometheus/${config}`, text);
}
