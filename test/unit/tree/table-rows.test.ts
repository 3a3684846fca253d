import { describe, expect, test } from 'vitest';
import { layOutNumbers } from '../../../src/tree/number-rows.ts';
import type { AddPart, AddRow } from '../../../src/tree/row-layout.ts';
import { TableRows, type TableRowsOptions } from '../../../src/tree/table-rows.ts';

const partsOf =
  (parts: readonly unknown[]) =>
  (add: AddPart): void => {
    for (const part of parts) add(part);
  };

/** Rows of one number, with a count of how often they were laid out. */
function counted(numbers: readonly number[], parts?: readonly unknown[]) {
  let count = 0;
  const options: TableRowsOptions = {
    source: [numbers],
    owners: new Map(),
    ...(parts === undefined ? {} : { parts: partsOf(parts) }),
    layOut: (known) => {
      count += 1;
      const addRows = (add: AddRow): void => {
        for (const number of numbers) add(`row ${number}`, number);
      };
      return layOutNumbers(1, addRows, known);
    },
  };
  return { options, count: () => count };
}

describe('TableRows', () => {
  test('lays out at the first question, once', () => {
    const { options, count } = counted([1, 2]);
    const table = new TableRows(options);
    expect(count()).toBe(0);
    expect(table.items).toEqual(['row 1', 'row 2']);
    expect(Array.from(table.rows.subIds)).toEqual([1, 2]);
    expect(count()).toBe(1);
  });

  test('is the same while its source is', () => {
    const { options } = counted([1, 2]);
    const table = new TableRows(options);
    expect(table.next({ ...options, source: [...options.source] })).toBe(table);
    expect(table.next(counted([1, 2]).options)).not.toBe(table);
  });

  test('takes over the row set of the last rows that were laid out, past rows that never were', () => {
    const first = new TableRows(counted([1, 2]).options);
    const { rows } = first;
    const skipped = counted([1, 2, 3]);
    const last = first.next(skipped.options).next(counted([1, 2]).options);
    expect(last.rows).toBe(rows);
    expect(skipped.count()).toBe(0);
  });

  test('takes over rows and items while the parts are the same', () => {
    const part = {};
    const first = new TableRows(counted([1, 2], [part]).options);
    const { items } = first;
    const same = counted([1, 2], [part]);
    const second = first.next(counted([1, 2], [part]).options).next(same.options);
    expect(second.items).toBe(items);
    expect(same.count()).toBe(0);
    const changed = counted([3], [{}]);
    expect(second.next(changed.options).items).toEqual(['row 3']);
    expect(changed.count()).toBe(1);
    const fewer = counted([4], []);
    expect(second.next(fewer.options).items).toEqual(['row 4']);
    const more = counted([5], [part, part]);
    expect(second.next(more.options).items).toEqual(['row 5']);
  });
});
