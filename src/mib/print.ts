import { displayValue, jsonValue } from '../smi/display.ts';
import { decodeIndex, type IndexObject } from '../tree/index-oid.ts';
import { indexOfRow } from '../tree/row-layout.ts';
import type { Column, MibTree, ReadContext } from '../tree/tree.ts';
import { findDefinition } from './definitions.ts';
import { type InventoryTable, indexObjectsOf, tableOf } from './inventory.ts';

export type JsonScalar = string | number | boolean;

/** A tree as plain data: scalars by name, and per table its rows by the names of index objects and columns. */
export interface JsonTree {
  readonly scalars: Readonly<Record<string, JsonScalar>>;
  readonly tables: Readonly<Record<string, readonly Readonly<Record<string, JsonScalar>>[]>>;
}

/**
 * Every instance in the order of a walk, as the tools of Net-SNMP print it:
 * `LIBVIRT-EXT-MIB::lveDomName.1 = STRING: web-01`.
 */
export function* walkLines(tree: MibTree, context: ReadContext): Generator<string> {
  for (const column of tree.columns) {
    const definition = findDefinition(column.name);
    if (definition === undefined) continue;
    const index = indexObjectsOf(tableOf(column.name));
    for (let row = 0; row < column.rows.length; row++) {
      const value = column.read(row, context);
      if (value === undefined) continue;
      const instance = instanceOf(column, row, index);
      yield `${definition.module}::${column.name}.${instance} = ${displayValue(definition, value)}`;
    }
  }
}

/** The tree as plain data for JSON. Rows and values that do not exist are left out. */
export function toJson(tree: MibTree, context: ReadContext): JsonTree {
  const scalars: Record<string, JsonScalar> = {};
  const columnsOfTables = new Map<string, { table: InventoryTable; columns: Column[] }>();
  for (const column of tree.columns) {
    const definition = findDefinition(column.name);
    const table = tableOf(column.name);
    if (definition === undefined) continue;
    if (table === undefined) {
      const value = column.read(0, context);
      if (value !== undefined) scalars[column.name] = jsonValue(definition, value);
      continue;
    }
    const known = columnsOfTables.get(table.name);
    if (known === undefined) columnsOfTables.set(table.name, { table, columns: [column] });
    else known.columns.push(column);
  }
  const tables: Record<string, Record<string, JsonScalar>[]> = {};
  for (const [name, { table, columns }] of columnsOfTables) {
    tables[name] = rowsOf(table, columns, context);
  }
  return { scalars, tables };
}

function rowsOf(
  table: InventoryTable,
  columns: readonly Column[],
  context: ReadContext,
): Record<string, JsonScalar>[] {
  const rowSet = columns[0]?.rows;
  const index = indexObjectsOf(table);
  const rows: Record<string, JsonScalar>[] = [];
  for (let row = 0; row < (rowSet?.length ?? 0); row++) {
    const cells: Record<string, JsonScalar> = {};
    for (const column of columns) {
      const definition = findDefinition(column.name);
      const value = column.read(row, context);
      if (definition !== undefined && value !== undefined) cells[column.name] = jsonValue(definition, value);
    }
    if (rowSet === undefined || Object.keys(cells).length === 0) continue;
    const values = decodeIndex(index, indexOfRow(rowSet, row)) ?? [];
    const key = Object.fromEntries(table.index.map((name, position) => [name, values[position] ?? 0]));
    rows.push({ ...key, ...cells });
  }
  return rows;
}

/** The instance part of a name: labels for enumerated indexes, texts in quotes. */
function instanceOf(column: Column, row: number, index: readonly IndexObject[]): string {
  const subIds = indexOfRow(column.rows, row);
  const values = decodeIndex(index, subIds);
  if (values === undefined) return Array.from(subIds).join('.');
  return values
    .map((value, position) => (index[position]?.kind === 'text' ? JSON.stringify(value) : String(value)))
    .join('.');
}
