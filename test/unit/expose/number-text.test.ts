import fc from 'fast-check';
import { expect, test } from 'vitest';
import { maxNumberOctets } from '../../../src/expose/lines-bench.ts';
import { writeNumber } from '../../../src/expose/number-text.ts';

/** Behind a character that is there already. */
function written(value: number | bigint): string {
  const octets = Buffer.alloc(maxNumberOctets + 1, '#');
  return octets.toString('latin1', 0, writeNumber(octets, 1, value));
}

test.each([
  [0, '0'],
  [-0, '0'],
  [9, '9'],
  [10, '10'],
  [2 ** 31 - 1, '2147483647'],
  [2 ** 31, '2147483648'],
  [1e9, '1000000000'],
  [10_000_000_001, '10000000001'],
  [999_999_999_999_999, '999999999999999'],
  [1e15, '1000000000000000'],
  [2 ** 53, '9007199254740992'],
  [1e21, '1e+21'],
  [0.48, '0.48'],
  [0.000_001, '0.000001'],
  [0.000_000_1, '1e-7'],
  [1.000_000_001, '1.000000001'],
  [0.1 + 0.2, '0.30000000000000004'],
  [1_795_912_345.123, '1795912345.123'],
  [-12.5, '-12.5'],
  [Number.NEGATIVE_INFINITY, '-Infinity'],
  [2n ** 64n - 1n, '18446744073709551615'],
  [-1.797_693_134_862_315_7e308, '-1.7976931348623157e+308'],
])('%s', (value, text) => {
  expect(written(value)).toBe(`#${text}`);
});

test('every number reads as JavaScript shows it', () => {
  const parts = fc.tuple(fc.maxSafeInteger(), fc.constantFrom(1, 10, 100, 1e3, 1e4, 1e6, 1e9));
  const scaled = parts.map(([whole, by]) => whole / by);
  const small = fc.tuple(fc.integer(), fc.constantFrom(1e3, 1e4, 1e6, 1e9)).map(([whole, by]) => whole / by);
  const all = fc.oneof(
    fc.double({ noNaN: true }),
    fc.integer(),
    scaled,
    small,
    fc.bigInt({ min: 0n, max: 2n ** 64n }),
  );
  fc.assert(
    fc.property(all, (value) => written(value) === `#${value}`),
    { numRuns: 5000 },
  );
});
