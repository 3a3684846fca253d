import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { compareOids, formatOid, isWithin, type Oid } from '../tree/oid.ts';
import { MibError } from './mib-error.ts';
import { modules } from './objects.gen.ts';

/** The directory with the MIB modules, as text files named like the modules. */
export const mibsDirectory = fileURLToPath(new URL('../../mibs', import.meta.url));

/** What a module may be registered below, by the name SNMPv2-SMI gives it. */
const parents: readonly (readonly [string, Oid])[] = [
  ['enterprises', [1, 3, 6, 1, 4, 1]],
  ['experimental', [1, 3, 6, 1, 3]],
];

const assignment = '::= { netSnmpPlaypen 16514 }';
const smiImport = /(TimeTicks)(\n\s+FROM SNMPv2-SMI)/;
const parentImport = /\n {4}netSnmpPlaypen\n {8}FROM NET-SNMP-MIB;/;

/**
 * The text of LIBVIRT-EXT-MIB with another registration point: only the assignment of libvirtExtMIB and the
 * import of its parent differ from the file in mibs/.
 * @throws {MibError} if the root is neither below enterprises nor below experimental.
 */
export function renderMib(options: { readonly root?: Oid } = {}): string {
  const text = readFileSync(`${mibsDirectory}/LIBVIRT-EXT-MIB`, 'utf8');
  const root = options.root ?? modules['LIBVIRT-EXT-MIB'].root;
  if (compareOids(root, modules['LIBVIRT-EXT-MIB'].root) === 0) return text;

  const parent = parents.find(([, oid]) => root.length > oid.length && isWithin(root, oid));
  if (parent === undefined) {
    throw new MibError([`the root ${formatOid(root)} is neither below enterprises nor below experimental`]);
  }
  const [name, oid] = parent;
  const imports = text
    .replace(smiImport, `$1, ${name}$2`)
    .replace(parentImport, '')
    .replace(/(FROM HCNUM-TC)(?=\s)/, '$1;');
  return imports.replace(assignment, assign(name, root.slice(oid.length)));
}

/** The assignment of the root. Nodes between it and the parent get names: an OID with gaps has no clean parse. */
function assign(parent: string, subIds: Oid): string {
  const between = subIds.slice(0, -1);
  const nameOf = (position: number): string => (position < 0 ? parent : `lveParent${position + 1}`);
  const nodes = between.map(
    (subId, position) => `${nameOf(position)} OBJECT IDENTIFIER ::= { ${nameOf(position - 1)} ${subId} }\n`,
  );
  const last = `::= { ${nameOf(between.length - 1)} ${subIds.at(-1)} }`;
  return nodes.length === 0 ? last : `${last}\n\n-- Above the root\n\n${nodes.join('')}`.trimEnd();
}
