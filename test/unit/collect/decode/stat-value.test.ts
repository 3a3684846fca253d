import { expect, it } from 'vitest';
import { statOf } from '../../../../src/collect/decode/stat-value.ts';

const ullong = 4;
const double = 5;
const boolean = 6;
const string = 7;

it('gives non-negative integers and booleans as a number', () => {
  expect(statOf('a', ullong, 2n ** 64n - 1n)).toMatchObject({ value: 2n ** 64n - 1n });
  expect(statOf('a', boolean, true)).toMatchObject({ value: 1, text: 'true' });
  expect(statOf('a', 1, -3)).toMatchObject({ value: undefined, text: '-3' });
  expect(statOf('a', string, '7')).toMatchObject({ value: undefined, text: '7' });
});

it.each([
  [0, 0],
  [0.29, 290],
  [1.5, 1500],
  [12, 12_000],
  [1e-9, 0],
  [-0.1, undefined],
  [Number.NaN, undefined],
  [Number.POSITIVE_INFINITY, undefined],
  [1e300, undefined],
])('gives a double in thousandths: %d', (value, milli) => {
  expect(statOf('load.1m', double, value)).toEqual({
    name: 'load.1m',
    type: 'double',
    value: undefined,
    milli,
    text: String(value),
  });
});
