import { execFile } from 'node:child_process';
import type { Config } from '../config/config.ts';
import { objects } from '../mib/objects.gen.ts';
import { formatOid } from '../tree/oid.ts';
import { type Finding, foundProblem, inOrder } from './finding.ts';

const subject = 'modules';

const timeoutMs = 10_000;

/** Whether net-snmp's tools on this host know the names of our objects, without options that say where they are. */
export async function checkModules({ mib }: Config): Promise<Finding> {
  const root = formatOid(mib.root);
  const translated = await translate('LIBVIRT-EXT-MIB', 'lveAgentVersion');
  if (translated === noTool) return inOrder(subject, "net-snmp's tools (snmptranslate) are not on this host");
  const vm = await translate('VM-MIB', 'vmHvSoftware');
  const missing = [
    ...(translated === undefined ? ['LIBVIRT-EXT-MIB'] : []),
    ...(vm === undefined ? ['VM-MIB'] : []),
  ];
  if (missing.length > 0) {
    const text = `net-snmp's tools do not find ${missing.join(' and ')}, or what it imports`;
    return foundProblem(subject, text, 'modules-missing');
  }
  if (translated !== `.${root}.${formatOid(objects.lveAgentVersion.oid)}`) {
    const text = `net-snmp's tools have lveAgentVersion at ${translated}, mib.root is ${root}`;
    return foundProblem(subject, text, 'modules-other-root', { root });
  }
  return inOrder(subject, "net-snmp's tools know both modules");
}

/** Stands for an answer where net-snmp's tools are not installed. */
const noTool = Symbol('no tool');

/** The OID of an object; undefined if it is not known. */
function translate(module: string, name: string): Promise<string | undefined | typeof noTool> {
  return new Promise((resolve) => {
    const args = ['-m', module, '-On', `${module}::${name}`];
    execFile('snmptranslate', args, { timeout: timeoutMs }, (error, stdout) => {
      if (error !== null && error.code === 'ENOENT') resolve(noTool);
      else resolve(/^\.[\d.]+$/.exec(stdout.trim())?.[0]);
    });
  });
}
