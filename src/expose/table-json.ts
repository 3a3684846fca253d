import type { ImageColumn, ImageTree } from '../image/image-tree.ts';
import type { TableName } from '../mib/bind.ts';
import { indexObjectsOf } from '../mib/inventory.ts';
import { scalarGroups, tables } from '../mib/objects.gen.ts';
import type { JsonScalar } from '../mib/print.ts';
import { decodeIndex } from '../tree/index-oid.ts';
import { indexOfRow } from '../tree/row-layout.ts';
import type { ReadContext } from '../tree/tree.ts';
import { jsonCell, rowsBelow } from './cells.ts';

export type JsonRow = Readonly<Record<string, JsonScalar>>;

/** Which rows of a table are wanted. */
export interface TableQuery {
  /** Rows of this domain only. */
  readonly domain?: number | undefined;
  /** Only these columns; undefined is all. */
  readonly columns?: readonly string[] | undefined;
  /** Rows at most. */
  readonly limit: number;
  /** Rows behind this one, as an earlier page told it. */
  readonly after: number;
}

/** Some rows of a table, and where the next ones begin. */
export interface TablePage {
  readonly rows: readonly JsonRow[];
  /** Undefined behind the last row. */
  readonly next: number | undefined;
}

/** Every table by name with its columns. */
export function tableNames(): readonly TableName[] {
  return Object.keys(tables) as TableName[];
}

export function isTable(name: string): name is TableName {
  return Object.hasOwn(tables, name);
}

/** Columns that are not the table's. */
export function unknownColumns(table: TableName, columns: readonly string[]): readonly string[] {
  const known = new Set<string>([...tables[table].columns, ...tables[table].index]);
  return columns.filter((column) => !known.has(column));
}

/** Whether the rows of a table are those of domains. */
export function isOfDomains(table: TableName): boolean {
  const [first] = tables[table].index;
  return first === 'lveDomIndex' || first === 'vmIndex' || first === 'vmStorageVmIndex';
}

/** Rows as objects by the names of the MIB. Values that do not exist are left out. */
export function tablePage(
  tree: ImageTree,
  table: TableName,
  query: TableQuery,
  context: ReadContext,
): TablePage {
  const definition = tables[table];
  const wanted = query.columns === undefined ? undefined : new Set(query.columns);
  const columns = definition.columns.flatMap((name): readonly ImageColumn[] => {
    const column = tree.column(name);
    return column === undefined || (wanted !== undefined && !wanted.has(name)) ? [] : [column];
  });
  const [first = ''] = definition.columns;
  const rowSet = tree.column(first)?.rows;
  if (rowSet === undefined) return { rows: [], next: undefined };
  const [from, to] = query.domain === undefined ? [0, rowSet.length] : rowsBelow(rowSet, query.domain);
  const parts = indexObjectsOf({ name: table, ...definition });
  const rows: JsonRow[] = [];
  const start = Math.max(from, query.after);
  const end = Math.min(to, start + query.limit);
  for (let row = start; row < end; row++) {
    const cells: Record<string, JsonScalar> = {};
    const index = decodeIndex(parts, indexOfRow(rowSet, row)) ?? [];
    for (const [position, name] of definition.index.entries()) cells[name] = index[position] ?? 0;
    let isEmpty = true;
    for (const column of columns) {
      const value = jsonCell(column, row, context);
      if (value === undefined) continue;
      cells[column.name] = value;
      isEmpty = false;
    }
    if (!isEmpty) rows.push(cells);
  }
  return { rows, next: end < to ? end : undefined };
}

/** Every scalar by name. */
export function scalarsJson(tree: ImageTree, context: ReadContext): JsonRow {
  const values: Record<string, JsonScalar> = {};
  for (const { scalars } of Object.values(scalarGroups)) {
    for (const name of scalars) {
      const column = tree.column(name);
      const value = column === undefined ? undefined : jsonCell(column, 0, context);
      if (value !== undefined) values[name] = value;
    }
  }
  return values;
}

const chunkRows = 500;

/** Everything as the text of one JSON document, piece by piece: whoever sends it may do something else in between. */
export function* dumpJson(tree: ImageTree, context: ReadContext): Generator<string> {
  yield `{"scalars":${JSON.stringify(scalarsJson(tree, context))},"tables":{`;
  for (const [at, table] of tableNames().entries()) {
    yield `${at === 0 ? '' : ','}${JSON.stringify(table)}:[`;
    let after: number | undefined = 0;
    let isFirst = true;
    while (after !== undefined) {
      const { rows, next }: TablePage = tablePage(tree, table, { limit: chunkRows, after }, context);
      const text = rows.map((row) => JSON.stringify(row)).join(',');
      if (text !== '') {
        yield isFirst ? text : `,${text}`;
        isFirst = false;
      }
      after = next;
    }
    yield ']';
  }
  yield '}}\n';
}
