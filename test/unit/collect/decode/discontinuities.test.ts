import { describe, expect, it } from 'vitest';
import {
  discontinuities,
  netDiscontinuities,
  perfFell,
} from '../../../../src/collect/decode/discontinuities.ts';
import { counters, type ParamRow, sampleOf } from '../params.ts';

const between = (earlier: readonly ParamRow[], later: readonly ParamRow[]) =>
  discontinuities(sampleOf(earlier).monitor, sampleOf(later).monitor);
const none = { domain: false, disks: [] };

const disk = (requests: number | bigint): readonly ParamRow[] => [
  ['block.0.name', 'string', 'vda'],
  ...counters({ 'block.0.wr.reqs': requests }),
];

describe('a discontinuity of the domain', () => {
  const before = counters({ 'cpu.time': 9, 'vcpu.0.time': 5, 'vcpu.1.time': 4, 'balloon.swap_in': 3 });

  it.each([
    ['its CPU time', counters({ 'cpu.time': 8, 'vcpu.0.time': 5, 'vcpu.1.time': 4 })],
    [
      'a counter of the kernel of its guest',
      counters({ 'vcpu.0.time': 5, 'vcpu.1.time': 4, 'balloon.swap_in': 0 }),
    ],
    ['a counter of a vCPU', counters({ 'vcpu.0.time': 5, 'vcpu.1.time': 1 })],
    ['a sum, because a vCPU was unplugged', counters({ 'cpu.time': 10, 'vcpu.0.time': 6 })],
  ])('is there when %s falls', (_what, after) => {
    expect(between(before, after)).toEqual({ domain: true, disks: [] });
  });

  it('is not there when nothing falls, or what is no counter', () => {
    expect(between(before, before)).toEqual(none);
    expect(between(before, [...before, ...counters({ 'vcpu.2.time': 1 })])).toEqual(none);
    const memory = (kib: number) => counters({ 'balloon.current': kib, 'balloon.unused': kib });
    expect(between(memory(9), memory(3))).toEqual(none);
  });

  it('is seen beyond what a number holds', () => {
    const large = (value: bigint) => counters({ 'cpu.time': value });
    expect(between(large(2n ** 60n), large(2n ** 60n - 1n)).domain).toBe(true);
    expect(between(large(2n ** 60n), large(2n ** 60n + 1n)).domain).toBe(false);
    expect(between(large(2n ** 60n), large(7n)).domain).toBe(true);
  });

  it('is there when a performance event counts from another beginning, not when a level falls', () => {
    const perf = (name: string, value: number) => sampleOf(counters({ [`perf.${name}`]: value }));
    expect(perfFell(perf('cpu_clock', 7), perf('cpu_clock', 3))).toBe(true);
    expect(perfFell(perf('cpu_clock', 3), perf('cpu_clock', 7))).toBe(false);
    expect(perfFell(perf('cmt', 7), perf('cmt', 3))).toBe(false);
  });
});

describe('a discontinuity of a device', () => {
  it('is there when its counters fall, or it is another than before', () => {
    expect(between(disk(5), disk(4))).toEqual({ domain: false, disks: ['vda'] });
    expect(between([], disk(4))).toEqual({ domain: false, disks: ['vda'] });
    expect(between(disk(5), disk(5))).toEqual(none);
    expect(between(disk(5), [])).toEqual(none);
  });

  it('does not come from the lower layers of a backing chain', () => {
    const layer = (requests: number): readonly ParamRow[] => [
      ['block.1.name', 'string', 'vda'],
      ...counters({ 'block.1.wr.reqs': requests }),
    ];
    expect(between([...disk(5), ...layer(9)], [...disk(6), ...layer(1)])).toEqual(none);
  });

  it('is found of interfaces by their host device', () => {
    const nic = (packets: number) =>
      sampleOf([['net.3.name', 'string', 'vnet7'], ...counters({ 'net.3.rx.pkts': packets })]);
    expect(netDiscontinuities(nic(5), nic(4))).toEqual(['vnet7']);
    expect(netDiscontinuities(nic(5), nic(6))).toEqual([]);
  });
});
