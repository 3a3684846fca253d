import type { Family, Series } from '../../src/families/family.ts';
import { type InfoFamily, infoFamilies } from '../../src/families/info-families.ts';
import type { AnyLabelSource, AnyLabelSources } from '../../src/families/label-set.ts';
import type { Reading } from '../../src/families/reading.ts';
import { servedFamilies } from '../../src/families/served.ts';
import { findDefinition } from '../../src/mib/definitions.ts';
import { tables } from '../../src/mib/objects.gen.ts';
import type { ObjectDefinition } from '../../src/smi/definition.ts';
import { type SnmpModule, snmpModules } from './snmp-module.ts';
import { snmpName, textName } from './snmp-names.ts';

/** A label that is looked up in another column by a part of the index. */
export interface Lookup {
  readonly label: string;
  readonly sourceIndexes: readonly string[];
  readonly column: string;
}

/** An object that a module of snmp_exporter collects. */
export interface SnmpMetric {
  readonly object: string;
  readonly definition: ObjectDefinition;
  /** Of the metric; where an object makes several, what their names begin with. */
  readonly name: string;
  /** The names of the series, each with what becomes of the value; undefined for a text. */
  readonly series: readonly { readonly name: string; readonly reading: Reading }[] | undefined;
  readonly lookups: readonly Lookup[];
}

/** Every VM's series have these, whatever /metrics is configured to add. */
const domainLabels: AnyLabelSources = { domain: 'lveDomName', uuid: 'lveDomUuid' };

/** The labels of warnings: SNMP has the number of the code where /metrics has its word. */
const warningLabels: AnyLabelSources = { code: 'lveWarningCode', text: 'lveWarningText' };

const families = servedFamilies({ sets: ['libvirt'], exclude: [], labelRules: [] });

/** What a module collects, in the order of the families. */
export function metricsOf(module: SnmpModule): readonly SnmpMetric[] {
  return [...measured(module), ...texts(module)];
}

/** What a name of a module's series stands for. */
export interface SnmpFamily {
  /** The family of /metrics that has the same or tells the same. */
  readonly family: Family;
  /** For a text the label that has it. */
  readonly textLabel?: string;
}

/** All names that the modules serve. */
export function snmpFamilies(): ReadonlyMap<string, SnmpFamily> {
  const known = new Map(families.map((family) => [family.name, family]));
  return new Map(
    snmpModules.flatMap((module) => [
      ...families.flatMap((family) =>
        family.series
          .filter((series) => isIn(module, series))
          .map((series): [string, SnmpFamily] => [snmpName(family, series), { family }]),
      ),
      ...texts(module).map(({ name, definition, text }): [string, SnmpFamily] => {
        const family = known.get(text);
        if (family === undefined) throw new Error(`/metrics has no family ${text}`);
        return [definition.kind === 'enum' ? `${name}_info` : name, { family, textLabel: name }];
      }),
    ]),
  );
}

/** What an index object is called as a label. */
export function indexLabel(object: string): string {
  const [, written = object] = /^(?:lve|vm)(\w+)$/.exec(object) ?? [];
  return indexLabels[object] ?? written.replaceAll(/(?<=[a-z])(?=[A-Z])/g, '_').toLowerCase();
}

/** Index objects that are labels of /metrics, and those that are the same in both modules. */
const indexLabels: Readonly<Record<string, string>> = {
  lveJobKind: 'kind',
  lveHugePageSize: 'page_kib',
  lveDomIndex: 'domain_index',
  vmIndex: 'domain_index',
  vmStorageVmIndex: 'domain_index',
  vmStorageIndex: 'disk_index',
  vmCpuIndex: 'vcpu_index',
};

function isIn({ parts }: SnmpModule, { object, reading }: Series): boolean {
  const part = partOf(object ?? '');
  // What is zero or negative where nothing is set cannot be left out.
  return part !== undefined && (parts as readonly string[]).includes(part) && reading?.unset === undefined;
}

function partOf(object: string): string | undefined {
  const definition = findDefinition(object);
  return definition?.table ?? definition?.group;
}

function measured(module: SnmpModule): readonly SnmpMetric[] {
  const found = new Map<string, SnmpMetric>();
  for (const family of families) {
    for (const series of family.series) {
      const { object, reading, labels } = series;
      if (object === undefined || reading === undefined || !isIn(module, series)) continue;
      const known = found.get(object)?.series ?? [];
      const all = [...known, { name: snmpName(family, series), reading }];
      found.set(object, {
        ...named(object, labels),
        name: commonStart(all.map(({ name }) => name)),
        series: all,
      });
    }
  }
  return [...found.values()];
}

function texts({ texts }: SnmpModule): readonly (SnmpMetric & { readonly text: string })[] {
  const wanted: readonly InfoFamily[] = infoFamilies.filter(({ name }) => texts.includes(name));
  return wanted.flatMap(({ name, labels, texts: told, table }) => {
    const identities = new Set(lookupsOf(table, labelsOfTable(table)).map(({ column }) => column));
    return Object.entries({ ...labels, ...told }).flatMap(([label, source]) => {
      const object = String([source].flat()[0]);
      if (identities.has(object)) return [];
      return [
        {
          ...named(object, labelsOfTable(table)),
          name: textName(name, label),
          series: undefined,
          text: name,
        },
      ];
    });
  });
}

/** The labels of the figures of a table. */
function labelsOfTable(table: string | undefined): AnyLabelSources {
  return (
    families.flatMap(({ series }) => series).find((one) => one.table === table && one.object !== undefined)
      ?.labels ?? {}
  );
}

function named(
  object: string,
  labels: AnyLabelSources,
): Pick<SnmpMetric, 'object' | 'definition' | 'lookups'> {
  const definition = findDefinition(object);
  if (definition === undefined) throw new Error(`there is no object ${object}`);
  const { table } = definition;
  return { object, definition, lookups: lookupsOf(table, labels) };
}

function lookupsOf(table: string | undefined, labels: AnyLabelSources): readonly Lookup[] {
  if (table === undefined) return [];
  const all = {
    ...('domain' in labels ? domainLabels : {}),
    ...('code' in labels ? warningLabels : labels),
  };
  const index = indexOf(table);
  return Object.entries(all)
    .flatMap(([label, source]) => eachSource(label, source))
    .filter(({ column }) => !index.includes(column) || column === 'lveCollectorId')
    .map(({ label, column }) =>
      lookupOf(label, column === 'lveCollectorId' ? 'lveCollectorName' : column, index),
    );
}

/** A fallback is a label of its own, under the name that the info of the same rows has for it. */
function eachSource(
  label: string,
  source: AnyLabelSource | readonly AnyLabelSource[],
): readonly { label: string; column: string }[] {
  const columns = [source].flat().filter((column) => typeof column === 'string');
  return columns.map((column, at) => ({
    label: at === 0 ? label : (nameInInfo(column) ?? label),
    column,
  }));
}

function nameInInfo(column: string): string | undefined {
  const [found] = infoFamilies.flatMap(({ labels, texts: told }) =>
    Object.entries({ ...labels, ...told }).filter(([, source]) => source === column),
  );
  return found?.[0];
}

/** The beginning of the index that the column's own index has. Numbers of VM-MIB are those of LIBVIRT-EXT-MIB. */
function lookupOf(label: string, column: string, index: readonly string[]): Lookup {
  const own = indexOf(findDefinition(column)?.table ?? '');
  return { label, sourceIndexes: index.slice(0, own.length), column };
}

function indexOf(table: string): readonly string[] {
  return Object.hasOwn(tables, table) ? tables[table as keyof typeof tables].index : [];
}

/** What all names begin with, up to an underscore. */
function commonStart([first = '', ...others]: readonly string[]): string {
  let start = first;
  while (others.some((other) => other !== start && !other.startsWith(`${start}_`))) {
    start = start.slice(0, start.lastIndexOf('_'));
  }
  return start;
}
