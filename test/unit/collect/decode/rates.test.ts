import { afterEach, describe, expect, it, vi } from 'vitest';
import type { MonitorSample } from '../../../../src/collect/decode/monitor-sample.ts';
import { noteRates } from '../../../../src/collect/decode/rates.ts';
import { counters, figureOf, figuresOf, type ParamRow, sampleOf } from '../params.ts';

function reading(atMs: number, params: readonly ParamRow[]): MonitorSample {
  vi.spyOn(performance, 'now').mockReturnValueOnce(atMs);
  return sampleOf(params).monitor;
}

const second = 1e9;

const earlier = (): MonitorSample =>
  reading(1000, [
    ['vcpu.current', 'uint', 2],
    ['block.0.name', 'string', 'vda'],
    ...counters({
      'cpu.time': 10 * second,
      'vcpu.0.time': 4 * second,
      'vcpu.0.delay': 0,
      'vcpu.2.time': 6 * second,
      'vcpu.2.delay': second,
      'block.0.rd.reqs': 10,
      'block.0.rd.times': 1_000_000,
      'block.0.wr.reqs': 5,
    }),
  ]);

const later = (): MonitorSample =>
  reading(3000, [
    ['vcpu.current', 'uint', 2],
    ['block.1.name', 'string', 'vda'],
    ...counters({
      'cpu.time': 12 * second,
      'vcpu.0.time': 4.5 * second,
      'vcpu.0.delay': 0,
      'vcpu.2.time': 7.5 * second,
      'vcpu.2.delay': 1.2 * second,
      'block.1.rd.reqs': 20,
      'block.1.rd.times': 5_000_000,
      'block.1.wr.reqs': 5,
    }),
  ]);

const unknown = { '=hostPercent': undefined, '=percent': undefined, '=stealPercent': undefined };

describe('noteRates', () => {
  afterEach(() => vi.restoreAllMocks());

  it('relates CPU time to the real time that passed', () => {
    const sample = later();
    expect(figuresOf(sample)).toMatchObject(unknown);
    noteRates(earlier(), sample, 4);
    expect(figuresOf(sample)).toMatchObject({
      '=hostPercent': 2500,
      '=percent': 5000,
      '=stealPercent': 500,
      'vcpu.0.=percent': 2500,
      'vcpu.2.=percent': 7500,
    });
  });

  it('gives the mean time of the requests since the reading before, by target', () => {
    const sample = later();
    noteRates(earlier(), sample, 4);
    expect(figureOf(sample, 'block.1.=readLatency')).toBe(400);
  });

  describe('of a disk as libvirt reports it, with the number of its node', () => {
    /** backingIndex is that of the top layer as well. */
    const disk = (number: number, index: number, requests: number, timeNs: number): readonly ParamRow[] => [
      [`block.${number}.name`, 'string', 'vda'],
      [`block.${number}.backingIndex`, 'uint', index],
      ...counters({ [`block.${number}.wr.reqs`]: requests, [`block.${number}.wr.times`]: timeNs }),
    ];
    const latencyOf = (...readings: readonly MonitorSample[]): unknown => {
      let before: MonitorSample | undefined;
      for (const sample of readings) {
        noteRates(before, sample, 4);
        before = sample;
      }
      return before && figureOf(before, 'block.0.=writeLatency');
    };

    it('gives that of all requests first', () => {
      expect(latencyOf(reading(0, disk(0, 3, 10, 5_000_000)))).toBe(500);
      expect(latencyOf(reading(0, disk(0, 3, 0, 0)))).toBe(0);
    });

    it('keeps it while no request is completed', () => {
      const first = reading(0, disk(0, 3, 10, 5_000_000));
      const second = reading(1000, disk(0, 3, 20, 25_000_000));
      expect(latencyOf(first, second, reading(2000, disk(0, 3, 20, 25_000_000)))).toBe(2000);
    });

    it('begins anew with another disk of the same target', () => {
      const first = reading(0, disk(0, 3, 10, 5_000_000));
      expect(latencyOf(first, reading(1000, disk(0, 5, 2, 100_000)))).toBe(50);
    });

    it('does not take the lower layers of a backing chain for it', () => {
      const top = disk(0, 3, 10, 5_000_000);
      const first = reading(0, [...top, ...disk(1, 1, 7, 7_000_000)]);
      const second = reading(1000, [...disk(0, 3, 12, 7_000_000), ...disk(1, 1, 9, 9_000_000)]);
      expect(latencyOf(first, second)).toBe(1000);
      expect(figureOf(second, 'block.1.=writeLatency')).toBeUndefined();
    });
  });

  it('has no rates across a restart of the domain', () => {
    const restarted = reading(5000, counters({ 'cpu.time': second }));
    noteRates(later(), restarted, 4);
    expect(figuresOf(restarted)).toMatchObject(unknown);
  });

  it('has no rates when no time passed', () => {
    const sample = later();
    noteRates(sample, sample, 4);
    expect(figuresOf(sample)).toMatchObject(unknown);
  });

  it('is exact beyond 2^53 nanoseconds', () => {
    const base = 2n ** 60n;
    const current: ParamRow = ['vcpu.current', 'uint', 1];
    const one = reading(0, [...counters({ 'cpu.time': base }), current]);
    const two = reading(1000, [...counters({ 'cpu.time': base + 250_000_000n }), current]);
    noteRates(one, two, undefined);
    expect(figuresOf(two)).toMatchObject({ '=percent': 2500, '=hostPercent': undefined });
  });
});
