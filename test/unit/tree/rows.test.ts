import { describe, expect, test } from 'vitest';
import { encodeIndex, type IndexObject } from '../../../src/tree/index-oid.ts';
import { layOutNumbers } from '../../../src/tree/number-rows.ts';
import type { AddRow } from '../../../src/tree/row-layout.ts';
import { indexOfRow, type RowLayout } from '../../../src/tree/row-layout.ts';
import { layOutTexts } from '../../../src/tree/text-rows.ts';

type Row = readonly [item: string, ...index: readonly (number | string)[]];

const adding =
  (rows: readonly Row[]) =>
  (add: AddRow): void => {
    for (const [item, ...index] of rows) add(item, ...index);
  };

function shown({ rows, items }: RowLayout): (readonly [string, unknown])[] {
  return Array.from({ length: rows.length }, (_, row) => [
    Array.from(indexOfRow(rows, row)).join('.'),
    items[row],
  ]);
}

describe('layOutNumbers', () => {
  test('keeps rows that ascend', () => {
    const layout = layOutNumbers(
      2,
      adding([
        ['a', 1, 1],
        ['b', 1, 9],
        ['c', 2, 1],
      ]),
    );
    expect(shown(layout)).toEqual([
      ['1.1', 'a'],
      ['1.9', 'b'],
      ['2.1', 'c'],
    ]);
  });

  test('sorts rows that do not, the first of a duplicate stays', () => {
    const layout = layOutNumbers(
      1,
      adding([
        ['a', 10],
        ['b', 9],
        ['c', 10],
        ['d', 4_294_967_295],
      ]),
    );
    expect(shown(layout)).toEqual([
      ['9', 'b'],
      ['10', 'a'],
      ['4294967295', 'd'],
    ]);
  });

  test('keeps the row set while the rows are the same, with new items', () => {
    const first = layOutNumbers(
      1,
      adding([
        ['a', 2],
        ['b', 1],
      ]),
    );
    const second = layOutNumbers(
      1,
      adding([
        ['A', 2],
        ['B', 1],
      ]),
      first.rows,
    );
    expect(second.rows).toBe(first.rows);
    expect(second.items).toEqual(['B', 'A']);
    const third = layOutNumbers(1, adding([['A', 2]]), second.rows);
    expect(shown(third)).toEqual([['2', 'A']]);
  });

  test('grows', () => {
    const layout = layOutNumbers(3, (add) => {
      for (let i = 0; i < 1000; i++) add(i, i, i, i);
    });
    expect(layout.rows.length).toBe(1000);
    expect(Array.from(indexOfRow(layout.rows, 999))).toEqual([999, 999, 999]);
  });

  test('may have no rows', () => {
    expect(shown(layOutNumbers(2, adding([])))).toEqual([]);
  });
});

describe('layOutTexts', () => {
  const parts: readonly IndexObject[] = [
    { kind: 'number' },
    { kind: 'label', labels: { background: 1, completed: 2 } },
    { kind: 'text', maxBytes: 20 },
  ];
  const index = (...values: readonly (number | string)[]): string => encodeIndex(parts, values).join('.');

  test('puts shorter names first', () => {
    const layout = layOutTexts(
      parts,
      adding([
        ['a', 1, 'completed', 'aaa'],
        ['b', 1, 'completed', 'z'],
        ['c', 1, 'background', 'zzzz'],
      ]),
    );
    expect(shown(layout)).toEqual([
      [index(1, 'background', 'zzzz'), 'c'],
      [index(1, 'completed', 'z'), 'b'],
      [index(1, 'completed', 'aaa'), 'a'],
    ]);
  });

  test('joins rows of one domain that were added apart', () => {
    const layout = layOutTexts(
      parts,
      adding([
        ['b', 2, 'completed', 'x'],
        ['a', 1, 'completed', 'x'],
        ['c', 2, 'background', 'x'],
      ]),
    );
    expect(shown(layout)).toEqual([
      [index(1, 'completed', 'x'), 'a'],
      [index(2, 'background', 'x'), 'c'],
      [index(2, 'completed', 'x'), 'b'],
    ]);
  });

  test('drops a row whose name is the same after cutting', () => {
    const long = 'x'.repeat(20);
    const layout = layOutTexts(
      parts,
      adding([
        ['a', 1, 'completed', `${long}1`],
        ['b', 1, 'completed', `${long}2`],
      ]),
    );
    expect(shown(layout)).toEqual([[index(1, 'completed', long), 'a']]);
  });

  test('keeps the row set while the names are the same', () => {
    const rows: Row[] = [
      ['a', 1, 'completed', 'bb'],
      ['b', 1, 'completed', 'a'],
      ['c', 2, 'completed', 'a'],
    ];
    const first = layOutTexts(parts, adding(rows));
    const second = layOutTexts(parts, adding(rows.map(([, ...key]) => ['new', ...key])), first.rows);
    expect(second.rows).toBe(first.rows);
    expect(second.items).toEqual(['new', 'new', 'new']);
    const third = layOutTexts(parts, adding(rows.slice(0, 2)), second.rows);
    expect(shown(third)).toEqual([
      [index(1, 'completed', 'a'), 'b'],
      [index(1, 'completed', 'bb'), 'a'],
    ]);
    const fourth = layOutTexts(parts, adding([...rows.slice(0, 1), ['d', 1, 'completed', 'c']]), third.rows);
    expect(shown(fourth)).toEqual([
      [index(1, 'completed', 'c'), 'd'],
      [index(1, 'completed', 'bb'), 'a'],
    ]);
  });

  test('notices that the last names of a domain before the last one are gone', () => {
    const all: readonly Row[] = [
      ['a', 1, 'completed', 'x'],
      ['b', 1, 'completed', 'y'],
      ['c', 2, 'completed', 'x'],
    ];
    const known = layOutTexts(parts, adding(all)).rows;
    const fewer = all.filter(([item]) => item !== 'b');
    expect(shown(layOutTexts(parts, adding(fewer), known))).toEqual([
      [index(1, 'completed', 'x'), 'a'],
      [index(2, 'completed', 'x'), 'c'],
    ]);
  });

  test('lays out the same with rows known and without, whatever changes', () => {
    const names = ['a', 'bb', 'c', 'dd', 'e', `${'x'.repeat(20)}1`, `${'x'.repeat(20)}2`];
    let seed = 7;
    const chance = (): number => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
      return seed / 2 ** 32;
    };
    let known: RowLayout | undefined;
    let kept = 0;
    for (let step = 0; step < 300; step++) {
      // Mostly the same rows again, in the same order; now and then some are missing or domains are added apart.
      const rows: Row[] = [1, 2, 3].flatMap((domain) =>
        names
          .filter(() => step % 4 !== 0 || chance() > 0.3)
          .map((name): Row => [`${step} ${domain} ${name}`, domain, 'completed', name]),
      );
      if (step % 11 === 0) rows.reverse();
      const layout = layOutTexts(parts, adding(rows), known?.rows);
      expect(shown(layout), `step ${step}`).toEqual(shown(layOutTexts(parts, adding(rows))));
      if (layout.rows === known?.rows) kept += 1;
      known = layout;
    }
    expect(kept).toBeGreaterThan(100);
  });

  test('takes an index that begins with a text, and keeps the row set while the names are the same', () => {
    const rows = (item: string, ...names: string[]): ((add: AddRow) => void) =>
      adding(names.map((name) => [`${item} ${name}`, name]));
    const byName = [{ kind: 'text', maxBytes: 32 }] as const;
    const first = layOutTexts(byName, rows('old', 'rack-2', 'b', 'a'));
    expect(shown(first)).toEqual([
      ['1.97', 'old a'],
      ['1.98', 'old b'],
      ['6.114.97.99.107.45.50', 'old rack-2'],
    ]);
    const same = layOutTexts(byName, rows('new', 'rack-2', 'b', 'a'), first.rows);
    expect(same.rows).toBe(first.rows);
    expect(same.items).toEqual(['new a', 'new b', 'new rack-2']);
    const fewer = layOutTexts(byName, rows('new', 'b'), first.rows);
    expect(shown(fewer)).toEqual([['1.98', 'new b']]);
  });

  test('takes an index that is a label alone', () => {
    const labels: IndexObject = { kind: 'label', labels: { inventory: 1, raw: 13 } };
    expect(
      shown(
        layOutTexts(
          [labels],
          adding([
            ['b', 'raw'],
            ['a', 'inventory'],
          ]),
        ),
      ),
    ).toEqual([
      ['1', 'a'],
      ['13', 'b'],
    ]);
  });
});
