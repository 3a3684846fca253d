import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AgentxError, ResponseError } from '../../../src/agentx/errors.ts';
import { EventLog } from '../../../src/events/event-log.ts';
import { silentLogger } from '../../../src/log.ts';
import type { Domain } from '../../../src/model/domain.ts';
import { virtualMachineList } from '../../../src/notify/bulk-window.ts';
import { SAMPLE_NOW, sampleDomain } from '../../support/sample-snapshot.ts';
import { TestPlace } from '../../support/state-place.ts';
import { lifecycleEvents as events, NotifyBench, type SentNotification } from './notify-bench.ts';

beforeEach(() => {
  vi.useFakeTimers({ now: SAMPLE_NOW });
});

afterEach(() => {
  vi.useRealTimers();
});

function fleet(count: number): Domain[] {
  return Array.from({ length: count }, (_, at) => sampleDomain({ index: at + 1 }));
}

function domainOf(domains: readonly Domain[], index: number): Domain {
  const domain = domains[index - 1];
  if (domain === undefined) throw new Error(`no domain ${index}`);
  return domain;
}

/** The virtual machines that a bit string names. */
function vmsOf(octets: unknown): number[] {
  if (!(octets instanceof Uint8Array)) throw new Error('not octets');
  const vms: number[] = [];
  for (const [at, octet] of octets.entries()) {
    for (let bit = 0; bit < 8; bit += 1) if (octet & (0x80 >> bit)) vms.push(8 * at + bit + 1);
  }
  return vms;
}

describe('VirtualMachineList', () => {
  it('has octet n for 8n+1 to 8n+8, most significant bit first', () => {
    expect([...virtualMachineList([1])]).toEqual([0x80]);
    expect([...virtualMachineList([8, 2])]).toEqual([0x41]);
    expect([...virtualMachineList([9, 17, 24])]).toEqual([0, 0x80, 0x81]);
    expect([...virtualMachineList([])]).toEqual([]);
    expect(vmsOf(virtualMachineList([3, 1000, 77]))).toEqual([3, 77, 1000]);
  });
});

describe('bulk notifications', () => {
  it('replace most of the single ones in a storm, and name everybody', async () => {
    const domains = fleet(200);
    const bench = await NotifyBench.open({ domains, notify: { maxPerMinute: 0 } });
    for (const domain of domains) bench.lifecycle(domain, events.stopped, 1);
    await vi.advanceTimersByTimeAsync(3000);
    const sent = bench.take();
    expect(sent.filter(({ name }) => name === 'vmShutdown')).toHaveLength(4);
    const bulk = sent.filter(({ name }) => name.startsWith('vmBulk'));
    expect(bulk.map(({ name }) => name)).toEqual(['vmBulkShutdown']);
    expect(vmsOf(bulk[0]?.values['vmAffectedVMs'])).toEqual(domains.map((domain) => domain.index));
    await vi.advanceTimersByTimeAsync(100);
    expect(bench.entries).toHaveLength(200);
    expect(bench.entries.every((entry) => entry.notified)).toBe(true);
    expect(bench.store.current.notify.suppressed).toBe(0);
  });

  it('come one per new state', async () => {
    const domains = fleet(12);
    const bench = await NotifyBench.open({ domains, notify: { enabled: false, perVm: false } });
    for (const domain of domains.slice(0, 6)) bench.lifecycle(domain, events.suspended, 2);
    for (const domain of domains.slice(6)) bench.lifecycle(domain, events.stopped, 1);
    bench.lifecycle(domainOf(domains, 7), events.undefined, 0);
    expect(bench.take()).toEqual([]);
    await vi.advanceTimersByTimeAsync(3000);
    const sent = bench.take();
    expect(sent.map(({ name, values }) => [name, vmsOf(values['vmAffectedVMs'])])).toEqual([
      ['vmBulkPaused', [1, 2, 3, 4, 5, 6]],
      ['vmBulkShutdown', [7, 8, 9, 10, 11, 12]],
      ['vmBulkDeleted', [7]],
    ]);
  });

  it('do not repeat what single ones have told of a few', async () => {
    const domains = fleet(4);
    const bench = await NotifyBench.open({ domains, notify: { enabled: false } });
    for (const domain of domains) bench.lifecycle(domain, events.stopped, 1);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(bench.takeNames()).toEqual(['vmShutdown', 'vmShutdown', 'vmShutdown', 'vmShutdown']);
  });

  it('are sent before the end of the window when the agent stops', async () => {
    const domains = fleet(5);
    const bench = await NotifyBench.open({ domains, notify: { enabled: false, perVm: false } });
    for (const domain of domains) bench.lifecycle(domain, events.stopped, 1);
    await bench.centre.close();
    expect(bench.takeNames()).toEqual(['vmBulkShutdown']);
    expect(bench.store.current.notify.sent).toBe(1);
  });
});

describe('switches', () => {
  it('take effect at once and show in the snapshot', async () => {
    const [domain] = fleet(1);
    if (domain === undefined) throw new Error('no domain');
    const bench = await NotifyBench.open({ domains: [domain], notify: { holdoffSec: 0, bulkThreshold: 1 } });
    bench.centre.set('vmPerVMNotificationsEnabled', false);
    bench.lifecycle(domain, events.stopped, 1);
    bench.centre.set('lveNotifyEnable', false);
    bench.lifecycle(domain, events.started, 0);
    bench.centre.set('vmBulkNotificationsEnabled', false);
    await vi.advanceTimersByTimeAsync(5000);
    expect(bench.takeNames()).toEqual(['lveDomainStateChange']);
    expect(bench.store.current.notify).toMatchObject({ enabled: false, perVm: false, bulk: false, sent: 1 });
    bench.centre.set('lveNotifyEnable', true);
    bench.centre.set('vmPerVMNotificationsEnabled', true);
    bench.lifecycle(domain, events.stopped, 1);
    expect(bench.takeNames()).toEqual(['vmShutdown', 'lveDomainStateChange']);
    expect(bench.entries).toHaveLength(3);
  });

  it('of VM-MIB mean nothing where it is not served', async () => {
    const [domain] = fleet(1);
    if (domain === undefined) throw new Error('no domain');
    const bench = await NotifyBench.open({ domains: [domain], notify: { vmMib: false } });
    bench.lifecycle(domain, events.stopped, 1);
    await vi.advanceTimersByTimeAsync(5000);
    expect(bench.takeNames()).toEqual(['lveDomainStateChange']);
  });
});

describe('the notification of LIBVIRT-MIB', () => {
  it('tells of each new state, whatever the switches say, and of nothing where it is not served', async () => {
    const [domain] = fleet(1);
    if (domain === undefined) throw new Error('no domain');
    const bench = await NotifyBench.open({
      domains: [domain],
      notify: { libvirtMib: true, enabled: false, perVm: false, bulk: false },
    });
    bench.lifecycle(domain, events.suspended, 2);
    bench.lifecycle(domain, events.stopped, 1);
    bench.other(domain, 'reboot');
    expect(
      bench
        .take()
        .map(({ name, values }) => [name, values['libvirtGuestState'], values['libvirtGuestRowStatus']]),
    ).toEqual([
      ['libvirtGuestNotif', 'paused', 'active'],
      ['libvirtGuestNotif', 'shutoff', 'notInService'],
    ]);
    const silent = await NotifyBench.open({ domains: [domain] });
    silent.lifecycle(domain, events.stopped, 1);
    expect(silent.takeNames()).not.toContain('libvirtGuestNotif');
  });

  it('is throttled as the others are', async () => {
    const domains = fleet(30);
    const bench = await NotifyBench.open({
      domains,
      notify: { libvirtMib: true, enabled: false, perVm: false, bulk: false, maxPerMinute: 10 },
    });
    for (const domain of domains) bench.lifecycle(domain, events.stopped, 1);
    expect(bench.takeNames()).toHaveLength(10);
    expect(bench.centre.status.suppressed).toBe(20);
  });
});

describe('hold-off', () => {
  it('keeps the same news about the same entity apart, and ends with the truth', async () => {
    const domains = fleet(2);
    const first = domainOf(domains, 1);
    const bench = await NotifyBench.open({ domains, notify: { bulk: false, holdoffSec: 5 } });
    bench.lifecycle(first, events.suspended, 2);
    bench.lifecycle(first, events.resumed, 0);
    await vi.advanceTimersByTimeAsync(1000);
    bench.lifecycle(first, events.suspended, 2);
    bench.lifecycle(domainOf(domains, 2), events.suspended, 2);
    expect(bench.take().map(({ name, values }) => [name, values['vmName'] ?? values['lveDomName']])).toEqual([
      ['vmPaused', 'domain-1'],
      ['lveDomainStateChange', 'domain-1'],
      ['vmRunning', 'domain-1'],
      ['lveDomainStateChange', 'domain-1'],
      ['vmPaused', 'domain-2'],
      ['lveDomainStateChange', 'domain-2'],
    ]);
    expect(bench.store.current.notify.suppressed).toBe(0);
    await vi.advanceTimersByTimeAsync(3999);
    expect(bench.take()).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(bench.takeNames()).toEqual(['vmPaused', 'lveDomainStateChange']);
    await vi.advanceTimersByTimeAsync(100);
    expect(bench.entries.map((entry) => entry.notified)).toEqual([true, true, true, true]);
    expect(bench.store.current.notify.suppressed).toBe(0);
  });

  it('sends nothing late if the receivers know already', async () => {
    const [domain] = fleet(1);
    if (domain === undefined) throw new Error('no domain');
    const bench = await NotifyBench.open({ domains: [domain], notify: { bulk: false, perVm: false } });
    bench.lifecycle(domain, events.suspended, 2);
    bench.lifecycle(domain, events.resumed, 0);
    bench.lifecycle(domain, events.suspended, 2);
    bench.lifecycle(domain, events.resumed, 0);
    expect(bench.takeNames()).toEqual(['lveDomainStateChange', 'lveDomainStateChange']);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(bench.take()).toMatchObject([
      { name: 'lveNotificationsSuppressed', values: { lveNotifySuppressed: 2 } },
    ]);
  });

  it('holds events that are no condition without sending them later', async () => {
    const [domain] = fleet(1);
    if (domain === undefined) throw new Error('no domain');
    const bench = await NotifyBench.open({ domains: [domain], notify: { holdoffSec: 5 } });
    for (let count = 0; count < 100; count += 1) bench.other(domain, 'reboot');
    bench.other(domain, 'watchdog', 'watchdog/reset');
    await vi.advanceTimersByTimeAsync(4900);
    expect(bench.takeNames()).toEqual(['lveDomainEvent', 'lveDomainEvent']);
    await vi.advanceTimersByTimeAsync(200);
    bench.other(domain, 'reboot');
    expect(bench.takeNames()).toEqual(['lveNotificationsSuppressed', 'lveDomainEvent']);
    expect(bench.entries).toHaveLength(102);
  });
});

describe('the rate limit', () => {
  it('suppresses what is too much, and says so at most once a minute', async () => {
    const domains = fleet(100);
    const bench = await NotifyBench.open({
      domains,
      notify: { bulk: false, perVm: false, holdoffSec: 0, maxPerMinute: 10 },
    });
    for (const domain of domains) bench.lifecycle(domain, events.stopped, 1);
    expect(bench.takeNames()).toEqual(Array.from({ length: 10 }, () => 'lveDomainStateChange'));
    await vi.advanceTimersByTimeAsync(5000);
    expect(bench.take()).toMatchObject([
      { name: 'lveNotificationsSuppressed', values: { lveNotifySuppressed: 90, lveEventNewestSeq: 100 } },
    ]);
    for (const domain of domains) bench.lifecycle(domain, events.started, 0);
    await vi.advanceTimersByTimeAsync(54_999);
    // A minute has passed for the first ten.
    bench.lifecycle(domainOf(domains, 1), events.stopped, 1);
    expect(bench.take()).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    bench.lifecycle(domainOf(domains, 2), events.stopped, 1);
    expect(bench.takeNames()).toEqual(['lveDomainStateChange']);
    await vi.advanceTimersByTimeAsync(5000);
    expect(bench.take()).toMatchObject([
      { name: 'lveNotificationsSuppressed', values: { lveNotifySuppressed: 191, lveEventNewestSeq: 202 } },
    ]);
    await vi.advanceTimersByTimeAsync(120_000);
    expect(bench.take()).toEqual([]);
    expect(bench.entries.filter((entry) => entry.notified)).toHaveLength(11);
  });

  it('never hides the connection to libvirt or a bulk notification', async () => {
    const domains = fleet(20);
    const bench = await NotifyBench.open({ domains, notify: { maxPerMinute: 1 } });
    for (const domain of domains) bench.lifecycle(domain, events.stopped, 1);
    bench.centre.onConnection('disconnected', 'gone');
    await vi.advanceTimersByTimeAsync(3000);
    expect(bench.takeNames()).toEqual(['vmShutdown', 'lveConnectionChange', 'vmBulkShutdown']);
  });
});

describe('a standby agent', () => {
  it('speaks only while it is the one that the master asks', async () => {
    const domains = fleet(1);
    const first = domainOf(domains, 1);
    const bench = await NotifyBench.open({ domains, notify: { standby: true, holdoffSec: 0 } });
    bench.master.isAsked = false;
    bench.lifecycle(first, events.stopped, 1);
    expect(bench.take()).toEqual([]);
    expect(bench.names).toEqual(['stopped/destroyed']);
    bench.master.isAsked = true;
    bench.lifecycle(first, events.started, 0);
    expect(bench.takeNames()).toEqual(['vmRunning', 'lveDomainStateChange']);
    await vi.advanceTimersByTimeAsync(100);
    expect(bench.store.current.notify.suppressed).toBe(0);
  });
});

describe('while the master is away', () => {
  const notify = { bulk: false, perVm: false, holdoffSec: 0, maxPerMinute: 0 };

  /** Every domain has stopped, and nobody takes the notifications of it. */
  async function withoutMaster(domains: readonly Domain[], log?: EventLog): Promise<NotifyBench> {
    const bench = await NotifyBench.open({ domains, notify, ...(log === undefined ? {} : { log }) });
    bench.master.leave();
    for (const domain of domains) bench.lifecycle(domain, events.stopped, 1);
    return bench;
  }

  const domainNames = (sent: readonly SentNotification[]): unknown[] =>
    sent.map(({ values }) => values['lveDomName']);

  it('notifications wait and leave in their order, and say how late they are', async () => {
    const domains = fleet(40);
    const bench = await withoutMaster(domains);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(bench.take()).toEqual([]);
    expect(bench.entries.some((entry) => entry.notified)).toBe(false);
    expect(bench.centre.refersTo(40)).toBe(true);
    bench.master.comeBack();
    bench.lifecycle(domainOf(domains, 1), events.started, 0);
    await vi.advanceTimersByTimeAsync(100);
    const sent = bench.take();
    expect(domainNames(sent)).toEqual([...domains, domainOf(domains, 1)].map(({ facts }) => facts.name));
    expect(sent.map(({ values }) => values['lveNotifyDelay'])).toEqual([...domains.map(() => 10), undefined]);
    expect(bench.entries.every((entry) => entry.notified)).toBe(true);
  });

  it('those under way when the session ended are sent again, in their order', async () => {
    const domains = fleet(40);
    const bench = await NotifyBench.open({ domains, notify });
    bench.master.standStill();
    for (const domain of domains) bench.lifecycle(domain, events.stopped, 1);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(domainNames(bench.take())).toEqual(domains.slice(0, 16).map(({ facts }) => facts.name));
    bench.master.leave();
    await vi.advanceTimersByTimeAsync(5000);
    expect(bench.take()).toEqual([]);
    bench.master.comeBack();
    await vi.advanceTimersByTimeAsync(0);
    expect(domainNames(bench.take())).toEqual(domains.map(({ facts }) => facts.name));
  });

  it('those overtaken by later news of the same thing are not', async () => {
    const domains = fleet(2);
    const [first, second] = [domainOf(domains, 1), domainOf(domains, 2)];
    const bench = await NotifyBench.open({ domains, notify });
    bench.master.standStill();
    bench.lifecycle(first, events.suspended, 2);
    bench.lifecycle(second, events.suspended, 2);
    bench.lifecycle(first, events.resumed, 0);
    await vi.advanceTimersByTimeAsync(0);
    expect(bench.take()).toHaveLength(3);
    bench.master.unanswered.splice(2, 1)[0]?.settle();
    await vi.advanceTimersByTimeAsync(0);
    expect(bench.log.held.map(({ domainIndexes }) => domainIndexes)).toEqual([[second.index]]);
    bench.master.leave();
    await vi.advanceTimersByTimeAsync(0);
    bench.master.comeBack();
    await vi.advanceTimersByTimeAsync(0);
    expect(bench.take().map(({ values }) => [values['lveDomName'], values['lveDomState']])).toEqual([
      ['domain-2', 'paused'],
    ]);
    expect(bench.log.held).toEqual([]);
    expect(bench.store.current.notify.suppressed).toBe(0);
  });

  it('a master that stands still is waited for, and gets nothing twice, whatever is reloaded', async () => {
    const domains = fleet(40);
    const bench = await NotifyBench.open({ domains, notify });
    bench.master.standStill();
    for (const domain of domains) bench.lifecycle(domain, events.stopped, 1);
    const closing = bench.centre.close();
    await vi.advanceTimersByTimeAsync(1000);
    await closing;
    const { indexes, log, master } = bench;
    bench.master.unanswered.shift()?.settle();
    const after = await NotifyBench.open({ notify, indexes, log, master, started: false });
    await vi.advanceTimersByTimeAsync(600_000);
    master.goOn();
    await vi.advanceTimersByTimeAsync(100);
    expect(domainNames(after.take())).toEqual(domains.map(({ facts }) => facts.name));
    expect(after.entries.every((entry) => entry.notified)).toBe(true);
    expect(after.store.current.notify).toMatchObject({ sent: 40, suppressed: 0 });
    expect(log.held).toEqual([]);
  });

  it('what no master has taken leaves after a restart, first, and late', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'notify-'));
    const place = new TestPlace(directory);
    const open = () => EventLog.open({ place, maxEntries: 1000, maxAgeSec: 0, logger: silentLogger });
    const domains = fleet(3);
    const bench = await withoutMaster(domains, await open());
    const closing = bench.centre.close();
    await vi.advanceTimersByTimeAsync(1000);
    await closing;
    await bench.log.close();
    await vi.advanceTimersByTimeAsync(3_600_000);
    const { indexes } = bench;
    await using log = await open();
    expect(log.view().entries.map(({ notified }) => notified)).toEqual([false, false, false]);
    const after = await NotifyBench.open({ notify, indexes, log, started: false, withoutMaster: true });
    after.lifecycle(domainOf(domains, 1), events.started, 0);
    expect(after.take()).toEqual([]);
    after.master.comeBack();
    await vi.advanceTimersByTimeAsync(100);
    const sent = after.take();
    expect(domainNames(sent)).toEqual(['domain-1', 'domain-2', 'domain-3', 'domain-1']);
    expect(sent.map(({ values }) => values['lveNotifyDelay'])).toEqual([3601, 3601, 3601, 0]);
    expect(after.entries.every((entry) => entry.notified)).toBe(true);
    await log.flush();
    await using last = await open();
    expect(last.held).toEqual([]);
    await rm(directory, { recursive: true, force: true });
  });

  it('what a killed agent had not saved as told is not left standing', async () => {
    const domains = fleet(1);
    const first = domainOf(domains, 1);
    const bench = await NotifyBench.open({ domains, notify });
    bench.master.leave();
    bench.lifecycle(first, events.suspended, 2);
    const { indexes, log } = bench;
    // The file of the indexes is older than that of the log.
    indexes.setReported(first.facts.uuid, {
      name: first.facts.name,
      state: 'running',
      reason: 1,
      operState: 'running',
      persistent: true,
    });
    const after = await NotifyBench.open({ notify, indexes, log, domains });
    await vi.advanceTimersByTimeAsync(100);
    expect(after.take().map(({ values }) => values['lveDomState'])).toEqual(['paused', 'running']);
  });

  it('the oldest are dropped when there are too many, and counted', async () => {
    const domains = fleet(30);
    const bench = await NotifyBench.open({ domains, notify: { ...notify, queueLimit: 10 } });
    bench.master.leave();
    for (const domain of domains) bench.lifecycle(domain, events.stopped, 1);
    await vi.advanceTimersByTimeAsync(100);
    expect(bench.store.current.notify).toMatchObject({ sent: 0, suppressed: 20 });
    expect(bench.log.held).toHaveLength(10);
    bench.master.comeBack();
    await vi.advanceTimersByTimeAsync(5000);
    const sent = bench.take();
    expect(sent.map(({ values }) => values['lveDomName'] ?? values['lveNotifySuppressed'])).toEqual([
      ...domains.slice(20).map(({ facts }) => facts.name),
      20,
    ]);
    expect(bench.entries.filter((entry) => entry.notified)).toHaveLength(10);
  });

  it('a refused notification is given up, unless only the session is over', async () => {
    const [domain] = fleet(1);
    if (domain === undefined) throw new Error('no domain');
    const bench = await NotifyBench.open({ domains: [domain], notify });
    bench.master.refusal = new AgentxError('Notify', ResponseError.notOpen);
    bench.lifecycle(domain, events.stopped, 1);
    await vi.advanceTimersByTimeAsync(500);
    bench.master.refusal = undefined;
    await vi.advanceTimersByTimeAsync(500);
    expect(bench.takeNames()).toEqual(['lveDomainStateChange']);
    bench.master.refusal = new AgentxError('Notify', ResponseError.processingError);
    bench.lifecycle(domain, events.started, 0);
    await vi.advanceTimersByTimeAsync(500);
    bench.master.refusal = undefined;
    await vi.advanceTimersByTimeAsync(3000);
    expect(bench.take()).toEqual([]);
    expect(bench.store.current.notify.suppressed).toBe(1);
    expect(bench.log.held).toEqual([]);
  });
});
