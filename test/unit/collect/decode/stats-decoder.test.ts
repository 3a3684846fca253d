import { describe, expect, it } from 'vitest';
import { StatsDecoder } from '../../../../src/collect/decode/stats-decoder.ts';
import { counters, figureOf, figuresOf, type ParamRow, paramCursor, sampleOf } from '../params.ts';

const policy = { unknown: true, all: false, exclude: [] };

/** A domain with so many vCPUs, whose counters are its number and more. */
function domain(number: number, vcpus: number): readonly ParamRow[] {
  return [
    ['state.state', 'int', 1],
    ...counters({ 'cpu.time': number * 1000 }),
    ...Array.from({ length: vcpus }, (_, vcpu) =>
      counters({ [`vcpu.${vcpu}.time`]: number * 1000 + vcpu }),
    ).flat(),
    ['net.0.name', 'string', `vnet${number}`],
    ...counters({ 'net.0.rx.bytes': number }),
  ];
}

describe('StatsDecoder', () => {
  it('keeps the domains of a reply apart, whatever shape each has', () => {
    const decoder = new StatsDecoder(policy);
    for (let round = 0; round < 3; round++) {
      const decode = decoder.reply(2);
      const samples = [1, 2, 3, 4, 5].map((number) => decode(paramCursor(domain(number, number % 3))));
      for (const [at, sample] of samples.entries()) {
        const number = at + 1;
        expect(sample.state).toBe(1);
        expect(figureOf(sample, 'cpu.time')).toBe(number * 1000);
        expect(sample.layout.vcpus.map((vcpu) => figureOf(sample, `vcpu.${vcpu.number}.time`))).toEqual(
          Array.from({ length: number % 3 }, (_, vcpu) => number * 1000 + vcpu),
        );
        expect(sample.layout.nets).toHaveLength(1);
        expect(figureOf(sample, 'net.0.name')).toBe(`vnet${number}`);
        expect(figureOf(sample, 'net.0.rx.bytes')).toBe(number);
        expect(sample.others).toEqual([]);
      }
    }
  });

  it('finds the entry again when its parameters do not come together', () => {
    const sample = sampleOf(counters({ 'vcpu.3.time': 1, 'vcpu.0.time': 2, 'vcpu.3.wait': 3 }));
    expect(sample.layout.vcpus.map(({ number }) => number)).toEqual([3, 0]);
    expect(figuresOf(sample)).toMatchObject({
      'vcpu.3.time': 1,
      'vcpu.3.wait': 3,
      'vcpu.0.time': 2,
      'vcpu.0.wait': undefined,
    });
  });

  it('leaves unknown what is not there, negative, or of another type', () => {
    const sample = sampleOf([
      ['cpu.user', 'llong', -1],
      ['cpu.system', 'string', 'much'],
      ['vcpu.current', 'string', 'two'],
      ['vcpu.0.halted', 'int', 1],
      ['block.0.name', 'int', 7],
      ['dirtyrate.calc_mode', 'int', 7],
    ]);
    expect(new Set(Object.values(figuresOf(sample)))).toEqual(new Set([undefined]));
  });

  it('tells whether the hypervisor process was asked', () => {
    expect(sampleOf(counters({ 'cpu.time': 1 })).monitor.complete).toBe(false);
    expect(sampleOf([['vcpu.0.halted', 'boolean', false]]).monitor.complete).toBe(true);
    expect(sampleOf(counters({ 'balloon.rss': 1 })).monitor.complete).toBe(true);
    expect(sampleOf(counters({ 'block.0.rd.reqs': 1 })).monitor.complete).toBe(true);
  });

  it('keeps what a number would not hold', () => {
    const most = 2n ** 64n - 1n;
    const sample = sampleOf([
      ...counters({ 'cpu.time': most, 'cpu.user': 2n ** 53n - 1n, 'block.0.rd.bytes': most - 1n }),
      ['dirtyrate.calc_mode', 'string', 'page-sampling'],
      ['vcpu.0.halted', 'boolean', true],
    ]);
    expect(figuresOf(sample)).toMatchObject({
      'cpu.time': most,
      'cpu.user': Number.MAX_SAFE_INTEGER,
      'block.0.rd.bytes': most - 1n,
      'dirtyrate.calc_mode': 'page-sampling',
      'vcpu.0.halted': true,
    });
  });

  it('goes on when there are more names than it keeps', () => {
    const decoder = new StatsDecoder({ unknown: false, all: false, exclude: [] });
    for (let round = 0; round < 70; round++) {
      const rows = Array.from({ length: 1000 }, (_, at) =>
        counters({ [`strange.${round}.${at}`]: at }),
      ).flat();
      const sample = decoder.reply(1)(paramCursor([...rows, ...counters({ 'cpu.time': round })]));
      expect(figureOf(sample, 'cpu.time')).toBe(round);
    }
  });
});
