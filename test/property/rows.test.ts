import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeIndex, encodeIndex, type IndexObject } from '../../src/tree/index-oid.ts';
import { layOutNumbers } from '../../src/tree/number-rows.ts';
import { compareOids } from '../../src/tree/oid.ts';
import type { AddRow } from '../../src/tree/row-layout.ts';
import { indexOfRow, type RowLayout } from '../../src/tree/row-layout.ts';
import { layOutTexts } from '../../src/tree/text-rows.ts';

// The layouts against the simplest thing that could work: encode every index, sort, drop duplicates.

type Key = readonly (number | string)[];

const textParts: readonly IndexObject[] = [
  { kind: 'number' },
  { kind: 'label', labels: { background: 1, completed: 2 } },
  { kind: 'text', maxBytes: 6 },
];
const numberParts: readonly IndexObject[] = [{ kind: 'number' }, { kind: 'number' }];

const textKeys = fc.array(
  fc.tuple(
    fc.integer({ min: 1, max: 5 }),
    fc.constantFrom('background', 'completed'),
    fc.string({ unit: 'grapheme', maxLength: 5 }),
  ),
  { maxLength: 60 },
);
const numberKeys = fc.array(
  fc.tuple(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 2 ** 32 - 1 })),
  { maxLength: 60 },
);

function naive(parts: readonly IndexObject[], keys: readonly Key[]): (readonly [number[], number])[] {
  const encoded = keys.map((key, position) => [encodeIndex(parts, key), position] as const);
  const sorted = encoded.toSorted(([a, i], [b, j]) => compareOids(a, b) || i - j);
  return sorted.filter(([index], at) => at === 0 || compareOids(sorted[at - 1]?.[0] ?? [], index) !== 0);
}

const adding =
  (keys: readonly Key[]) =>
  (add: AddRow): void => {
    for (const [position, key] of keys.entries()) add(position, ...key);
  };

function rowsOf({ rows, items }: RowLayout): (readonly [number[], unknown])[] {
  return Array.from({ length: rows.length }, (_, row) => [Array.from(indexOfRow(rows, row)), items[row]]);
}

test('tables with numbers in their index', () => {
  fc.assert(
    fc.property(numberKeys, numberKeys, (before, keys) => {
      const previous = layOutNumbers(2, adding(before));
      expect(rowsOf(layOutNumbers(2, adding(keys), previous.rows))).toEqual(naive(numberParts, keys));
      expect(layOutNumbers(2, adding(before), previous.rows).rows).toBe(previous.rows);
    }),
  );
});

test('tables with texts in their index', () => {
  fc.assert(
    fc.property(textKeys, textKeys, (before, keys) => {
      const previous = layOutTexts(textParts, adding(before));
      expect(rowsOf(layOutTexts(textParts, adding(keys), previous.rows))).toEqual(naive(textParts, keys));
      expect(layOutTexts(textParts, adding(before), previous.rows).rows).toBe(previous.rows);
    }),
  );
});

test('tables with texts in their index that lack a few rows and have them again', () => {
  const steps = fc.tuple(textKeys, fc.nat(60), fc.integer({ min: 1, max: 3 })).map(([keys, at, count]) => {
    const ascending = keys.toSorted(([a], [b]) => a - b);
    return [ascending, ascending.toSpliced(at % Math.max(1, ascending.length), count)] as const;
  });
  fc.assert(
    fc.property(steps, ([all, fewer]) => {
      const first = layOutTexts(textParts, adding(all));
      const second = layOutTexts(textParts, adding(fewer), first.rows);
      expect(rowsOf(second)).toEqual(naive(textParts, fewer));
      expect(rowsOf(layOutTexts(textParts, adding(all), second.rows))).toEqual(naive(textParts, all));
    }),
  );
});

test('an index that is not cut survives encoding and decoding', () => {
  const parts = textParts.map((part) => (part.kind === 'text' ? { ...part, maxBytes: 255 } : part));
  fc.assert(
    fc.property(textKeys, (keys) => {
      for (const key of keys) expect(decodeIndex(parts, encodeIndex(parts, key))).toEqual([...key]);
    }),
  );
});
