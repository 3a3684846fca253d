import { describe, expect, it } from 'vitest';
import { figuresOf, paramFixture, sampleOf } from './params.ts';

describe('statistics recorded from libvirt 9.0', () => {
  const fixture = paramFixture('domain-stats-9.0');
  const sample = sampleOf(fixture.params);

  it('fill the fields', () => {
    const value = (name: string) => fixture.params.find(([one]) => one === name)?.[2];
    expect(sample.monitor.complete).toBe(true);
    expect(figuresOf(sample)).toMatchObject({
      'cpu.time': value('cpu.time'),
      'balloon.available': value('balloon.available'),
      'vcpu.maximum': 2,
    });
    expect(sample.layout.vcpus).toHaveLength(2);
    expect(sample.monitor.block('vda')).toBeDefined();
    expect(sample.layout.iothreads.map((thread) => thread.number)).toEqual([1]);
    expect(sample.perf.map((event) => event.name).sort()).toEqual(['cpu_clock', 'page_faults']);
  });

  it('leave nothing unseen: what has no field is listed by name', () => {
    const known = new Set(sample.others.map((stat) => stat.name));
    expect(
      [...known].filter(
        (name) => !/^(vcpu\.\d+\..+\.(sum|cur|max)|vm\..+|cpu\.cache\.monitor\..+|dirtyrate\..+)$/.test(name),
      ),
    ).toEqual([]);
    const all = sampleOf(fixture.params, { unknown: true, all: true, exclude: [] });
    expect(all.others.map((stat) => stat.name)).toEqual(fixture.params.map(([name]) => name));
  });

  it('can leave names out', () => {
    const exclude = [/^vcpu\./, /^vm\./, /^cpu\.cache\./, /^dirtyrate\./];
    const fewer = sampleOf(fixture.params, { unknown: true, all: false, exclude });
    expect(fewer.others).toEqual([]);
  });
});
