import { describe, expect, test } from 'vitest';
import { compareOids, formatOid, isWithin, parseOid } from '../../../src/tree/oid.ts';

describe('parseOid', () => {
  test('takes the dotted form with and without a leading dot', () => {
    expect(parseOid('1.3.6.1.4294967295')).toEqual([1, 3, 6, 1, 4294967295]);
    expect(parseOid('.1.3')).toEqual([1, 3]);
  });

  test.each(['', '1', '1..3', '1.3.', '1.3.4294967296', '1.3.-1', '1.3.01', '1.3.x', '1.3 .6'])(
    'rejects %j',
    (text) => {
      expect(() => parseOid(text)).toThrow(RangeError);
    },
  );

  test('rejects more than 128 sub-identifiers', () => {
    expect(() => parseOid(Array.from({ length: 129 }, () => 1).join('.'))).toThrow(/2 to 128/);
  });
});

test('formatOid is the inverse of parseOid', () => {
  expect(formatOid(parseOid('1.3.6.1.2.1.236'))).toBe('1.3.6.1.2.1.236');
});

test('compareOids orders by sub-identifier, a prefix first', () => {
  const sorted = [
    [1, 3],
    [1, 3, 6],
    [1, 3, 6, 1],
    [1, 3, 7],
    [1, 10],
  ];
  for (const [position, oid] of sorted.entries()) {
    for (const [other, later] of sorted.entries()) {
      expect(Math.sign(compareOids(oid, later))).toBe(Math.sign(position - other));
    }
  }
});

test('isWithin includes the prefix itself', () => {
  expect(isWithin([1, 3, 6], [1, 3, 6])).toBe(true);
  expect(isWithin([1, 3, 6, 1], [1, 3, 6])).toBe(true);
  expect(isWithin([1, 3], [1, 3, 6])).toBe(false);
  expect(isWithin([1, 3, 7, 1], [1, 3, 6])).toBe(false);
});
