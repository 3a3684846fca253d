import type { ObjectName } from '../mib/bind.ts';
import { definitions } from '../mib/definitions.ts';
import { scalarGroups, tables } from '../mib/objects.gen.ts';
import type { ObjectDefinition } from '../smi/definition.ts';
import type { Family, FamilyType, Series } from './family.ts';
import { type AnyFamilyTable, type DetailedLine, type Line, unmeasurable } from './family-table.ts';
import type { InfoFamily } from './info-families.ts';
import { readingOf } from './reading.ts';
import { suffixOf } from './suffix.ts';

/** A line of a table of families with the object it is of. */
interface NamedLine {
  readonly object: ObjectName;
  readonly name: string;
  readonly line: DetailedLine;
  readonly table: AnyFamilyTable;
}

/** All families of the tables: type, unit and scale follow from the MIB, HELP from its DESCRIPTIONs. */
export function deriveFamilies(all: readonly AnyFamilyTable[]): Family[] {
  const lines = all.flatMap(linesOf);
  const names = new Map<string, string>();
  for (const { object, name } of lines) if (!names.has(object)) names.set(object, name);
  const families = new Map<string, Family>();
  for (const each of lines) {
    const definition = definitions[each.object];
    const known = families.get(each.name);
    const series = [...(known?.series ?? []), seriesOf(each, definition)];
    families.set(
      each.name,
      known === undefined ? familyOf(each, definition, names, series) : { ...known, series },
    );
  }
  return [...families.values()];
}

/** The family of a constant 1 with texts as its labels. */
export function infoFamily({ name, table, help, labels, texts }: InfoFamily): Family {
  const series: Series = { object: undefined, table, labels, texts, fixed: {}, reading: undefined };
  return { name, type: 'info', unit: undefined, help, series: [series] };
}

/** In the order of the MIB. */
function linesOf(table: AnyFamilyTable): NamedLine[] {
  return objectsOf(table).flatMap((object) =>
    detailed(lineOf(table, object)).map((each) => ({
      object,
      name: `${table.prefix}${each.suffix}`,
      line: each,
      table,
    })),
  );
}

function objectsOf({ table, group }: AnyFamilyTable): readonly ObjectName[] {
  if (table !== undefined) return tables[table].columns;
  return group === undefined ? [] : scalarGroups[group].scalars;
}

/** What is said of an object, or what follows from the MIB. */
function lineOf({ table, group, rest = '', families }: AnyFamilyTable, object: ObjectName): Line<string> {
  const said = families[object];
  if (said !== undefined) return said;
  const definition = definitions[object];
  if (rest === null || unmeasurable.has(definition.kind)) return null;
  return `${rest}${suffixOf(object, table ?? group ?? '', definition)}`;
}

function detailed(line: Line<string>): readonly DetailedLine[] {
  if (line === null) return [];
  if (typeof line === 'string') return [{ suffix: line }];
  if ('families' in line) return line.families;
  if ('suffix' in line) return [line];
  const [suffix, labels] = line;
  return [{ suffix, labels }];
}

function seriesOf({ object, line, table }: NamedLine, definition: ObjectDefinition): Series {
  const { labels = {}, values, unset, units } = line;
  return {
    object,
    table: table.table,
    labels: table.labels ?? {},
    fixed: labels,
    reading: readingOf(definition, { values, unset, units }),
  };
}

function familyOf(
  { name, line, table }: NamedLine,
  definition: ObjectDefinition,
  names: ReadonlyMap<string, string>,
  series: readonly Series[],
): Family {
  const help = line.help ?? table.help?.[line.suffix] ?? helpOf(definition, names, line.values);
  return { name, type: typeOf(definition), unit: unitOf(name), help, series };
}

function typeOf({ kind }: ObjectDefinition): FamilyType {
  return kind === 'counter' || kind === 'counter64' ? 'counter' : 'gauge';
}

const baseUnits = ['seconds', 'bytes', 'ratio', 'hertz'];

/** The base unit that a name ends with. */
export function unitOf(name: string): string | undefined {
  const last =
    name
      .replace(/_total$/, '')
      .split('_')
      .at(-1) ?? '';
  return baseUnits.includes(last) ? last : undefined;
}

/** The summary of the DESCRIPTION, with names of families for those of objects, and numbers as the family has them. */
function helpOf(
  { summary, labels, kind }: ObjectDefinition,
  names: ReadonlyMap<string, string>,
  values: Readonly<Record<string, number>> | undefined,
): string {
  const text = summary
    // An age is served as its moment.
    .replace(/, as of \w+Age seconds ago/, '')
    .replaceAll(/\b(?:lve|vm)[A-Z]\w*/g, (object) => names.get(object) ?? object)
    .replaceAll(/\btrue\(1\)/g, '1')
    .replaceAll(/\bfalse\(2\)/g, '0');
  if (kind === 'boolean' || labels === undefined) return text;
  const known = Object.entries(values ?? labels).map(([label, number]) => `${number} ${label}`);
  return `${text.replace(/\.$/, '')} (${known.join(', ')}).`;
}
