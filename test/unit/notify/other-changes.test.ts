import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { EventEffect } from '../../../src/events/event-description.ts';
import type { CollectorStatus } from '../../../src/model/agent.ts';
import type { DiskError } from '../../../src/model/disk.ts';
import type { Domain } from '../../../src/model/domain.ts';
import type { EventKind } from '../../../src/model/event.ts';
import type { Guest } from '../../../src/model/guest.ts';
import type { Job } from '../../../src/model/job.ts';
import type { Pool } from '../../../src/model/pool.ts';
import {
  SAMPLE_NOW,
  sampleDomain,
  sampleInactiveDomain,
  sampleSnapshot,
} from '../../support/sample-snapshot.ts';
import { lifecycleEvents as events, NotifyBench } from './notify-bench.ts';

const web = sampleDomain({ index: 1, name: 'web' });

beforeEach(() => {
  vi.useFakeTimers({ now: SAMPLE_NOW });
});

afterEach(() => {
  vi.useRealTimers();
});

async function open(domains: readonly Domain[] = [web]): Promise<NotifyBench> {
  return NotifyBench.open({ domains, notify: { holdoffSec: 0, bulk: false } });
}

function effect(bench: NotifyBench, kind: EventKind, name: string, what: EventEffect): void {
  bench.centre.onDescribed({
    kind,
    name,
    detail: 0,
    text: name,
    subject: { type: 'domain', uuid: web.facts.uuid, name: web.facts.name },
    effect: what,
  });
}

const status: CollectorStatus = {
  id: 'diskErrors',
  enabled: true,
  support: 'supported',
  intervalSec: 30,
  lastSuccessAt: SAMPLE_NOW,
  durationMs: 1,
  runs: 1,
  errors: 0,
  timeouts: 0,
  lastError: '',
};

describe('disk errors', () => {
  const noSpace: DiskError = { diskIndex: 1, target: 'vda', code: 'noSpace', since: SAMPLE_NOW };

  it('are told when they appear, change and go', async () => {
    const bench = await open();
    const collectors = [status];
    bench.refresh([web], { collectors });
    bench.refresh([{ ...web, diskErrors: [noSpace] }], { collectors });
    bench.refresh([{ ...web, diskErrors: [noSpace] }], { collectors });
    bench.refresh([{ ...web, diskErrors: [{ ...noSpace, code: 'unspecified' }] }], { collectors });
    bench.refresh([{ ...web, diskErrors: [] }], { collectors });
    expect(bench.take()).toMatchObject([
      {
        name: 'lveDomainDiskError',
        values: { lveDomName: 'web', lveDiskErrTarget: 'vda', lveDiskErrCode: 'noSpace' },
      },
      { name: 'lveDomainDiskError', values: { lveDiskErrCode: 'unspecified' } },
      { name: 'lveDomainDiskErrorCleared', values: { lveDomName: 'web', lveDiskTarget: 'vda' } },
    ]);
    expect(bench.entries).toMatchObject([
      {
        kind: 'diskError',
        name: 'diskError/noSpace',
        severity: 'failure',
        text: 'disk vda has an error: no space',
      },
      { kind: 'diskError' },
      { kind: 'diskErrorCleared', severity: 'okay', text: 'disk vda no longer has an error' },
    ]);
  });

  it('are not compared before they have been asked for', async () => {
    const bench = await open();
    bench.refresh([{ ...web, diskErrors: [noSpace] }], {
      collectors: [{ ...status, lastSuccessAt: undefined }],
    });
    expect(bench.take()).toEqual([]);
  });

  it('of an earlier run of the agent are not told again', async () => {
    const before = await open();
    before.refresh([{ ...web, diskErrors: [noSpace] }], { collectors: [status] });
    await before.centre.close();
    const after = await NotifyBench.open({ indexes: before.indexes, started: false });
    after.centre.onConnection('connected');
    after.refresh([web]);
    after.refresh([{ ...web, diskErrors: [noSpace] }], { collectors: [status] });
    after.refresh([{ ...web, diskErrors: [] }], { collectors: [status] });
    expect(after.takeNames()).toEqual(['lveDomainDiskErrorCleared']);
  });
});

describe('the guest agent', () => {
  function withAgent(agentState: Guest['agentState']): Domain {
    const guest = sampleSnapshot().domains.find((domain) => domain.guest !== undefined)?.guest;
    if (guest === undefined) throw new Error('the sample has no guest');
    return { ...web, guest: { ...guest, agentState } };
  }

  it('is told when it connects, is lost, and does not respond', async () => {
    const bench = await open();
    effect(bench, 'agentLifecycle', 'agentLifecycle/disconnected', { type: 'agent', state: 'disconnected' });
    effect(bench, 'agentLifecycle', 'agentLifecycle/connected', { type: 'agent', state: 'connected' });
    // An answer from before the event, and the right one.
    bench.refresh([withAgent('disconnected')]);
    bench.refresh([withAgent('connected')]);
    await vi.advanceTimersByTimeAsync(5000);
    bench.refresh([withAgent('notResponding')]);
    bench.refresh([withAgent('unknown')]);
    bench.refresh([withAgent('notResponding')]);
    effect(bench, 'agentLifecycle', 'agentLifecycle/disconnected', { type: 'agent', state: 'disconnected' });
    // The agent is asked rarely: an old answer is no news.
    await vi.advanceTimersByTimeAsync(55_000);
    bench.refresh([withAgent('notResponding')]);
    bench.refresh([withAgent('disconnected')]);
    expect(bench.take().map((sent) => [sent.name, sent.values['lveGuestAgentState']])).toEqual([
      ['lveDomainGuestAgentChange', 'connected'],
      ['lveDomainGuestAgentChange', 'notResponding'],
      ['lveDomainGuestAgentChange', 'disconnected'],
    ]);
    expect(bench.names).toEqual([
      'agentLifecycle/disconnected',
      'agentLifecycle/connected',
      'agentLifecycle/notResponding',
      'agentLifecycle/disconnected',
    ]);
  });

  it('that vanishes with its domain is not lost', async () => {
    const bench = await open([withAgent('connected')]);
    bench.lifecycle(web, events.stopped, 0);
    bench.take();
    bench.settle([sampleInactiveDomain({ index: 1, name: 'web' })]);
    expect(bench.take()).toEqual([]);
  });
});

describe('jobs', () => {
  const job = (parts: Partial<Job>): Job => {
    const sample = sampleSnapshot()
      .domains.flatMap((domain) => domain.jobs)
      .at(0);
    if (sample === undefined) throw new Error('the sample has no job');
    return { ...sample, kind: 'completed', type: 'completed', operation: 'save', success: true, ...parts };
  };

  const collectors: CollectorStatus[] = [{ ...status, id: 'jobStats' }];

  it('are told by their event, once', async () => {
    const bench = await open([{ ...web, jobs: [job({ operation: 'save', elapsedMs: 1 })] }]);
    bench.refresh([{ ...web, jobs: [job({ operation: 'save', elapsedMs: 1 })] }], { collectors });
    effect(bench, 'jobCompleted', 'jobCompleted', {
      type: 'job',
      operation: 'dump',
      success: true,
      elapsedMs: 1234,
      errorText: '',
    });
    bench.settle([{ ...web, jobs: [job({ operation: 'save', elapsedMs: 1 })] }]);
    bench.settle([{ ...web, jobs: [job({ operation: 'dump', elapsedMs: 1234 })] }]);
    expect(bench.take()).toMatchObject([
      {
        name: 'lveDomainJobCompleted',
        values: { lveJobOperation: 'dump', lveJobSuccess: true, lveJobElapsed: 1234, lveJobErrorText: '' },
      },
    ]);
  });

  it('are found where no event told of them, and a late event says nothing more', async () => {
    const bench = await open();
    bench.refresh([{ ...web }], { collectors });
    bench.refresh([{ ...web, jobs: [job({ success: false, errorText: 'no space left' })] }]);
    bench.refresh([{ ...web, jobs: [job({ success: false, errorText: 'no space left' })] }]);
    expect(bench.take()).toMatchObject([
      { name: 'lveDomainJobCompleted', values: { lveJobSuccess: false, lveJobErrorText: 'no space left' } },
    ]);
    effect(bench, 'jobCompleted', 'jobCompleted/failed', {
      type: 'job',
      operation: 'save',
      success: false,
      elapsedMs: undefined,
      errorText: 'no space left',
    });
    expect(bench.take()).toEqual([]);
    expect(bench.entries).toMatchObject([{ name: 'jobCompleted/failed', severity: 'failure' }]);
  });

  it('of the time before the first look are no news', async () => {
    const bench = await open();
    bench.refresh([{ ...web, jobs: [job({})] }], { collectors: [] });
    bench.refresh([{ ...web, jobs: [job({})] }], { collectors });
    expect(bench.take()).toEqual([]);
  });
});

describe('block thresholds', () => {
  it('carry 64-bit sizes', async () => {
    const bench = await open();
    effect(bench, 'blockThreshold', 'blockThreshold', {
      type: 'blockThreshold',
      target: 'vdb',
      source: '/images/b.qcow2',
      thresholdBytes: 2n ** 60n,
      excessBytes: 65_536,
    });
    expect(bench.take()).toMatchObject([
      {
        name: 'lveDomainBlockThreshold',
        values: {
          lveDiskTarget: 'vdb',
          lveDiskSource: '/images/b.qcow2',
          lveDiskThreshold: 2n ** 60n,
          lveNotifyExcess: 65_536,
        },
      },
    ]);
  });
});

describe('storage pools', () => {
  const pool: Pool = {
    index: 1,
    name: 'images',
    uuid: 'aaaaaaaa-0000-0000-0000-000000000001',
    type: 'dir',
    path: '/images',
    state: 'running',
    autostart: true,
    capacityBytes: 1000,
    allocationBytes: 400,
    availableBytes: 600,
    usedPercent: 4000,
    volumes: 1,
    provisionedBytes: 400,
    overcommit: 40,
    figuresSource: 'libvirt',
    figuresAt: undefined,
    stateAt: SAMPLE_NOW - 1000,
  };

  it('are told when their state changes, by an event or by comparison, once', async () => {
    const bench = await open();
    bench.refresh([web], { pools: [pool] });
    bench.centre.onDescribed({
      kind: 'poolState',
      name: 'poolState/stopped',
      detail: 3,
      text: 'pool images was stopped',
      subject: { type: 'pool', name: pool.name, uuid: pool.uuid },
      effect: { type: 'poolState', state: 'inactive' },
    });
    const readIn = (ms: number): number => SAMPLE_NOW + ms;
    bench.refresh([web], { pools: [{ ...pool }] });
    bench.refresh([web], { pools: [{ ...pool, state: 'inactive', stateAt: readIn(100) }] });
    const lost = {
      ...pool,
      state: 'inaccessible',
      capacityBytes: undefined,
      availableBytes: undefined,
    } as const;
    bench.refresh([web], { pools: [{ ...lost, stateAt: readIn(200) }] });
    await vi.advanceTimersByTimeAsync(1000);
    expect(bench.take()).toMatchObject([
      {
        name: 'lvePoolStateChange',
        values: {
          lvePoolName: 'images',
          lvePoolState: 'inactive',
          lvePoolAvailable: 0,
          lvePoolCapacity: 0,
        },
      },
      {
        name: 'lvePoolStateChange',
        values: {
          lvePoolState: 'inaccessible',
          lvePoolAvailable: 2n ** 64n - 1n,
          lvePoolCapacity: 2n ** 64n - 1n,
        },
      },
    ]);
    expect(bench.entries).toMatchObject([
      { kind: 'poolState', name: 'poolState/stopped', domainIndex: 0, subjectName: 'images' },
      { kind: 'poolState', name: 'poolState/inaccessible', severity: 'failure' },
    ]);
  });

  it('are not compared with what was read before their event, or could not be read since', async () => {
    const bench = await open();
    const off = { ...pool, state: 'inactive' } as const;
    bench.refresh([web], { pools: [off] });
    bench.centre.onDescribed({
      kind: 'poolState',
      name: 'poolState/started',
      detail: 2,
      text: 'pool images started',
      subject: { type: 'pool', name: pool.name, uuid: pool.uuid },
      effect: { type: 'poolState', state: 'running' },
    });
    // Reading it fails, and its row stays what it was.
    for (let round = 0; round < 5; round += 1) {
      bench.settle([web], { pools: [{ ...off }] });
      await vi.advanceTimersByTimeAsync(1000);
    }
    bench.settle([web], { pools: [{ ...pool, stateAt: SAMPLE_NOW + 6000 }] });
    await vi.advanceTimersByTimeAsync(1000);
    expect(bench.take().map(({ values }) => [values['lvePoolState'], values['lvePoolCapacity']])).toEqual([
      ['running', 2n ** 64n - 1n],
    ]);
  });
});

describe('a connection that was lost when the agent ended', () => {
  it('is not told again, and is told to be back', async () => {
    const before = await open();
    before.centre.onConnection('disconnected', new Error('gone'));
    await before.centre.close();
    const { indexes, log, master } = before;
    const after = await NotifyBench.open({ indexes, log, master, started: false });
    after.take();
    after.centre.onConnection('connecting');
    after.centre.onConnection('disconnected', new Error('still gone'));
    expect(after.take()).toEqual([]);
    after.centre.onConnection('connected');
    expect(after.take()).toMatchObject([{ name: 'lveConnectionChange', values: { lveNotifyConnUp: true } }]);
  });
});

describe('vCPUs', () => {
  it('that are unplugged are told, of one run only', async () => {
    const bench = await open();
    const withVcpus = (count: number, id = 1): Domain => ({
      ...web,
      facts: { ...web.facts, id },
      cpu: { ...(web.cpu ?? sampleDomain({ index: 1 }).cpu), vcpusCurrent: count } as Domain['cpu'],
    });
    bench.settle([withVcpus(4)]);
    bench.settle([withVcpus(3)]);
    bench.settle([withVcpus(4)]);
    bench.settle([withVcpus(1, 2)]);
    expect(bench.take()).toMatchObject([{ name: 'lveDomainEvent', values: { lveEventType: 'vcpuRemoved' } }]);
    expect(bench.entries.at(-1)?.text).toContain('1 vCPU removed, 3 left');
  });
});

describe('other events', () => {
  it('are sent as lveDomainEvent if their kind is chosen, and always logged', async () => {
    const bench = await open();
    bench.other(web, 'watchdog', 'watchdog/reset');
    bench.other(web, 'rtcChange');
    expect(bench.take()).toMatchObject([
      {
        name: 'lveDomainEvent',
        values: { lveEventType: 'watchdog', lveEventName: 'watchdog/reset', lveEventSeverity: 'failure' },
      },
    ]);
    expect(bench.names).toEqual(['watchdog/reset', 'rtcChange']);
    await vi.advanceTimersByTimeAsync(100);
    expect(bench.entries.map((entry) => entry.notified)).toEqual([true, false]);
  });

  it('that are more than can wait for their reason are counted, and the loss is told', async () => {
    const bench = await NotifyBench.open({
      domains: [web],
      notify: { holdoffSec: 0, bulk: false },
      readState: async () => ({ state: 3, reason: 1 }),
    });
    for (let count = 0; count < 10_012; count += 1) bench.lifecycle(web, events.suspended, 0);
    while (bench.entries.at(-1)?.kind !== 'eventsLost') await vi.advanceTimersByTimeAsync(1);
    expect(bench.entries.at(-1)).toMatchObject({
      severity: 'warning',
      text: '12 events of libvirt were lost',
    });
    expect(bench.takeNames()).toContain('lveDomainEvent');
  });
});
