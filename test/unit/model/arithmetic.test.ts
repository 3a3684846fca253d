import { describe, expect, it } from 'vitest';
import { add, increase, kibToBytes, nsToUs, percentOf, sumKnown } from '../../../src/model/arithmetic.ts';

describe('arithmetic on counts', () => {
  it('converts nanoseconds beyond 2^53 exactly', () => {
    expect(nsToUs(2n ** 64n - 1n)).toBe(18_446_744_073_709_551n);
    expect(nsToUs(9_007_199_254_740_993n)).toBe(9_007_199_254_740);
    expect(nsToUs(1999)).toBe(1);
    expect(nsToUs(undefined)).toBeUndefined();
  });

  it('converts KiB to bytes exactly', () => {
    expect(kibToBytes(1048576)).toBe(1_073_741_824);
    expect(kibToBytes(2 ** 43 + 1)).toBe((2n ** 43n + 1n) * 1024n);
  });

  it('adds across the border of exact numbers', () => {
    expect(add(Number.MAX_SAFE_INTEGER, 2)).toBe(9_007_199_254_740_993n);
    expect(sumKnown([undefined, undefined])).toBeUndefined();
    expect(sumKnown([1, undefined, 2n ** 60n])).toBe(2n ** 60n + 1n);
  });

  it('tells a decrease from an increase', () => {
    expect(increase(5, 7)).toBeUndefined();
    expect(increase(2n ** 60n + 3n, 2n ** 60n)).toBe(3);
    expect(increase(undefined, 1)).toBeUndefined();
  });

  it('has no percentage of nothing', () => {
    expect(percentOf(1, 0)).toBeUndefined();
    expect(percentOf(1, 3)).toBe(3333);
  });
});
