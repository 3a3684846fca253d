import { describe, expect, it } from 'vitest';
import { StatsDecoder } from '../../../../src/collect/decode/stats-decoder.ts';
import { DomainRecord } from '../../../../src/collect/records/domain-record.ts';
import { DomainStats } from '../../../../src/collect/sources/domain-stats.ts';
import { testPass } from '../collector-pass.ts';

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
    const stats = new DomainStats({
      intervalSec: 10,
      groups: 0,
      monitorFreeGroups: 0,
      flags: 0,
      batchSize,
      callsInFlight,
      controlGraceMs: 1000,
      decoder: new StatsDecoder({ unknown: true, all: false, exclude: [] }),
      onRecord: () => undefined,
    });
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
});
