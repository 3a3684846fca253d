import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { silentLogger } from '../../../src/log.ts';
import type { Domain } from '../../../src/model/domain.ts';
import { IndexStore } from '../../../src/state/index-store.ts';
import {
  SAMPLE_NOW,
  sampleDomain,
  sampleGoneDomain,
  sampleInactiveDomain,
  withFacts,
} from '../../support/sample-snapshot.ts';
import { type BenchOptions, lifecycleEvents as events, NotifyBench } from './notify-bench.ts';

const running = sampleDomain({ index: 1, name: 'web' });
const off = sampleInactiveDomain({ index: 1, name: 'web' });
const transient = sampleDomain({ index: 1, name: 'web', persistent: false });

function paused(reason: number): Domain {
  return sampleDomain({ index: 1, name: 'web', state: 'paused', reason, operState: 'paused' });
}

/** Without bulk notifications and hold-off, which have tests of their own. */
function open(options: BenchOptions = {}): Promise<NotifyBench> {
  return NotifyBench.open({ ...options, notify: { bulk: false, holdoffSec: 0, ...options.notify } });
}

beforeEach(() => {
  vi.useFakeTimers({ now: SAMPLE_NOW });
});

afterEach(() => {
  vi.useRealTimers();
});

async function ticks(): Promise<void> {
  await vi.advanceTimersByTimeAsync(100);
}

describe('lifecycle events', () => {
  it.each([
    ['starts', off, events.started, 0, 'vmRunning', 'shutdown', 'shutoff', 'running (booted)', 'okay'],
    [
      'migrates here',
      off,
      events.started,
      1,
      'vmMigrating',
      'shutdown',
      'shutoff',
      'paused (migration)',
      'warning',
    ],
    ['pauses', running, events.suspended, 0, 'vmPaused', 'running', 'running', 'paused (user)', 'warning'],
    [
      'has an I/O error',
      running,
      events.suspended,
      2,
      'vmPaused',
      'running',
      'running',
      'paused (I/O error)',
      'failure',
    ],
    [
      'is about to migrate',
      running,
      events.suspended,
      1,
      'vmMigrating',
      'running',
      'running',
      'paused (migration)',
      'warning',
    ],
    ['resumes', paused(1), events.resumed, 0, 'vmRunning', 'paused', 'paused', 'running (unpaused)', 'okay'],
    [
      'shuts down',
      running,
      events.shutdown,
      1,
      'vmShuttingdown',
      'running',
      'running',
      'shutting down',
      'okay',
    ],
    [
      'is destroyed',
      running,
      events.stopped,
      1,
      'vmShutdown',
      'running',
      'running',
      'shut off (destroyed)',
      'okay',
    ],
    ['is saved', running, events.stopped, 4, 'vmSuspended', 'running', 'running', 'shut off (saved)', 'okay'],
    ['fails', running, events.stopped, 5, 'vmCrashed', 'running', 'running', 'shut off (crashed)', 'failure'],
    [
      'panics',
      running,
      events.crashed,
      0,
      'vmCrashed',
      'running',
      'running',
      'crashed (panicked)',
      'failure',
    ],
    [
      'sleeps',
      running,
      events.pmsuspended,
      0,
      'vmPaused',
      'running',
      'running',
      'suspended by the guest',
      'warning',
    ],
  ] as const)(
    'tell that a domain %s',
    async (_what, before, event, detail, vmName, oper, oldState, text, severity) => {
      const bench = await open({ domains: [before] });
      bench.lifecycle(before, event, detail);
      expect(bench.take()).toMatchObject([
        { name: vmName, values: { vmName: 'web', vmOperState: oper } },
        {
          name: 'lveDomainStateChange',
          values: {
            lveDomName: 'web',
            lveDomUuid: before.facts.uuid,
            lveNotifyOldState: oldState,
            lveDomStateText: text,
            lveDomSeverity: severity,
          },
        },
      ]);
      await ticks();
      expect(bench.entries).toMatchObject([{ seq: 1, domainIndex: 1, subjectName: 'web', notified: true }]);
      expect(bench.log.lastSeqOf(before.facts.uuid)).toBe(1);
      expect(bench.store.current.notify.sent).toBe(2);
    },
  );

  it('carry the UUID of VM-MIB as 16 octets', async () => {
    const bench = await open({ domains: [running] });
    bench.lifecycle(running, events.stopped, 0);
    const octets = bench.take()[0]?.values['vmUUID'] as Uint8Array;
    expect(Buffer.from(octets).toString('hex')).toBe(running.facts.uuid.replaceAll('-', ''));
  });

  it('tell of a crash once for VM-MIB, though the domain then stops', async () => {
    const bench = await open({ domains: [running] });
    bench.lifecycle(running, events.crashed, 0);
    bench.lifecycle(running, events.stopped, 2);
    expect(bench.takeNames()).toEqual(['vmCrashed', 'lveDomainStateChange', 'lveDomainStateChange']);
    expect(bench.names).toEqual(['crashed/panicked', 'stopped/crashed']);
  });

  it('tell of the deletion of a transient domain after its end', async () => {
    const bench = await open({ domains: [transient] });
    bench.lifecycle(transient, events.stopped, 0);
    expect(bench.take()).toMatchObject([
      { name: 'vmShutdown', values: { vmOperState: 'running' } },
      { name: 'lveDomainStateChange' },
      { name: 'vmDeleted', values: { vmName: 'web', vmOperState: 'shutdown', vmPersistent: 'transient' } },
    ]);
    bench.settle([sampleGoneDomain({ index: 1, name: 'web' })]);
    expect(bench.take()).toEqual([]);
    expect(bench.names).toEqual(['stopped/shutdown']);
  });

  it('tell of the deletion of a defined domain when it is undefined while it is off', async () => {
    const bench = await open({ domains: [off] });
    bench.lifecycle(off, events.undefined, 0);
    expect(bench.take()).toMatchObject([
      { name: 'vmDeleted', values: { vmOperState: 'shutdown', vmPersistent: 'persistent' } },
      { name: 'lveDomainEvent', values: { lveEventName: 'undefined/removed', lveEventDomName: 'web' } },
    ]);
  });

  it('keep a running domain that is undefined, until it ends', async () => {
    const bench = await open({ domains: [running] });
    bench.lifecycle(running, events.undefined, 0);
    expect(bench.takeNames()).toEqual(['lveDomainEvent']);
    bench.lifecycle(running, events.stopped, 1);
    expect(bench.takeNames()).toEqual(['vmShutdown', 'lveDomainStateChange', 'vmDeleted']);
  });

  it('delete nothing when a domain is renamed', async () => {
    const bench = await open({ domains: [off] });
    bench.lifecycle(withFacts(off, { name: 'web' }), events.undefined, 1);
    bench.lifecycle(withFacts(off, { name: 'www' }), events.defined, 2);
    expect(bench.takeNames()).toEqual(['lveDomainEvent', 'lveDomainEvent']);
    bench.settle([sampleInactiveDomain({ index: 1, name: 'www' })]);
    expect(bench.take()).toEqual([]);
    bench.lifecycle(withFacts(off, { name: 'www' }), events.started, 0);
    expect(bench.take()[0]).toMatchObject({ name: 'vmRunning', values: { vmName: 'www' } });
  });

  it('introduce a domain that no snapshot has shown', async () => {
    const bench = await open();
    bench.lifecycle(off, events.defined, 0);
    bench.lifecycle(off, events.started, 0);
    expect(bench.take()).toMatchObject([
      { name: 'lveDomainEvent', values: { lveEventName: 'defined/added' } },
      { name: 'vmRunning', values: { vmOperState: 'shutdown' } },
      { name: 'lveDomainStateChange', values: { lveNotifyOldState: 'shutoff' } },
    ]);
    bench.settle([running]);
    expect(bench.take()).toEqual([]);
    expect(bench.names).toEqual(['defined/added', 'started/booted']);
  });

  it('know that a domain that starts without having been defined is transient', async () => {
    const bench = await open();
    bench.lifecycle(off, events.resumed, 0);
    bench.lifecycle(off, events.started, 0);
    bench.lifecycle(off, events.stopped, 1);
    expect(bench.take()).toMatchObject([
      { name: 'vmRunning', values: { vmOperState: 'unknown' } },
      { name: 'lveDomainStateChange', values: { lveNotifyOldState: 'nostate' } },
      { name: 'vmShutdown' },
      { name: 'lveDomainStateChange' },
      { name: 'vmDeleted', values: { vmPersistent: 'transient' } },
    ]);
    bench.settle([]);
    expect(bench.take()).toEqual([]);
  });

  it('tell of a start once, though libvirt resumes a domain before it says that it started', async () => {
    const bench = await open({ domains: [off] });
    bench.lifecycle(off, events.resumed, 0);
    bench.lifecycle(off, events.started, 0);
    expect(bench.take()).toMatchObject([
      { name: 'vmRunning', values: { vmOperState: 'shutdown' } },
      { name: 'lveDomainStateChange', values: { lveDomStateText: 'running (booted)' } },
    ]);
    expect(bench.names).toEqual(['resumed/unpaused', 'started/booted']);
  });

  it('do not call it trouble that the hypervisor of an ending domain does not answer', async () => {
    const bench = await open({ domains: [running] });
    bench.other(running, 'controlError');
    bench.lifecycle(running, events.shutdown, 2);
    bench.other(running, 'controlError');
    expect(bench.takeNames()).toEqual(['lveDomainEvent', 'vmShuttingdown', 'lveDomainStateChange']);
    expect(bench.entries.map((entry) => entry.severity)).toEqual(['failure', 'okay', 'okay']);
  });

  it('keep details and events of a newer libvirt by their numbers', async () => {
    const bench = await open({ domains: [running] });
    bench.lifecycle(running, events.stopped, 77);
    bench.lifecycle(running, 42, 3);
    expect(bench.entries).toMatchObject([
      { kind: 'stopped', name: 'stopped/77', detail: 77 },
      { kind: 'other', name: 'lifecycle/42', detail: 3 },
    ]);
  });

  it('say nothing about domains that are not monitored', async () => {
    const bench = await open({ admits: (name) => !name.startsWith('test-') });
    bench.lifecycle(withFacts(running, { name: 'test-1' }), events.started, 0);
    expect(bench.entries).toEqual([]);
    expect(bench.take()).toEqual([]);
  });
});

describe('an event that does not tell its reason', () => {
  it('is refined by asking libvirt, and what follows waits for it', async () => {
    let answer: (state: { state: number; reason: number }) => void = () => undefined;
    const bench = await open({
      domains: [running],
      readState: () =>
        new Promise((resolve) => {
          answer = resolve;
        }),
    });
    bench.lifecycle(running, events.suspended, 0);
    bench.lifecycle(running, events.stopped, 4);
    expect(bench.take()).toEqual([]);
    await vi.advanceTimersByTimeAsync(0);
    answer({ state: 3, reason: 3 });
    await ticks();
    expect(bench.take()).toMatchObject([
      { name: 'vmSuspending', values: { vmOperState: 'running' } },
      { name: 'lveDomainStateChange', values: { lveDomStateText: 'paused (save)' } },
      { name: 'vmSuspended', values: { vmOperState: 'suspending' } },
      { name: 'lveDomainStateChange', values: { lveDomStateText: 'shut off (saved)' } },
    ]);
  });

  it('does not wait for ever, nor believe a state that has moved on', async () => {
    const answers = [
      new Promise<undefined>(() => undefined),
      Promise.resolve({ state: 1, reason: 5 }),
      Promise.resolve({ state: 5, reason: 2 }),
    ];
    const bench = await open({
      domains: [running],
      readState: () => answers.shift() ?? Promise.reject(new Error()),
    });
    bench.lifecycle(running, events.suspended, 0);
    await vi.advanceTimersByTimeAsync(250);
    expect(bench.take()[1]).toMatchObject({ values: { lveDomStateText: 'paused (user)' } });
    bench.lifecycle(running, events.resumed, 0);
    bench.lifecycle(running, events.suspended, 0);
    bench.lifecycle(running, events.resumed, 0);
    bench.lifecycle(running, events.suspended, 0);
    await ticks();
    expect(bench.take().map((sent) => sent.values['lveDomStateText'] ?? sent.name)).toEqual([
      'vmRunning',
      'running (unpaused)',
      'vmPaused',
      'paused',
      'vmRunning',
      'running (unpaused)',
      'vmPaused',
      'paused (user)',
    ]);
  });
});

describe('a clock that is set', () => {
  it.each([-3_600_000, 3_600_000])('by %i ms hides nothing and tells nothing twice', async (stepMs) => {
    const bench = await open({ domains: [running] });
    bench.lifecycle(running, events.suspended, 2);
    bench.lifecycle(running, events.resumed, 0);
    bench.take();
    vi.setSystemTime(Date.now() + stepMs);
    const statsAt = Date.now() + 1000;
    const facts = { ...running.facts, state: 'paused', reason: 1, operState: 'paused' } as const;
    for (let round = 0; round < 3; round += 1) await bench.find([{ ...running, statsAt, facts }]);
    expect(bench.takeNames()).toEqual(['vmPaused', 'lveDomainStateChange']);
  });
});

describe('a hypervisor process that quits', () => {
  const told = (bench: NotifyBench): unknown[] =>
    bench.take().map((sent) => sent.values['lveDomStateText'] ?? sent.name);

  // As libvirt 11.3 with QEMU 10.0 sends them.
  it.each([
    ['a save', 3, 4, 'paused (save)', 'vmSuspending', 'shut off (saved)', 'vmSuspended'],
    ['a migration', 2, 3, 'paused (migration)', 'vmMigrating', 'shut off (migrated)', 'vmShutdown'],
  ])(
    'after %s does not shut the domain down',
    async (_what, reason, stopped, paused, vmPaused, off, vmOff) => {
      const bench = await open({
        domains: [running],
        readState: () => Promise.resolve({ state: 3, reason }),
      });
      bench.lifecycle(running, events.suspended, 0);
      await ticks();
      bench.lifecycle(running, events.shutdown, 0);
      await ticks();
      expect(told(bench)).toEqual([vmPaused, paused]);
      bench.lifecycle(running, events.stopped, stopped);
      await ticks();
      expect(told(bench)).toEqual([vmOff, off]);
      expect(bench.names).toEqual(['suspended/paused', `stopped/${stopped === 4 ? 'saved' : 'migrated'}`]);
    },
  );

  it('because a paused domain is destroyed does, and says so before the end', async () => {
    const bench = await open({
      domains: [running],
      readState: () => Promise.resolve({ state: 3, reason: 1 }),
    });
    bench.lifecycle(running, events.suspended, 0);
    await ticks();
    bench.take();
    bench.lifecycle(running, events.shutdown, 0);
    bench.lifecycle(running, events.stopped, 1);
    await ticks();
    expect(told(bench)).toEqual(['vmShuttingdown', 'shutting down', 'vmShutdown', 'shut off (destroyed)']);
  });
});

describe('a domain that comes from another host', () => {
  it('runs when it runs, not when it is on its way', async () => {
    const answers = [{ state: 3, reason: 2 }];
    const bench = await open({ domains: [], readState: async () => answers.shift() });
    bench.lifecycle(running, events.started, 1);
    await ticks();
    bench.lifecycle(running, events.resumed, 1);
    await ticks();
    expect(bench.take().map((sent) => sent.values['lveDomStateText'] ?? sent.name)).toEqual([
      'vmMigrating',
      'paused (migration)',
      'vmRunning',
      'running (migrated)',
    ]);
  });

  // libvirt 12.8 tells of it by this event first, and it may be gone again before it can be asked for.
  it.each([
    ['is not answered', () => new Promise<undefined>(() => undefined)],
    ['finds nothing', () => Promise.reject(new Error('Domain not found'))],
    ['finds it gone already', () => Promise.resolve({ state: 5, reason: 0 })],
    ['is not asked', () => Promise.resolve(undefined)],
  ])('is on its way where the question for its state %s', async (_, readState) => {
    const bench = await open({ domains: [], readState });
    bench.lifecycle(running, events.started, 1);
    await vi.advanceTimersByTimeAsync(250);
    expect(bench.take().map((sent) => sent.values['lveDomStateText'] ?? sent.name)).toEqual([
      'vmMigrating',
      'paused (migration)',
    ]);
    bench.lifecycle(running, events.shutdown, 2);
    bench.lifecycle(running, events.stopped, 5);
    await vi.advanceTimersByTimeAsync(500);
    expect(bench.take().map(({ name }) => name)).not.toContain('vmCrashed');
  });

  it('is asked for by its name and UUID, which nobody knew before', async () => {
    const asked: unknown[] = [];
    const bench = await open({
      domains: [],
      readState: async (domain) => {
        asked.push(domain);
        return { state: 1, reason: 2 };
      },
    });
    bench.lifecycle(running, events.started, 1);
    await ticks();
    expect(asked).toMatchObject([{ name: running.facts.name, uuid: running.facts.uuid }]);
    expect(bench.take().map((sent) => sent.values['lveDomStateText'] ?? sent.name)).toEqual([
      'vmRunning',
      'running (migrated)',
    ]);
  });

  // As libvirt 9 says it, and libvirt 11.3 with QEMU 10.0.
  it.each([
    ['failed', [[events.stopped, 5]]],
    [
      'crashed',
      [
        [events.shutdown, 0],
        [events.stopped, 2],
      ],
    ],
  ] as const)('and does not arrive has not crashed, also where libvirt says %s', async (detail, ends) => {
    const answers = [{ state: 3, reason: 2 }];
    const bench = await open({ domains: [], readState: async () => answers.shift() });
    bench.lifecycle(running, events.started, 1);
    await ticks();
    bench.take();
    for (const [event, number] of ends) bench.lifecycle(running, event, number);
    await ticks();
    expect(bench.take().map(({ name, values }) => [name, values['lveDomSeverity']])).toEqual([
      ['vmShutdown', undefined],
      ['lveDomainStateChange', 'okay'],
      ['vmDeleted', undefined],
    ]);
    expect(bench.names).toEqual(['started/migrated', `stopped/${detail}`]);
    expect(bench.entries.at(-1)).toMatchObject({
      text: 'stopped (the migration from another host was aborted)',
      severity: 'warning',
    });
  });

  it('and has arrived may crash', async () => {
    const answers = [{ state: 3, reason: 2 }];
    const bench = await open({ domains: [], readState: async () => answers.shift() });
    bench.lifecycle(running, events.started, 1);
    await ticks();
    bench.lifecycle(running, events.resumed, 1);
    await ticks();
    bench.take();
    bench.lifecycle(running, events.stopped, 2);
    await ticks();
    expect(bench.take().map(({ name }) => name)).toContain('vmCrashed');
  });
});

describe('a pause that is the beginning of a crash', () => {
  it('is left to the crash', async () => {
    const bench = await open({
      domains: [running],
      readState: () => Promise.resolve({ state: 6, reason: 1 }),
    });
    bench.lifecycle(running, events.suspended, 0);
    bench.lifecycle(running, events.crashed, 0);
    await ticks();
    expect(bench.take()).toMatchObject([
      { name: 'vmCrashed', values: { vmOperState: 'running' } },
      { name: 'lveDomainStateChange' },
    ]);
    expect(bench.names).toEqual(['suspended/paused', 'crashed/panicked']);
  });
});

describe('snapshots', () => {
  it('say nothing about what they find at the very first start', async () => {
    const bench = await open({ domains: [running, sampleInactiveDomain({ index: 2 })] });
    expect(bench.take()).toEqual([]);
    expect(bench.entries).toEqual([]);
  });

  it('tell nothing that an event has told', async () => {
    const bench = await open({ domains: [running] });
    bench.lifecycle(running, events.stopped, 1);
    bench.take();
    bench.settle([sampleInactiveDomain({ index: 1, name: 'web', reason: 2 })]);
    expect(bench.take()).toEqual([]);
    expect(bench.entries).toHaveLength(1);
  });

  it('that are older than an event do not take it back', async () => {
    const bench = await open({ domains: [running] });
    bench.lifecycle(running, events.suspended, 0);
    bench.take();
    // Under way when the event came; then a partial refresh, which does not count.
    bench.refresh([sampleDomain({ index: 1, name: 'web' })]);
    bench.store.update({ domains: [sampleDomain({ index: 1, name: 'web' })] });
    expect(bench.take()).toEqual([]);
    vi.setSystemTime(SAMPLE_NOW + 60_000);
    bench.refresh([{ ...paused(1), statsAt: SAMPLE_NOW + 59_000 }]);
    expect(bench.take()).toEqual([]);
    expect(bench.entries).toHaveLength(1);
  });

  it('with old statistics of a domain do not take an event back either', async () => {
    const bench = await open({ domains: [running] });
    bench.lifecycle(running, events.suspended, 0);
    bench.take();
    bench.settle([sampleDomain({ index: 1, name: 'web', statsStatus: 'stale', statsAt: SAMPLE_NOW + 1 })]);
    bench.settle([sampleDomain({ index: 1, name: 'web', statsAt: SAMPLE_NOW - 1 })]);
    expect(bench.take()).toEqual([]);
  });

  it('reveal a change that no event told, and say so', async () => {
    const bench = await open({ domains: [running] });
    await bench.find([paused(5)]);
    expect(bench.take()).toMatchObject([
      { name: 'vmPaused', values: { vmOperState: 'running' } },
      {
        name: 'lveDomainStateChange',
        values: { lveDomStateText: 'paused (I/O error)', lveDomSeverity: 'failure' },
      },
    ]);
    expect(bench.entries).toMatchObject([
      {
        kind: 'suspended',
        name: 'suspended/ioerror',
        severity: 'failure',
        text: 'now paused (I/O error) (found by comparison: libvirt sent no event)',
      },
    ]);
    // The event was only late: it tells the same story.
    bench.lifecycle(running, events.suspended, 2);
    expect(bench.take()).toEqual([]);
    expect(bench.entries).toHaveLength(1);
  });

  it('that overtook an event leave it to the event', async () => {
    const bench = await open({ domains: [running] });
    bench.refresh([sampleInactiveDomain({ index: 1, name: 'web', reason: 2 })]);
    await vi.advanceTimersByTimeAsync(500);
    bench.lifecycle(running, events.stopped, 1);
    await vi.advanceTimersByTimeAsync(5000);
    expect(bench.takeNames()).toEqual(['vmShutdown', 'lveDomainStateChange']);
    expect(bench.entries.map((entry) => entry.text)).toEqual(['stopped (destroyed)']);
  });

  it('that show a domain in the moment of its start say nothing', async () => {
    const bench = await open({ domains: [off] });
    await bench.find([withFacts(paused(11), { operState: 'preparing' })]);
    bench.lifecycle(off, events.started, 0);
    expect(bench.takeNames()).toEqual(['vmRunning', 'lveDomainStateChange']);
  });

  it('that show a change only for a moment say nothing', async () => {
    const bench = await open({ domains: [running] });
    bench.refresh([paused(1)]);
    bench.refresh([{ ...running }]);
    await vi.advanceTimersByTimeAsync(5000);
    expect(bench.take()).toEqual([]);
  });

  it('tell when the reason makes a state graver', async () => {
    const bench = await open({ domains: [paused(1)] });
    await bench.find([paused(5)]);
    expect(bench.take()).toMatchObject([
      { name: 'lveDomainStateChange', values: { lveNotifyOldState: 'paused', lveDomSeverity: 'failure' } },
    ]);
    await bench.find([paused(13)]);
    expect(bench.takeNames()).toEqual([]);
  });

  it('tell VM-MIB of a migration that only a job shows', async () => {
    const bench = await open({ domains: [running] });
    await bench.find([withFacts(running, { operState: 'migrating' })]);
    await bench.find([withFacts(running, { operState: 'unknown' })]);
    await bench.find([{ ...running }]);
    expect(bench.takeNames()).toEqual(['vmMigrating', 'vmRunning']);
    expect(bench.entries).toEqual([]);
  });

  it('reveal domains that appeared and vanished', async () => {
    const bench = await open({ domains: [running] });
    const other = sampleDomain({ index: 2, name: 'new', persistent: false });
    bench.indexes.domain(other.facts.uuid);
    await bench.find([running, other, sampleInactiveDomain({ index: 3, name: 'idle' })]);
    expect(bench.take()).toMatchObject([
      { name: 'vmRunning', values: { vmName: 'new', vmOperState: 'unknown' } },
      { name: 'lveDomainStateChange' },
      { name: 'lveDomainEvent', values: { lveEventDomName: 'idle', lveEventName: 'defined' } },
    ]);
    await bench.find([sampleGoneDomain({ index: 1, name: 'web' }), other]);
    expect(bench.take()).toMatchObject([
      { name: 'vmShutdown', values: { vmName: 'web', vmOperState: 'running' } },
      { name: 'lveDomainStateChange' },
      { name: 'vmDeleted', values: { vmName: 'web', vmOperState: 'shutdown', vmPersistent: 'persistent' } },
      { name: 'lveDomainEvent', values: { lveEventName: 'undefined/removed' } },
      { name: 'vmDeleted', values: { vmName: 'idle' } },
      { name: 'lveDomainEvent' },
    ]);
  });

  it('tell soon that a domain migrated away for good, of which libvirt sends no event', async () => {
    const bench = await open({ domains: [running] });
    bench.lifecycle(running, events.stopped, 3);
    expect(bench.takeNames()).toEqual(['vmShutdown', 'lveDomainStateChange']);
    bench.store.update({ domains: [sampleGoneDomain({ index: 1, name: 'web', goneAt: SAMPLE_NOW + 30 })] });
    await vi.advanceTimersByTimeAsync(1000);
    expect(bench.take()).toMatchObject([
      { name: 'vmDeleted', values: { vmOperState: 'shutdown', vmPersistent: 'persistent' } },
      { name: 'lveDomainEvent', values: { lveEventName: 'undefined/removed' } },
    ]);
  });

  it('log the end of a defined domain that only events had shown', async () => {
    const bench = await open();
    bench.lifecycle(off, events.defined, 0);
    bench.lifecycle(off, events.started, 0);
    bench.lifecycle(off, events.stopped, 3);
    bench.take();
    await bench.find([]);
    await bench.find([]);
    await bench.find([]);
    expect(bench.takeNames()).toEqual(['vmDeleted', 'lveDomainEvent']);
  });

  it('wait for the state of a domain before they tell of it', async () => {
    const bench = await open();
    await bench.find([
      { ...withFacts(running, { stateKnown: false, state: 'nostate', reason: 0 }), statsAt: undefined },
    ]);
    expect(bench.entries).toEqual([]);
    await bench.find([running]);
    expect(bench.entries).toHaveLength(1);
  });
});

describe('what happened while libvirt was not connected', () => {
  it('is found by comparison and reported as such', async () => {
    const second = sampleDomain({ index: 2, name: 'db' });
    const bench = await open({ domains: [running, second] });
    bench.centre.onConnection('disconnected', 'the socket was closed');
    bench.centre.onConnection('connecting');
    bench.refresh([off, second]);
    bench.centre.onConnection('connected');
    bench.store.update({ domains: [running, second] });
    bench.refresh([sampleInactiveDomain({ index: 1, name: 'web', reason: 3, operState: 'crashed' }), second]);
    expect(bench.take()).toMatchObject([
      {
        name: 'lveConnectionChange',
        values: {
          lveConnUri: 'test:///default',
          lveConnState: 'disconnected',
          lveNotifyConnUp: false,
          lveConnLastError: 'the socket was closed',
        },
      },
      { name: 'lveConnectionChange', values: { lveConnState: 'connected', lveNotifyConnUp: true } },
      { name: 'vmCrashed', values: { vmName: 'web', vmOperState: 'running' } },
      { name: 'lveDomainStateChange', values: { lveDomSeverity: 'failure' } },
    ]);
    expect(bench.entries.map((entry) => [entry.kind, entry.text])).toEqual([
      ['connectionDown', 'not connected to libvirt: the socket was closed'],
      ['connectionUp', 'connected to libvirt'],
      [
        'stopped',
        'now shut off (crashed) (found by comparison: it happened while libvirt was not connected)',
      ],
    ]);
  });

  it('is not news at the first connection, but a failure to connect is', async () => {
    const bench = await open({ started: false });
    bench.centre.onConnection('connecting');
    bench.centre.onConnection('authenticationFailed', 'access denied');
    bench.centre.onConnection('connecting');
    bench.centre.onConnection('connected');
    expect(bench.take()).toMatchObject([
      { values: { lveConnState: 'authenticationFailed', lveNotifyConnUp: false } },
      { values: { lveConnState: 'connected', lveNotifyConnUp: true } },
    ]);
  });
});

describe('what happened while the agent was not running', () => {
  it('is found from what was reported last', async () => {
    const indexes = await IndexStore.load({ place: undefined, logger: silentLogger });
    const second = sampleDomain({ index: 2, name: 'db' });
    const before = await open({ indexes, domains: [running, second] });
    before.lifecycle(running, events.suspended, 2);
    await before.centre.close();

    const after = await open({ indexes, started: false });
    after.centre.onConnection('connected');
    after.refresh([paused(5), sampleInactiveDomain({ index: 3, name: 'new' })]);
    expect(after.take()).toMatchObject([
      { name: 'lveDomainEvent', values: { lveEventDomName: 'new' } },
      { name: 'vmShutdown', values: { vmName: 'db' } },
      { name: 'lveDomainStateChange' },
      { name: 'vmDeleted', values: { vmName: 'db' } },
      { name: 'lveDomainEvent' },
    ]);
    expect(after.entries.map((entry) => entry.text)).toEqual([
      'defined, now shut off (shutdown) (found by comparison: it happened while the agent was not running)',
      'the domain no longer exists (found by comparison: it happened while the agent was not running)',
    ]);
  });
});
