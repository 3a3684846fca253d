import { describe, expect, test } from 'vitest';
import { layOutNumbers } from '../../../src/mib/number-rows.ts';
import { TableRows } from '../../../src/mib/table-rows.ts';

/** Rows of one number, with a count of how often they were laid out. */
function counted(numbers: readonly number[], before?: TableRows) {
  let count = 0;
  const rows = new TableRows(
    [numbers],
    (known) => {
      count += 1;
      return layOutNumbers(1, (add) => numbers.forEach((number) => void add(`row ${number}`, number)), known);
    },
    before,
  );
  return { rows, count: () => count };
}

describe('TableRows', () => {
  test('lays out at the first question, once', () => {
    const table = counted([1, 2]);
    expect(table.count()).toBe(0);
    expect(table.rows.records).toEqual(['row 1', 'row 2']);
    expect(Array.from(table.rows.rows.subIds)).toEqual([1, 2]);
    expect(table.count()).toBe(1);
  });

  test('takes over the row set of the last rows that were laid out, past rows that never were', () => {
    const first = counted([1, 2]);
    const { rows } = first.rows;
    const skipped = counted([1, 2, 3], first.rows);
    const last = counted([1, 2], skipped.rows);
    expect(last.rows.rows).toBe(rows);
    expect(skipped.count()).toBe(0);
  });
});
