import { stringify } from 'yaml';
import { releases } from './release.ts';
import { guestFile, hostFile } from './templates.ts';
import { trapFile } from './traps.ts';

const files = {
  template_libvirt_by_snmp: hostFile,
  template_libvirt_guest_by_snmp: guestFile,
  template_libvirt_traps_by_snmp: trapFile,
} as const;

/** The templates as Zabbix reads them, by path in the repository. */
export function templateFiles(): ReadonlyMap<string, string> {
  return new Map(
    releases.flatMap((release) =>
      Object.entries(files).map(([name, make]): [string, string] => [
        `contrib/zabbix/${release}/${name}.yaml`,
        // What is undefined is no element of the file.
        stringify(JSON.parse(JSON.stringify(make(release))), { lineWidth: 0 }),
      ]),
    ),
  );
}
