import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AgentxError, ResponseError } from '../../../src/agentx/errors.ts';
import type { Domain } from '../../../src/model/domain.ts';
import { virtualMachineList } from '../../../src/notify/bulk-window.ts';
import { SAMPLE_NOW, sampleDomain } from '../../support/sample-snapshot.ts';
import { lifecycleEvents as events, NotifyBench } from './notify-bench.ts';

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

describe('while the master is away', () => {
  const notify = { bulk: false, perVm: false, holdoffSec: 0, maxPerMinute: 0 };

  /** Every domain has stopped, and nobody takes the notifications of it. */
  async function withoutMaster(domains: readonly Domain[]): Promise<NotifyBench> {
    const bench = await NotifyBench.open({ domains, notify });
    bench.centre.onMasterState(false);
    bench.masterAway = true;
    for (const domain of domains) bench.lifecycle(domain, events.stopped, 1);
    return bench;
  }

  it('notifications wait and leave in their order', async () => {
    const domains = fleet(40);
    const bench = await withoutMaster(domains);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(bench.take()).toEqual([]);
    expect(bench.entries.some((entry) => entry.notified)).toBe(false);
    expect(bench.centre.refersTo(40)).toBe(true);
    bench.masterAway = false;
    bench.centre.onMasterState(true);
    await vi.advanceTimersByTimeAsync(100);
    expect(bench.take().map(({ values }) => values['lveDomName'])).toEqual(
      domains.map(({ facts }) => facts.name),
    );
    expect(bench.entries.every((entry) => entry.notified)).toBe(true);
  });

  it('those under way when it left are sent again, in their order', async () => {
    const domains = fleet(40);
    const bench = await NotifyBench.open({ domains, notify });
    bench.masterAway = true;
    for (const domain of domains) bench.lifecycle(domain, events.stopped, 1);
    await vi.advanceTimersByTimeAsync(10);
    bench.centre.onMasterState(false);
    bench.masterAway = false;
    await vi.advanceTimersByTimeAsync(5000);
    expect(bench.take()).toEqual([]);
    bench.centre.onMasterState(true);
    await vi.advanceTimersByTimeAsync(0);
    expect(bench.take().map(({ values }) => values['lveDomName'])).toEqual(
      domains.map(({ facts }) => facts.name),
    );
  });

  it('they are handed over when the configuration is reloaded', async () => {
    const domains = fleet(40);
    const bench = await withoutMaster(domains);
    const unsent = await bench.centre.close();
    expect(unsent.map(({ domainIndexes }) => domainIndexes)).toEqual(domains.map(({ index }) => [index]));
    const { indexes, log } = bench;
    const after = await NotifyBench.open({ notify, indexes, log, unsent, started: false });
    await vi.advanceTimersByTimeAsync(100);
    expect(after.takeNames()).toEqual(domains.map(() => 'lveDomainStateChange'));
    expect(after.entries.every((entry) => entry.notified)).toBe(true);
    expect(await after.centre.close()).toEqual([]);
  });

  it('those under way are handed over as well', async () => {
    const [domain] = fleet(1);
    if (domain === undefined) throw new Error('no domain');
    const bench = await NotifyBench.open({ domains: [domain], notify });
    bench.answers = false;
    bench.lifecycle(domain, events.stopped, 1);
    const closing = bench.centre.close();
    await vi.advanceTimersByTimeAsync(1000);
    expect(await closing).toHaveLength(1);
  });

  it('the oldest are dropped when there are too many, and counted', async () => {
    const domains = fleet(30);
    const bench = await NotifyBench.open({ domains, notify: { ...notify, queueLimit: 10 } });
    bench.centre.onMasterState(false);
    for (const domain of domains) bench.lifecycle(domain, events.stopped, 1);
    await vi.advanceTimersByTimeAsync(100);
    expect(bench.store.current.notify).toMatchObject({ sent: 0, suppressed: 20 });
    bench.centre.onMasterState(true);
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
    bench.refusal = new AgentxError('Notify', ResponseError.notOpen);
    bench.lifecycle(domain, events.stopped, 1);
    await vi.advanceTimersByTimeAsync(500);
    bench.refusal = undefined;
    await vi.advanceTimersByTimeAsync(500);
    expect(bench.takeNames()).toEqual(['lveDomainStateChange']);
    bench.refusal = new AgentxError('Notify', ResponseError.processingError);
    bench.lifecycle(domain, events.started, 0);
    await vi.advanceTimersByTimeAsync(500);
    bench.refusal = undefined;
    await vi.advanceTimersByTimeAsync(3000);
    expect(bench.take()).toEqual([]);
    expect(bench.store.current.notify.suppressed).toBe(1);
  });

  it('a failure without word from the session is followed by another try', async () => {
    const [domain] = fleet(1);
    if (domain === undefined) throw new Error('no domain');
    const bench = await NotifyBench.open({ domains: [domain], notify });
    bench.masterAway = true;
    bench.lifecycle(domain, events.stopped, 1);
    await vi.advanceTimersByTimeAsync(500);
    bench.masterAway = false;
    await vi.advanceTimersByTimeAsync(500);
    expect(bench.takeNames()).toEqual(['lveDomainStateChange']);
  });
});
