import { describe, expect, it } from 'vitest';
import { StatsDecoder } from '../../../../src/collect/decode/stats-decoder.ts';
import { DomainRecord } from '../../../../src/collect/records/domain-record.ts';
import { DomainStats, type DomainStatsOptions } from '../../../../src/collect/sources/domain-stats.ts';
import { activeRecord, testPass } from '../collector-pass.ts';
import { type ParamRow, sampleOf } from '../params.ts';

const defaults: DomainStatsOptions = {
  intervalSec: 10,
  groups: 0,
  monitorFreeGroups: 0,
  flags: 0,
  batchSize: 20,
  callsInFlight: 2,
  controlGraceMs: 1000,
  decoder: new StatsDecoder({ unknown: true, all: false, exclude: [] }),
  onRecord: () => undefined,
};

describe('DomainStats', () => {
  /** Domains of each call, in the order of the calls. */
  async function sizesOfCalls(domains: number, batchSize: number, callsInFlight: number) {
    const records = Array.from(
      { length: domains },
      (_, at) => new DomainRecord(`uuid-${at}`, at + 1, `d${at}`, 0),
    );
    const sizes: number[] = [];
    const { pass } = testPass(records);
    const libvirt = {
      gate: { isHeld: () => false, saturated: false },
      monitorCall: (_kind: string, _procedure: unknown, asked: readonly DomainRecord[]) => {
        sizes.push(asked.length);
        return Promise.resolve({ called: true, reply: [], records: asked });
      },
    };
    const stats = new DomainStats({ ...defaults, batchSize, callsInFlight });
    await stats.collect({ ...pass, libvirt } as unknown as Parameters<DomainStats['collect']>[0]);
    return sizes;
  }

  it('asks for many domains in batches of the size that is set', async () => {
    expect(await sizesOfCalls(50, 20, 2)).toEqual([20, 20, 10]);
  });

  it('shares few domains out among the calls that may be under way', async () => {
    expect(await sizesOfCalls(20, 20, 2)).toEqual([10, 10]);
    expect(await sizesOfCalls(7, 20, 4)).toEqual([2, 2, 2, 1]);
    expect(await sizesOfCalls(1, 20, 4)).toEqual([1]);
    expect(await sizesOfCalls(0, 20, 2)).toEqual([]);
  });

  describe('where another client has the monitor', () => {
    const idle: readonly ParamRow[] = [
      ['state.state', 'int', 1],
      ['cpu.time', 'ullong', 5_000_000],
      ['balloon.rss', 'ullong', 64],
      ['vcpu.0.new.sum', 'ullong', 7],
      ['net.0.new', 'ullong', 8],
    ];
    const busy: readonly ParamRow[] = [
      ['state.state', 'int', 1],
      ['net.0.newer', 'ullong', 9],
    ];

    /** Refreshes, each with what the domain replies to the calls of it. Returns the record and the number of calls. */
    async function refreshes(...replies: readonly (readonly (readonly ParamRow[])[])[]) {
      const record = activeRecord('d');
      const { pass } = testPass([record]);
      const stats = new DomainStats(defaults);
      const calls: number[] = [];
      for (const refresh of replies) {
        const left = [...refresh];
        let count = 0;
        const libvirt = {
          gate: { isHeld: () => false, saturated: false },
          callEach: () => Promise.resolve(),
          monitorCall: (_kind: string, _procedure: unknown, asked: readonly DomainRecord[]) => {
            count += 1;
            const params = sampleOf(left.shift() ?? []);
            const reply = [{ domain: { uuid: record.uuid }, params }];
            return Promise.resolve({ called: true, reply, records: asked });
          },
        };
        const domains = { ...pass.domains, applyState: () => undefined };
        const host = { cpusOnline: 1 };
        await stats.collect({ ...pass, domains, host, libvirt } as unknown as Parameters<
          DomainStats['collect']
        >[0]);
        calls.push(count);
      }
      return { record, calls };
    }

    const namesOf = ({ runtime }: DomainRecord) => runtime.sample?.others.map(({ name }) => name).toSorted();

    it('asks again at the end of the refresh', async () => {
      const { record, calls } = await refreshes([idle], [busy, idle]);
      expect(calls).toEqual([1, 2]);
      expect(record.statsStatus).toBe('ok');
      expect(namesOf(record)).toEqual(['net.0.new', 'vcpu.0.new.sum']);
    });

    it('asks again once only, and keeps what was known before', async () => {
      const { record, calls } = await refreshes([idle], [busy, busy, idle], [busy, busy]);
      expect(calls).toEqual([1, 2, 2]);
      expect(record.statsStatus).toBe('blocked');
      expect(record.runtime.sample?.monitor.cpuTimeNs).toBe(5_000_000);
      expect(namesOf(record)).toEqual(['net.0.newer', 'vcpu.0.new.sum']);
    });

    it('does not ask again where nothing more was ever to be had', async () => {
      const { record, calls } = await refreshes([busy], [busy]);
      expect(calls).toEqual([1, 1]);
      expect(record.statsStatus).toBe('partial');
    });
  });
});
