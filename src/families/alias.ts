import type { ObjectName, TableName } from '../mib/bind.ts';
import { definitions } from '../mib/definitions.ts';
import type { Family } from './family.ts';
import type { AnyLabelSources, RowChoice } from './label-set.ts';
import { type ReadingOptions, readingOf } from './reading.ts';

/** A family under the name that another exporter gives it. */
export interface Alias extends AliasOptions {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'info';
  readonly table: TableName | undefined;
  /** Undefined for a constant 1 whose labels are what it tells. */
  readonly object: ObjectName | undefined;
  readonly help: string;
}

interface AliasOptions {
  readonly labels?: AnyLabelSources;
  readonly texts?: AnyLabelSources;
  readonly where?: RowChoice;
  /** Where its unit is not the base unit that follows from UNITS. */
  readonly scale?: { readonly divideBy?: number; readonly multiplyBy?: number };
  readonly values?: ReadingOptions['values'];
  readonly minus?: ObjectName;
}

/** What the aliases of a table have in common. */
export interface AliasedTable {
  readonly counter: (name: string, object: ObjectName, help: string, options?: AliasOptions) => Alias;
  readonly gauge: (name: string, object: ObjectName, help: string, options?: AliasOptions) => Alias;
  readonly info: (name: string, help: string, texts: AnyLabelSources, options?: AliasOptions) => Alias;
}

/** Makes aliases of the rows of a table, or with undefined of scalars. */
export function aliasesOf(
  table: TableName | undefined,
  labels: AnyLabelSources = {},
  common: AliasOptions = {},
): AliasedTable {
  const measured =
    (type: 'counter' | 'gauge'): AliasedTable['gauge'] =>
    (name, object, help, options) => ({ type, name, table, object, help, labels, ...common, ...options });
  return {
    counter: measured('counter'),
    gauge: measured('gauge'),
    info: (name, help, texts, options) => ({
      type: 'info',
      name,
      table,
      object: undefined,
      help,
      labels,
      ...common,
      texts,
      ...options,
    }),
  };
}

/** The family that an alias is. */
export function aliasFamily(alias: Alias): Family {
  const { name, type, help, table, object, labels = {}, texts, where, minus } = alias;
  const reading = object === undefined ? undefined : readingOfAlias(object, alias);
  const series = { object, table, labels, texts, where, fixed: {}, reading, minus };
  return { name, type, help, unit: undefined, series: [series] };
}

function readingOfAlias(object: ObjectName, { scale, values }: Alias) {
  const base = readingOf(definitions[object], { values });
  return scale === undefined
    ? base
    : { ...base, divideBy: scale.divideBy ?? 1, multiplyBy: scale.multiplyBy ?? 1 };
}
