import { compareRuns } from './lexicographic.ts';
import type { RowSet } from './tree.ts';

/** Rows of a set that another set does not have. */
export const NEW_ROW = -1;

/** For each row of `after` where the row of the same index is in `before`, or {@link NEW_ROW}. Both are ascending. */
export function movedRows(before: RowSet, after: RowSet): Int32Array {
  const from = new Int32Array(after.length).fill(NEW_ROW);
  let old = 0;
  for (let row = 0; row < after.length; row++) {
    // Both ascend: no row before `old` can be one of those still to come.
    let order = -1;
    while (old < before.length) {
      order = compare(before, old, after, row);
      if (order >= 0) break;
      old += 1;
    }
    if (old < before.length && order === 0) from[row] = old;
  }
  return from;
}

/** Lexicographical order of two rows of different sets. */
function compare(a: RowSet, rowOfA: number, b: RowSet, rowOfB: number): number {
  return compareRuns(
    a.subIds,
    a.offsets[rowOfA] ?? 0,
    a.offsets[rowOfA + 1] ?? 0,
    b.subIds,
    b.offsets[rowOfB] ?? 0,
    b.offsets[rowOfB + 1] ?? 0,
  );
}
