import { writeFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { formatOid, parseOid } from '../src/tree/oid.ts';
import { readModule, type SmiModule, type SmiObject, type SmiReference, type SmiTypedef } from './smidump.ts';

// `npm run mib`: mibs/ -> objects.gen.ts. The MIB modules are the only place where names, object
// identifiers, syntax, labels, units and access are written; everything else is derived from them.

/** The modules that are served, in the order of the generated file. */
const served = ['LIBVIRT-EXT-MIB', 'VM-MIB'] as const;

const mibsDirectory = fileURLToPath(new URL('../mibs', import.meta.url));

/** How values are given and converted, by textual convention; else by base type. */
const kindsOfConventions: Readonly<Record<string, string>> = {
  TruthValue: 'boolean',
  DateAndTime: 'dateAndTime',
  TimeStamp: 'timeStamp',
  CounterBasedGauge64: 'gauge64',
  LveCpuList: 'cpuList',
};

const kindsOfBaseTypes: Readonly<Record<string, string>> = {
  Integer32: 'integer',
  Unsigned32: 'gauge',
  Gauge32: 'gauge',
  Counter32: 'counter',
  Counter64: 'counter64',
  TimeTicks: 'timeTicks',
  Enumeration: 'enum',
  OctetString: 'octets',
  ObjectIdentifier: 'oid',
};

const wireSyntaxes: Readonly<Record<string, string>> = {
  Integer32: 'Integer32',
  Enumeration: 'Integer32',
  Unsigned32: 'Gauge32',
  Gauge32: 'Gauge32',
  Counter32: 'Counter32',
  Counter64: 'Counter64',
  TimeTicks: 'TimeTicks',
  OctetString: 'OctetString',
  ObjectIdentifier: 'ObjectIdentifier',
};

const accesses = {
  noaccess: 'not-accessible',
  notifyonly: 'accessible-for-notify',
  readonly: 'read-only',
  readwrite: 'read-write',
} as const;

interface ResolvedType {
  /** As the MIB writes it: `SnmpAdminString (SIZE (1..255))`. */
  readonly text: string;
  readonly base: string;
  readonly convention: string | undefined;
  readonly limits: readonly (readonly [number, number])[] | undefined;
  readonly labels: Readonly<Record<string, number>> | undefined;
  readonly hint: string | undefined;
}

/** The text of objects.gen.ts for the modules in mibs/. */
export function generate(): string {
  const cache = new Map<string, SmiModule>();
  const load = (name: string): SmiModule => {
    const known = cache.get(name) ?? readModule(name, [mibsDirectory, `${mibsDirectory}/imports`]);
    cache.set(name, known);
    return known;
  };
  const roots: string[] = [];
  const tables: string[] = [];
  const groups: string[] = [];
  const objects: string[] = [];
  const notifications: string[] = [];

  for (const name of served) {
    const smi = load(name);
    const nodes = smi.nodes?.node ?? [];
    const rootOid = nodes.find((node) => node.name === smi.module.identity?.node)?.oid ?? '';
    const root = parseOid(rootOid);
    const relative = (oid: string): string => `[${parseOid(oid).slice(root.length).join(', ')}]`;
    roots.push(`  ${quote(name)}: { root: [${root.join(', ')}] },`);

    const emit = (object: SmiObject, owner: string): void => {
      const type = resolve(object.syntax, load);
      const fields = [
        `module: ${quote(name)}`,
        `oid: ${relative(object.oid)}`,
        owner,
        `kind: ${quote(kindOf(type))}`,
        `syntax: ${quote(wireSyntaxes[type.base] ?? '')}`,
        `type: ${quote(type.text)}`,
        `access: ${quote(accesses[object.access])}`,
      ];
      if (type.limits !== undefined) {
        fields.push(`limits: [${type.limits.map((limit) => `[${limit.join(', ')}]`).join(', ')}]`);
      }
      if (type.labels !== undefined) {
        const pairs = Object.entries(type.labels).map(([label, number]) => `${label}: ${number}`);
        fields.push(`labels: { ${pairs.join(', ')} }`);
      }
      if (type.hint !== undefined) fields.push(`hint: ${quote(type.hint)}`);
      if (object.units !== undefined) fields.push(`units: ${quote(object.units)}`);
      fields.push(`summary: ${quote(firstSentence(object.description))}`);
      objects.push(`  ${object.name}: { ${fields.join(', ')} },`);
    };

    const scalars = [...(smi.nodes?.scalar ?? [])];
    const parentOf = (oid: string): string => {
      const parent = formatOid(parseOid(oid).slice(0, -1));
      return nodes.find((node) => node.oid === parent)?.name ?? '';
    };
    for (const group of new Set(scalars.map((scalar) => parentOf(scalar.oid)))) {
      const members = scalars.filter((scalar) => parentOf(scalar.oid) === group);
      const readable = members.filter((scalar) => isReadable(scalar)).map((scalar) => quote(scalar.name));
      groups.push(`  ${group}: { module: ${quote(name)}, scalars: [${readable.join(', ')}] },`);
      for (const scalar of members) emit(scalar, `group: ${quote(group)}`);
    }
    for (const table of smi.nodes?.table ?? []) {
      const index = table.row.linkage.index.map((part) => quote(part.name));
      if (table.row.linkage.index.some((part) => part.implied === 'true')) {
        throw new Error(`${table.name}: IMPLIED is not supported`);
      }
      const columns = table.row.column
        .filter((column) => isReadable(column))
        .map((column) => quote(column.name));
      tables.push(
        `  ${table.name}: { module: ${quote(name)}, entry: ${relative(table.row.oid)}, index: [${index.join(', ')}], columns: [${columns.join(', ')}], summary: ${quote(firstSentence(table.description))} },`,
      );
      for (const column of table.row.column) emit(column, `table: ${quote(table.name)}`);
    }
    for (const notification of smi.notifications?.notification ?? []) {
      const carried = (notification.objects?.object ?? []).map((object) => quote(object.name));
      notifications.push(
        `  ${notification.name}: { module: ${quote(name)}, oid: ${relative(notification.oid)}, objects: [${carried.join(', ')}], summary: ${quote(firstSentence(notification.description))} },`,
      );
    }
  }
  return [
    '// Generated from mibs/ by `npm run mib`. Do not edit: change the module and generate again.',
    '',
    ...section('modules', 'The modules served and their registration points as distributed.', roots),
    ...section('scalarGroups', 'The parents of scalars and their readable scalars.', groups),
    ...section('tables', 'The conceptual tables; `entry` is relative to the root of the module.', tables),
    ...section('objects', 'Every scalar and column; `oid` is relative to the root of the module.', objects),
    ...section('notifications', 'The notifications and the objects they carry, in order.', notifications),
  ].join('\n');
}

function section(name: string, comment: string, lines: readonly string[]): string[] {
  return [`/** ${comment} */`, `export const ${name} = {`, ...lines, '} as const;', ''];
}

function isReadable(object: SmiObject): boolean {
  return object.access === 'readonly' || object.access === 'readwrite';
}

function kindOf(type: ResolvedType): string {
  const byConvention = type.convention === undefined ? undefined : kindsOfConventions[type.convention];
  if (byConvention !== undefined) return byConvention;
  if (type.base === 'OctetString' && type.hint !== undefined && /^\d+[at]$/.test(type.hint)) return 'text';
  const kind = kindsOfBaseTypes[type.base];
  if (kind === undefined) throw new Error(`no conversion for the type ${type.text}`);
  return kind;
}

/** Follows textual conventions down to the base type; the nearest limits, labels and hint win. */
function resolve(syntax: SmiObject['syntax'], load: (module: string) => SmiModule): ResolvedType {
  if (syntax.typedef !== undefined) return refine(syntax.typedef, load);
  if (syntax.type === undefined) throw new Error('an object without SYNTAX');
  return named(syntax.type, load);
}

function named(reference: SmiReference, load: (module: string) => SmiModule): ResolvedType {
  if (reference.module === '' || reference.module === 'SNMPv2-SMI') {
    const text = reference.name === 'ObjectIdentifier' ? 'OBJECT IDENTIFIER' : reference.name;
    return {
      text,
      base: reference.name,
      convention: undefined,
      limits: undefined,
      labels: undefined,
      hint: undefined,
    };
  }
  const typedef = load(reference.module).typedefs?.typedef?.find((type) => type.name === reference.name);
  if (typedef === undefined) throw new Error(`${reference.module} does not define ${reference.name}`);
  const below = refine(typedef, load);
  return { ...below, text: reference.name, convention: reference.name };
}

function refine(typedef: SmiTypedef, load: (module: string) => SmiModule): ResolvedType {
  const parent =
    typedef.parent === undefined
      ? named({ module: '', name: typedef.basetype }, load)
      : named(typedef.parent, load);
  const limits = typedef.range?.map((range) => [Number(range.min), Number(range.max)] as const);
  const labels =
    typedef.namednumber === undefined
      ? undefined
      : Object.fromEntries(typedef.namednumber.map((item) => [item.name, Number(item.number)] as const));
  let { text } = parent;
  if (labels !== undefined) text = 'INTEGER';
  if (text === 'OctetString') text = 'OCTET STRING';
  if (limits !== undefined) {
    const ranges = limits.map(([min, max]) => (min === max ? `${min}` : `${min}..${max}`)).join(' | ');
    text += parent.base === 'OctetString' ? ` (SIZE (${ranges}))` : ` (${ranges})`;
  }
  return {
    text,
    base: parent.base,
    convention: parent.convention,
    limits: limits ?? parent.limits,
    labels: labels ?? parent.labels,
    hint: typedef.format ?? parent.hint,
  };
}

function firstSentence(description: string): string {
  const paragraph = (description.trim().split(/\n\s*\n/)[0] ?? '').replaceAll(/\s+/g, ' ');
  return /^.*?\.(?= |$)/.exec(paragraph)?.[0] ?? paragraph;
}

function quote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  writeFileSync(new URL('../src/mib/objects.gen.ts', import.meta.url), generate());
}
