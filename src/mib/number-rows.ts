import type { AddRow } from './bind.ts';
import { ascendingOrder, pickRows, type RowLayout, sameRows } from './row-layout.ts';
import type { RowSet } from './tree.ts';

/**
 * Lays out a table whose index has only numbers, which is most of them: the sub-identifiers are the values.
 * @param width objects in the INDEX clause.
 * @param addRows adds every row.
 * @param previous an earlier layout; its row set is taken over if the rows are the same.
 */
export function layOutNumbers(
  width: number,
  addRows: (add: AddRow) => void,
  previous?: RowLayout,
): RowLayout {
  const records: unknown[] = [];
  let subIds = new Uint32Array(Math.max(previous?.rows.subIds.length ?? 0, 16 * width));
  let used = 0;
  addRows((record, first, second, third) => {
    if (used + width > subIds.length) {
      const larger = new Uint32Array(subIds.length * 2);
      larger.set(subIds);
      subIds = larger;
    }
    records.push(record);
    subIds[used++] = first as number;
    if (width > 1) subIds[used++] = second as number;
    if (width > 2) subIds[used++] = third as number;
  });
  const length = records.length;
  const offsets = new Uint32Array(length + 1);
  for (let row = 1; row <= length; row++) offsets[row] = row * width;
  const added: RowSet = {
    length,
    subIds: used === subIds.length ? subIds : subIds.slice(0, used),
    offsets,
  };
  if (previous !== undefined && sameRows(previous.rows, added)) return { rows: previous.rows, records };
  const order = ascendingOrder(added);
  if (order === undefined) return { rows: added, records };
  const rows = pickRows(added, order);
  return {
    rows: previous !== undefined && sameRows(previous.rows, rows) ? previous.rows : rows,
    records: Array.from(order, (position) => records[position]),
  };
}
