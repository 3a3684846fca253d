import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { affinityCells, cpuList, cpusOf, parseCpuList } from '../../../../src/collect/decode/cpu-list.ts';

describe('cpu lists', () => {
  it.each([
    [[0b0000_0001], 1, '0'],
    [[0b0000_1111, 0b0000_0001], 16, '0-3,8'],
    [[0b1000_0000, 0b0000_0001], 16, '7-8'],
    [[0xff, 0xff], 12, '0-11'],
    [[0b0000_0101], 8, '0,2'],
    [[0], 8, undefined],
    [[], 8, undefined],
  ])('writes the mask %j of %d CPUs as %s', (octets, cpus, expected) => {
    expect(cpuList(cpusOf(Uint8Array.from(octets), cpus))).toBe(expected);
  });

  it.each(['', 'x', '3-1', '-1', '1-', '0-99999999', '1,,2'])('refuses %j', (list) => {
    expect(parseCpuList(list)).toBeUndefined();
  });

  it('reads what it writes', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(4095), { minLength: 1, maxLength: 100 }), (numbers) => {
        const sorted = [...numbers].sort((a, b) => a - b);
        expect(parseCpuList(cpuList(sorted) ?? '')).toEqual(sorted);
      }),
    );
  });
});

describe('affinityCells', () => {
  it('fills the matrix as asked', () => {
    expect(affinityCells([1], 2, 'off')).toBeUndefined();
    expect(affinityCells([1], 2, 'dense')).toEqual([
      { physIndex: 196_608, affinity: 'disable' },
      { physIndex: 196_609, affinity: 'enable' },
    ]);
    expect(affinityCells([1], 2, 'compact')).toEqual([{ physIndex: 196_609, affinity: 'enable' }]);
    expect(affinityCells([0, 1], 2, 'compact')).toEqual([]);
  });
});
