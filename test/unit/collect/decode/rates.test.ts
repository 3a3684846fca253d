import { afterEach, describe, expect, it, vi } from 'vitest';
import type { MonitorSample } from '../../../../src/collect/decode/monitor-sample.ts';
import { noteRates } from '../../../../src/collect/decode/rates.ts';
import { counters, figuresOf, type ParamRow, sampleOf } from '../params.ts';

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

  it('gives mean latencies by target, absent where nothing completed', () => {
    const sample = later();
    noteRates(earlier(), sample, 4);
    expect(figuresOf(sample)).toMatchObject({
      'block.1.=readLatency': 400,
      'block.1.=writeLatency': undefined,
      'block.1.=flushLatency': undefined,
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
