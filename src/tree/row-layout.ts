import { compareRuns } from './lexicographic.ts';
import type { OwnerNames } from './row-name.ts';
import type { RowSet } from './tree.ts';

/** The rows of a table: their index on the wire and the item of the model behind each. */
export interface RowLayout {
  readonly rows: RowSet;
  /** By row. */
  readonly items: readonly unknown[];
  /** Who the domains are that the first index stands for; the same object while no name is another. */
  readonly owners?: OwnerNames;
}

/** Takes the next row: its item and the values of its index. */
export type AddRow = RowTaker['add'];

// A method, so that functions that take narrower items are assignable.
interface RowTaker {
  add(item: unknown, ...index: readonly (number | string)[]): void;
}

/** Takes the next of the parts that rows come from. */
export type AddPart = (part: unknown) => void;

/** The single row of a scalar. */
export const scalarRows: RowSet = {
  length: 1,
  subIds: Uint32Array.of(0),
  offsets: Uint32Array.of(0, 1),
};

/** The index sub-identifiers of a row. */
export function indexOfRow(rows: RowSet, row: number): Uint32Array {
  return rows.subIds.subarray(rows.offsets[row], rows.offsets[row + 1]);
}

/** The sub-identifier at a position of a row's index; 0 if it is shorter. */
export function subIdOfRow({ rows }: RowLayout, row: number, position: number): number {
  const at = (rows.offsets[row] ?? 0) + position;
  return at < (rows.offsets[row + 1] ?? 0) ? (rows.subIds[at] ?? 0) : 0;
}

/** Lexicographical order of two rows of a set. */
export function compareRows(rows: RowSet, a: number, b: number): number {
  const { subIds, offsets } = rows;
  return compareRuns(
    subIds,
    offsets[a] ?? 0,
    offsets[a + 1] ?? 0,
    subIds,
    offsets[b] ?? 0,
    offsets[b + 1] ?? 0,
  );
}

/**
 * The order in which the rows ascend, without duplicates (the first stays); undefined if they already
 * ascend.
 */
export function ascendingOrder(rows: RowSet): Uint32Array | undefined {
  let ascending = true;
  for (let row = 1; row < rows.length && ascending; row++) ascending = compareRows(rows, row - 1, row) < 0;
  if (ascending) return undefined;
  const order = Array.from({ length: rows.length }, (_, row) => row).sort((a, b) => compareRows(rows, a, b));
  return Uint32Array.from(
    order.filter((row, position) => position === 0 || compareRows(rows, order[position - 1] ?? 0, row) !== 0),
  );
}

/** The rows in the given order. */
export function pickRows(rows: RowSet, order: Uint32Array): RowSet {
  const offsets = new Uint32Array(order.length + 1);
  for (const [row, from] of order.entries()) {
    const length = (rows.offsets[from + 1] ?? 0) - (rows.offsets[from] ?? 0);
    offsets[row + 1] = (offsets[row] ?? 0) + length;
  }
  const subIds = new Uint32Array(offsets[order.length] ?? 0);
  for (const [row, from] of order.entries()) subIds.set(indexOfRow(rows, from), offsets[row]);
  return { length: order.length, subIds, offsets };
}

/** Whether two sets have the same rows. */
export function sameRows(a: RowSet, b: RowSet): boolean {
  if (a.length !== b.length || a.subIds.length !== b.subIds.length) return false;
  for (let i = 0; i < a.subIds.length; i++) if (a.subIds[i] !== b.subIds[i]) return false;
  for (let i = 0; i < a.offsets.length; i++) if (a.offsets[i] !== b.offsets[i]) return false;
  return true;
}
