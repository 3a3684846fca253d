import { expect, test } from 'vitest';
import { movedRows, NEW_ROW } from '../../../src/tree/moved-rows.ts';
import { rowSet } from '../../support/synthetic-tree.ts';

test('finds each row that was there before', () => {
  const before = rowSet([[1], [2, 1], [2, 5], [9]]);
  const after = rowSet([[0], [2, 1], [2, 3], [9], [10]]);
  expect([...movedRows(before, after)]).toEqual([NEW_ROW, 1, NEW_ROW, 3, NEW_ROW]);
});

test('works from and to nothing', () => {
  expect([...movedRows(rowSet([]), rowSet([[1], [2]]))]).toEqual([NEW_ROW, NEW_ROW]);
  expect([...movedRows(rowSet([[1], [2]]), rowSet([]))]).toEqual([]);
});

test('tells an index from a longer one that begins with it', () => {
  expect([
    ...movedRows(
      rowSet([[1], [1, 1]]),
      rowSet([
        [1, 1],
        [1, 1, 1],
      ]),
    ),
  ]).toEqual([1, NEW_ROW]);
});
