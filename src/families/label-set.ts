import type { ImageColumn, ImageTree } from '../image/image-tree.ts';
import { octetsAt } from '../image/text-pool.ts';
import type { TableName } from '../mib/bind.ts';
import { findDefinition } from '../mib/definitions.ts';
import { indexObjectsOf, tableOf } from '../mib/inventory.ts';
import { tables } from '../mib/objects.gen.ts';
import type { ObjectDefinition } from '../smi/definition.ts';
import { labelOf } from '../smi/display.ts';
import { decodeIndex, type IndexObject } from '../tree/index-oid.ts';
import { indexOfRow } from '../tree/row-layout.ts';
import type { RowSet } from '../tree/tree.ts';
import { ColumnWatch } from './column-watch.ts';

/** The label that names the hypervisor, where there are several. */
export const hypervisorLabel = 'hypervisor';

/** What a label is called beside that one: as Prometheus calls one that is in the way of its own. */
export function besideHypervisor(label: string): string {
  return label === hypervisorLabel ? `exported_${label}` : label;
}

/** A column, one whose labels have other texts, or for a label that a configured rule made its name. */
export type AnyLabelSource =
  | string
  | { readonly rule: string }
  | { readonly column: string; readonly texts: Readonly<Record<string, string>> };

/** Labels by name; of several sources the first that has a value gives it. */
export type AnyLabelSources = Readonly<Record<string, AnyLabelSource | readonly AnyLabelSource[]>>;

/** Rows by the text that a column, or an object of the INDEX, has in them. */
export type RowChoice = Readonly<Record<string, string>>;

/** What the labels of the rows of a table are made of. */
export interface LabelParts {
  /** Those that tell the rows apart. */
  readonly labels: AnyLabelSources;
  /** Those that only describe. */
  readonly texts?: AnyLabelSources | undefined;
  readonly where?: RowChoice | undefined;
}

/** The values of a row's labels in the order of the names; undefined for a row that is left out. */
export type LabelValues = readonly string[] | undefined;

/** Rows by their labels: no two are the same. The object stays the same while nothing changes. */
export class LabelRows {
  readonly names: readonly string[];
  readonly #make: () => readonly LabelValues[];
  #rows: readonly LabelValues[] | undefined;

  /** @param make reads them from the current image. */
  constructor(names: readonly string[], make: () => readonly LabelValues[]) {
    this.names = names;
    this.#make = make;
  }

  /** Of use as long as the image is current that this object was given for. */
  get rows(): readonly LabelValues[] {
    this.#rows ??= this.#make();
    return this.#rows;
  }

  /** Does not keep them: they are read again when they are wanted again. */
  forget(): void {
    this.#rows = undefined;
  }
}

type ValueReader = (row: number) => string;

/** Of rows with the same labels, those that have this value come first. */
const precedence = { column: 'lveDomPresence', first: 1 } as const;

/**
 * The labels of the rows of one table. Where two rows would be told apart by nothing, a domain that is gone is left out
 * for one that is present, and of others the later ones get a number. So two equal sets of labels are impossible, and
 * what is joined on the labels that tell rows apart meets one row.
 */
export class LabelSet {
  readonly #tree: ImageTree;
  readonly #table: TableName | undefined;
  readonly #names: readonly string[];
  readonly #sources: readonly (readonly AnyLabelSource[])[];
  readonly #identityEnd: number;
  readonly #where: readonly (readonly [source: string, text: string])[];
  readonly #watched: readonly { readonly column: ImageColumn; readonly watch: ColumnWatch }[];
  #rowSet: RowSet | undefined;
  #known: LabelRows | undefined;

  /** @param table undefined for scalars, which have one row without labels. */
  constructor(tree: ImageTree, table: TableName | undefined, { labels, texts = {}, where = {} }: LabelParts) {
    this.#tree = tree;
    this.#table = table;
    this.#names = [...Object.keys(labels), ...Object.keys(texts)];
    this.#sources = [...Object.values(labels), ...Object.values(texts)].map((source) => [source].flat());
    this.#identityEnd = Object.keys(labels).length;
    this.#where = Object.entries(where);
    const sources = [...this.#sources.flat(), ...this.#where.map(([source]) => source)];
    const columns = new Set(sources.flatMap((source) => this.#columnsOf(source)));
    if (table === 'lveDomTable') columns.add(precedence.column);
    this.#watched = [...columns].flatMap((name) => {
      const column = tree.column(name);
      return column === undefined ? [] : { column, watch: new ColumnWatch() };
    });
  }

  /** The labels of each row as they are in the current image. */
  get(): LabelRows {
    const rows = this.#rowsOfTable();
    let isChanged = this.#known === undefined || rows !== this.#rowSet;
    for (const { column, watch } of this.#watched) isChanged = watch.changed(column) || isChanged;
    if (this.#known === undefined || isChanged) {
      this.#rowSet = rows;
      this.#known = new LabelRows(this.#names, () =>
        rows === undefined ? [this.#ofScalars()] : this.#make(rows),
      );
    }
    return this.#known;
  }

  /** Does not keep the texts of the labels. */
  forget(): void {
    this.#known?.forget();
  }

  #rowsOfTable(): RowSet | undefined {
    if (this.#table === undefined) return undefined;
    const [first = ''] = tables[this.#table].columns;
    return this.#tree.column(first)?.rows;
  }

  #columnsOf(source: AnyLabelSource): readonly string[] {
    if (typeof source !== 'string' && 'rule' in source) return ['lveLabelValue'];
    const name = columnOf(source);
    return this.#tree.column(name) === undefined ? [] : [name];
  }

  #ofScalars(): readonly string[] {
    return this.#sources.map((sources) => {
      const values = sources.map((source) => {
        const name = columnOf(source);
        const column = this.#tree.column(name);
        const definition = findDefinition(name);
        return column === undefined || definition === undefined ? '' : textReader(column, definition)(0);
      });
      return values.find((value) => value !== '') ?? '';
    });
  }

  #make(rows: RowSet): readonly LabelValues[] {
    const readers = this.#sources.map((sources) => {
      const each = sources.map((source) => this.#reader(source, rows));
      const [only] = each;
      if (only !== undefined && each.length === 1) return only;
      return (row: number) => each.reduce((value, read) => (value === '' ? read(row) : value), '');
    });
    const choices = this.#where.map(([source, text]) => ({ read: this.#reader(source, rows), text }));
    const isChosen = (row: number): boolean => choices.every(({ read, text }) => read(row) === text);
    const values = Array.from({ length: rows.length }, (_, row) =>
      isChosen(row) ? readers.map((read) => read(row)) : undefined,
    );
    return this.#identityEnd === 0 ? values : this.#withoutTwins(values, rows);
  }

  #withoutTwins(values: readonly (string[] | undefined)[], rows: RowSet): readonly LabelValues[] {
    const known = new Set<string>();
    const result: LabelValues[] = values.map(() => undefined);
    const presence = this.#table === 'lveDomTable' ? this.#tree.column(precedence.column)?.cells : undefined;
    const isFirst = (row: number): boolean => presence === undefined || presence[row] === precedence.first;
    const end = this.#identityEnd;
    const keyOfRow = (own: readonly string[]): string => keyOf(own.slice(0, end));
    for (let row = 0; row < values.length; row++) {
      const own = values[row];
      if (own === undefined || !isFirst(row)) continue;
      for (let again = 0; known.has(keyOfRow(own)); again++) {
        const suffix = again === 0 ? '' : `.${again}`;
        own[end - 1] = `${own[end - 1] ?? ''}#${indexOfRow(rows, row).at(-1) ?? row}${suffix}`;
      }
      known.add(keyOfRow(own));
      result[row] = own;
    }
    // The latest of those that are gone is worth more than the ones before.
    for (let row = values.length - 1; row >= 0; row--) {
      const own = values[row];
      if (own === undefined || isFirst(row) || known.has(keyOfRow(own))) continue;
      known.add(keyOfRow(own));
      result[row] = own;
    }
    return result;
  }

  #reader(source: AnyLabelSource, rows: RowSet): ValueReader {
    if (typeof source !== 'string') {
      if ('rule' in source) return this.#ruleReader(source.rule, rows);
      const { column, texts } = source;
      const read = this.#reader(column, rows);
      return (row) => texts[read(row)] ?? '';
    }
    const definition = findDefinition(source);
    const table = this.#table;
    if (definition === undefined || table === undefined) return noValue;
    const position = (tables[table].index as readonly string[]).indexOf(source);
    if (position >= 0 && definition.access === 'not-accessible') return indexReader(table, position, rows);
    const column = this.#tree.column(source);
    if (column === undefined) return noValue;
    const read = textReader(column, definition);
    if (column.rows === rows) return read;
    const found = rowsByPrefix(rows, column.rows);
    return (row) => {
      const other = found[row] ?? -1;
      return other < 0 ? '' : read(other);
    };
  }

  #ruleReader(rule: string, rows: RowSet): ValueReader {
    const column = this.#tree.column('lveLabelValue');
    const definition = findDefinition('lveLabelValue');
    if (column === undefined || definition === undefined) return noValue;
    const read = textReader(column, definition);
    const parts = indexObjectsOf(tableOf('lveLabelValue'));
    const byDomain = new Map<number, string>();
    for (let row = 0; row < column.rows.length; row++) {
      const [domain, name] = decodeIndex(parts, indexOfRow(column.rows, row)) ?? [];
      if (name === rule && typeof domain === 'number') byDomain.set(domain, read(row));
    }
    return (row) => byDomain.get(rows.subIds[rows.offsets[row] ?? 0] ?? 0) ?? '';
  }
}

/** The column that a source names; empty for a rule. */
function columnOf(source: AnyLabelSource): string {
  if (typeof source === 'string') return source;
  return 'column' in source ? source.column : '';
}

const noValue: ValueReader = () => '';

/** Which can be in no label: texts come from XML. */
const separator = '\0';

function keyOf(values: readonly string[]): string {
  return values.join(separator);
}

function indexReader(table: TableName, position: number, rows: RowSet): ValueReader {
  const parts: readonly IndexObject[] = indexObjectsOf({ name: table, ...tables[table] });
  return (row) => String(decodeIndex(parts, indexOfRow(rows, row))?.[position] ?? '');
}

/** Values as texts: enumerations by their labels. */
function textReader(column: ImageColumn, { labels, hint, kind }: ObjectDefinition): ValueReader {
  const { cells, texts } = column;
  if (column.kind === 'octets') {
    const isHex = kind === 'octets' && hint === undefined;
    return (row) => {
      const position = cells[row] ?? Number.NaN;
      if (Number.isNaN(position)) return '';
      const octets = Buffer.from(octetsAt(texts, position));
      return octets.toString(isHex ? 'hex' : 'utf8');
    };
  }
  return (row) => {
    const cell = cells[row] ?? Number.NaN;
    if (Number.isNaN(cell)) return '';
    return (labels === undefined ? undefined : labelOf(labels, cell)) ?? String(cell);
  };
}

/** For each row the row of the other set whose index its own begins with, or -1. Both ascend. */
function rowsByPrefix(rows: RowSet, others: RowSet): Int32Array {
  const found = new Int32Array(rows.length).fill(-1);
  let other = 0;
  for (let row = 0; row < rows.length; row++) {
    while (other < others.length) {
      const order = comparePrefix(others, other, rows, row);
      if (order === 0) found[row] = other;
      if (order >= 0) break;
      other += 1;
    }
  }
  return found;
}

/** How a row of `others` compares with the beginning of a row's index. */
function comparePrefix(others: RowSet, other: number, rows: RowSet, row: number): number {
  const from = others.offsets[other] ?? 0;
  const length = (others.offsets[other + 1] ?? 0) - from;
  const start = rows.offsets[row] ?? 0;
  for (let at = 0; at < length; at++) {
    const difference = (others.subIds[from + at] ?? 0) - (rows.subIds[start + at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
