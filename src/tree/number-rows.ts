import type { AddRow } from './row-layout.ts';
import { ascendingOrder, pickRows, type RowLayout, sameRows } from './row-layout.ts';
import type { RowSet } from './tree.ts';

/**
 * Lays out a table whose index has only numbers, which is most of them: the sub-identifiers are the values.
 * @param width objects in the INDEX clause.
 * @param addRows adds every row.
 * @param known an earlier row set of the table; it is taken over if the rows are the same.
 */
export function layOutNumbers(width: number, addRows: (add: AddRow) => void, known?: RowSet): RowLayout {
  const items: unknown[] = [];
  const expected = known?.subIds ?? noSubIds;
  // As long as the rows are those known, they are only compared.
  let differs = known === undefined;
  let subIds = noSubIds;
  let used = 0;
  addRows((item, first, second, third) => {
    items.push(item);
    if (!differs) {
      if (
        used + width <= expected.length &&
        expected[used] === first &&
        (width < 2 || expected[used + 1] === second) &&
        (width < 3 || expected[used + 2] === third)
      ) {
        used += width;
        return;
      }
      differs = true;
      subIds = expected.slice();
    }
    if (used + width > subIds.length) {
      const larger = new Uint32Array(Math.max(subIds.length * 2, 16 * width));
      larger.set(subIds);
      subIds = larger;
    }
    subIds[used++] = first as number;
    if (width > 1) subIds[used++] = second as number;
    if (width > 2) subIds[used++] = third as number;
  });
  if (known !== undefined && !differs && used === expected.length) return { rows: known, items };
  return sorted(rowSet(width, (differs ? subIds : expected).slice(0, used)), items, known);
}

const noSubIds = new Uint32Array(0);

function rowSet(width: number, subIds: Uint32Array): RowSet {
  const length = subIds.length / width;
  const offsets = new Uint32Array(length + 1);
  for (let row = 1; row <= length; row++) offsets[row] = row * width;
  return { length, subIds, offsets };
}

function sorted(added: RowSet, items: readonly unknown[], known: RowSet | undefined): RowLayout {
  const order = ascendingOrder(added);
  if (order === undefined) return { rows: added, items };
  const rows = pickRows(added, order);
  return {
    rows: known !== undefined && sameRows(known, rows) ? known : rows,
    items: Array.from(order, (position) => items[position]),
  };
}
