import { describe, expect, it } from 'vitest';
import { StatsDecoder } from '../../../../src/collect/decode/stats-decoder.ts';
import { DomainRecord } from '../../../../src/collect/records/domain-record.ts';
import { DomainStats, type DomainStatsOptions } from '../../../../src/collect/sources/domain-stats.ts';
import { CallTimeoutError } from '../../../../src/libvirt/call-errors.ts';
import type { DomainRef } from '../../../../src/libvirt/protocol.ts';
import { statsGroups } from '../../../../src/libvirt-enums/flags.ts';
import { activeRecord, testPass } from '../collector-pass.ts';
import { figuresOf, type ParamRow, sampleOf } from '../params.ts';

const defaults: DomainStatsOptions = {
  groups: 0,
  monitorFreeGroups: 0,
  idleGroupsIntervalSec: 60,
  flags: 0,
  batchSize: 20,
  callsInFlight: 2,
  controlGraceMs: 1000,
  decoder: new StatsDecoder({ unknown: true, all: false, exclude: [] }),
};

/** In the place of a reply: the call is given up, and the domain is held. */
const noAnswer = 'no answer';

/**
 * Refreshes of one domain, each with what it replies to the calls of it. Returns the record, and of each refresh
 * the groups that each call asked for.
 */
async function refreshes(
  options: Partial<DomainStatsOptions>,
  ...replies: readonly (readonly (readonly ParamRow[] | typeof noAnswer)[])[]
) {
  const record = activeRecord('d');
  const { pass } = testPass([record]);
  const stats = new DomainStats({ ...defaults, ...options });
  const calls: number[][] = [];
  for (const refresh of replies) {
    const left = [...refresh];
    const groups: number[] = [];
    let held = false;
    const libvirt = {
      gate: { isHeld: () => held, saturated: false },
      callEach: () => Promise.resolve(),
      call: (
        _procedure: unknown,
        args: { readonly domains: readonly DomainRef[]; readonly stats: number },
      ) => {
        groups.push(args.stats);
        const next = left.shift() ?? [];
        if (next === noAnswer) {
          held = true;
          return Promise.reject(new CallTimeoutError('connectGetAllDomainStats', 5000, Promise.resolve()));
        }
        return Promise.resolve(args.domains.map((domain) => ({ domain, params: sampleOf(next) })));
      },
    };
    const domains = { present: [record], active: [record], applyState: () => undefined };
    const host = { cpusOnline: 1 };
    await stats.collect({ ...pass, domains, host, libvirt } as unknown as Parameters<
      DomainStats['collect']
    >[0]);
    calls.push(groups);
  }
  return { record, calls };
}

/** The figures of the monitor's half that is in force. */
const kept = ({ runtime }: DomainRecord) => runtime.sample && figuresOf(runtime.sample.monitor);

const namesOf = ({ runtime }: DomainRecord) => runtime.sample?.others.map(({ name }) => name).toSorted();

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
      call: (_procedure: unknown, args: { readonly domains: readonly DomainRef[] }) => {
        sizes.push(args.domains.length);
        return Promise.resolve([]);
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

  describe('where libvirt leaves out the CPU time of a domain without cgroup', () => {
    const told: readonly ParamRow[] = [
      ['state.state', 'int', 1],
      ['balloon.maximum', 'ullong', 1024],
      ['vcpu.current', 'uint', 1],
    ];
    async function timesOf(groups: number, active: boolean) {
      const record = activeRecord('d');
      record.active = active;
      const asked: string[] = [];
      const libvirt = {
        gate: { isHeld: () => false, saturated: false },
        callEach: () => Promise.resolve(),
        call: (procedure: { readonly name: string }, args: { readonly domains?: readonly DomainRef[] }) => {
          asked.push(procedure.name);
          return Promise.resolve(
            args.domains?.map((domain) => ({ domain, params: sampleOf(told) })) ?? {
              state: 1,
              maxMemoryKib: 7,
              memoryKib: 7,
              vcpus: 7,
              cpuTimeNs: 300_000_000,
            },
          );
        },
      };
      const domains = { present: [record], active: [record], applyState: () => undefined };
      const { pass } = testPass([record]);
      const stats = new DomainStats({ ...defaults, groups });
      const all = { ...pass, domains, host: { cpusOnline: 1 }, libvirt };
      for (const _refresh of [1, 2]) {
        await stats.collect(all as unknown as Parameters<DomainStats['collect']>[0]);
      }
      return { figures: kept(record), infos: asked.filter((name) => name === 'domainGetInfo').length };
    }

    it('asks for it as virsh dominfo does, each time', async () => {
      const { figures, infos } = await timesOf(statsGroups.cpuTotal | statsGroups.balloon, true);
      expect(infos).toBe(2);
      expect(figures).toMatchObject({ 'cpu.time': 300_000_000, 'balloon.maximum': 1024, 'vcpu.current': 1 });
    });

    it('does not where it is not wanted, nor of a domain that is off', async () => {
      expect((await timesOf(statsGroups.balloon, true)).infos).toBe(0);
      expect((await timesOf(statsGroups.cpuTotal, false)).infos).toBe(0);
    });
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

    it('asks again at the end of the refresh', async () => {
      const { record, calls } = await refreshes({}, [idle], [busy, idle]);
      expect(calls.map(({ length }) => length)).toEqual([1, 2]);
      expect(record.statsStatus).toBe('ok');
      expect(namesOf(record)).toEqual(['net.0.new', 'vcpu.0.new.sum']);
    });

    it('asks again once only, and keeps what was known before', async () => {
      const { record, calls } = await refreshes({}, [idle], [busy, busy, idle], [busy, busy]);
      expect(calls.map(({ length }) => length)).toEqual([1, 2, 2]);
      expect(record.statsStatus).toBe('blocked');
      expect(kept(record)).toMatchObject({ 'cpu.time': 5_000_000 });
      expect(namesOf(record)).toEqual(['net.0.newer', 'vcpu.0.new.sum']);
    });

    it('tells that a domain is blocked whose process hangs when it is asked again', async () => {
      const { record, calls } = await refreshes({}, [idle], [busy, noAnswer]);
      expect(calls.map(({ length }) => length)).toEqual([1, 2]);
      expect(record.statsStatus).toBe('blocked');
      expect(kept(record)).toMatchObject({ 'cpu.time': 5_000_000 });
    });

    it('does not ask again where nothing more was ever to be had', async () => {
      const { record, calls } = await refreshes({}, [busy], [busy]);
      expect(calls.map(({ length }) => length)).toEqual([1, 1]);
      expect(record.statsStatus).toBe('partial');
    });
  });

  describe('of groups that a domain has nothing in', () => {
    const { cpuTotal, iothread, dirtyRate } = statsGroups;
    const groups = cpuTotal | iothread | dirtyRate;
    const plain: readonly ParamRow[] = [
      ['cpu.time', 'ullong', 5_000_000],
      ['balloon.rss', 'ullong', 64],
    ];
    const unstarted: readonly ParamRow[] = [
      ['iothread.count', 'uint', 0],
      ['dirtyrate.calc_status', 'int', 0],
      ['dirtyrate.calc_start_time', 'llong', 0],
      ['dirtyrate.calc_period', 'int', 0],
      ['dirtyrate.calc_mode', 'string', 'page-sampling'],
    ];

    it('does not ask for them each time, and keeps what they told', async () => {
      const { record, calls } = await refreshes({ groups }, [[...plain, ...unstarted]], [plain], [plain]);
      expect(calls).toEqual([[groups], [cpuTotal], [cpuTotal]]);
      expect(record.statsStatus).toBe('ok');
      expect(kept(record)).toMatchObject({
        'dirtyrate.calc_status': 0,
        'dirtyrate.calc_period': 0,
        'dirtyrate.calc_mode': 'page-sampling',
      });
      expect(namesOf(record)).toEqual(['dirtyrate.calc_start_time']);
    });

    it('asks for them again after a while', async () => {
      const { calls } = await refreshes(
        { groups, idleGroupsIntervalSec: 0 },
        [[...plain, ...unstarted]],
        [plain],
      );
      expect(calls).toEqual([[groups], [groups]]);
    });

    it('asks on for those that it has something in', async () => {
      const thread: ParamRow = ['iothread.1.poll-max-ns', 'ullong', 32_768];
      const first = await refreshes({ groups }, [[...plain, ...unstarted, thread]], [[...plain, thread]]);
      expect(first.calls).toEqual([[groups], [cpuTotal | iothread]]);
      const measured: readonly ParamRow[] = [
        ['dirtyrate.calc_status', 'int', 2],
        ['dirtyrate.megabytes_per_second', 'llong', 7],
      ];
      const second = await refreshes({ groups }, [[...plain, ...measured]], [[...plain, ...measured]]);
      expect(second.calls).toEqual([[groups], [cpuTotal | dirtyRate]]);
      expect(kept(second.record)).toMatchObject({ 'dirtyrate.megabytes_per_second': 7 });
    });
  });
});
