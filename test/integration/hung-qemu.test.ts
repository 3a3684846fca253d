import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Agent, startAgent } from '../lab/agent.ts';
import { biosGuest } from '../lab/domain-xml.ts';
import { makeRestlessImage } from '../lab/image.ts';
import { type Libvirtd, startLibvirtd } from '../lab/libvirtd.ts';
import { run } from '../lab/process.ts';
import { type Snmpd, startSnmpd } from '../lab/snmpd.ts';
import { delay, waitUntil } from '../lab/wait.ts';
import { readServed, type ServedWalk, walkServed } from '../support/served-walk.ts';
import { parseLines } from '../support/virsh-text.ts';

const names = ['one', 'two', 'three', 'four', 'five', 'six'] as const;
const ok = '1';
const blocked = '3';
const stale = '4';
const occupied = '3';
/** `libvirt.max_unanswered_calls`, by default. */
const cap = 3;
/** Statistics of a healthy domain are never older, with an interval of one second; a hung one's are after a while. */
const freshSec = 8;

let libvirtd: Libvirtd;
let snmpd: Snmpd;
let agent: Agent;
const index = new Map<string, number>();
const stopped = new Set<number>();

beforeAll(async () => {
  [libvirtd, snmpd] = await Promise.all([startLibvirtd(), startSnmpd()]);
  for (const name of names) {
    await libvirtd.run(
      biosGuest({
        name,
        type: libvirtd.domainType,
        disks: [{ path: await makeRestlessImage(`${libvirtd.imagesPath}/${name}.raw`) }],
        nics: [{}],
      }),
    );
  }
  agent = await startAgent({
    uri: libvirtd.uriReadOnly,
    agentxAddress: snmpd.agentxAddress,
    // Every source there is, each due as often as can be.
    config: {
      collect: { extra_stats: ['all'] },
      intervals: {
        pinning: 1,
        disk_errors: 1,
        jobs: 1,
        snapshots: 5,
        tuning: 5,
        inventory: 5,
        pools: 5,
        networks: 5,
        host: 5,
      },
    },
  });
  await waitUntil(
    async () => {
      const walk = await walkServed(snmpd);
      for (const name of names) index.set(name, walk.indexOf('lveDomName', name));
      return names.every((name) => reads(walk, name) > 0n);
    },
    { what: 'guests that read', timeoutMs: 60_000, intervalMs: 250, context: () => agent.stderr() },
  );
});

afterEach(() => {
  for (const pid of stopped) process.kill(pid, 'SIGCONT');
  stopped.clear();
});

afterAll(async () => {
  await agent?.stop();
  await snmpd?.stop();
  await libvirtd?.stop();
});

const indexOf = (name: string) => index.get(name) ?? 0;
const reads = (walk: ServedWalk, name: string) =>
  BigInt(walk.value('vmStorageReadIOs', indexOf(name), 1) ?? 0);
const status = (walk: ServedWalk, name: string) => walk.value('lveDomStatsStatus', indexOf(name));
const control = (walk: ServedWalk, name: string) => walk.value('lveDomControlState', indexOf(name));
const age = (walk: ServedWalk, name: string) => Number(walk.value('lveDomStatsAge', indexOf(name)));

function untilWalk(what: string, condition: (walk: ServedWalk) => boolean): Promise<ServedWalk> {
  return waitUntil(
    async () => {
      const walk = await walkServed(snmpd);
      return condition(walk) ? walk : undefined;
    },
    { what, timeoutMs: 40_000, intervalMs: 250, context: () => agent.stderr() },
  );
}

async function hang(...hung: readonly string[]): Promise<void> {
  for (const name of hung) {
    const pid = await libvirtd.qemuPid(name);
    stopped.add(pid);
    process.kill(pid, 'SIGSTOP');
  }
}

function untilHeld(...hung: readonly string[]): Promise<ServedWalk> {
  return untilWalk(`${hung.join(', ')} to be blocked and occupied`, (walk) =>
    hung.every((name) => status(walk, name) === blocked && control(walk, name) === occupied),
  );
}

/** Lets everything run again and waits until nothing is left of it. */
async function heal(): Promise<ServedWalk> {
  for (const pid of stopped) process.kill(pid, 'SIGCONT');
  stopped.clear();
  const healed = await untilWalk('every domain to be well', (walk) =>
    names.every(
      (name) => status(walk, name) === ok && control(walk, name) === ok && age(walk, name) <= freshSec,
    ),
  );
  await untilWalk('every counter to move', (walk) =>
    names.every((name) => reads(walk, name) > reads(healed, name)),
  );
  await waitUntil(async () => (await busyWorkers()) === 0, { what: 'idle workers in libvirtd' });
  return healed;
}

/** Workers of the daemon that are occupied by a call at this moment: what libvirtd itself says. */
async function busyNow(): Promise<number> {
  const uri = `libvirtd:///system?socket=${libvirtd.directory.file('sock', 'libvirt-admin-sock')}`;
  const pool = parseLines(await run('virt-admin', ['-c', uri, 'srv-threadpool-info', 'libvirtd']));
  return Number(pool.get('nWorkers')) - Number(pool.get('freeWorkers'));
}

/** The same, of three looks the least: a worker counts as busy for a moment more after its answer was read. */
async function busyWorkers(): Promise<number> {
  return Math.min(await busyNow(), await busyNow(), await busyNow());
}

/**
 * Another read-only client asks about healthy domains. Were the workers of the daemon occupied, it would wait until the
 * processes go on, which is after the end of the test: then this rejects.
 */
async function askAsAnother(...healthy: readonly string[]): Promise<void> {
  const uri = libvirtd.uriReadOnly;
  await run('virsh', ['-r', '-q', '-c', uri, 'list', '--all']);
  for (const name of healthy) {
    await run('virsh', ['-r', '-q', '-c', uri, 'domstats', '--nowait', name]);
    await run('virsh', ['-r', '-q', '-c', uri, 'dumpxml', name]);
  }
}

/** Every source becomes due within this time. */
const allDueMs = 6500;

/** The most workers of the daemon that were busy at a time while every source became due. */
async function busiestWhileAllDue(): Promise<number> {
  const end = performance.now() + allDueMs;
  let busiest = 0;
  while (performance.now() < end) busiest = Math.max(busiest, await busyWorkers());
  return busiest;
}

/** Watches for a number of refreshes that the healthy domains stay fresh and the daemon keeps its workers. */
async function watch(healthy: readonly string[], seconds: number): Promise<void> {
  const before = await walkServed(snmpd);
  const end = Date.now() + seconds * 1000;
  let busiest = 0;
  while (Date.now() < end) {
    busiest = Math.max(busiest, await busyWorkers());
    const walk = await walkServed(snmpd);
    for (const name of healthy) {
      expect([name, status(walk, name), age(walk, name) <= freshSec]).toEqual([name, ok, true]);
    }
    await delay(250);
  }
  expect(busiest).toBeLessThanOrEqual(cap);
  const after = await walkServed(snmpd);
  for (const name of healthy) expect([name, reads(after, name) > reads(before, name)]).toEqual([name, true]);
}

describe.sequential('with QEMU processes that do not answer', () => {
  it('one: it is shown as blocked, the others stay fresh, and another client is answered', async () => {
    const healthy = names.filter((name) => name !== 'two');
    await hang('two');
    const held = await untilHeld('two');
    expect(await readServed(snmpd, 'lveDomState', indexOf('two'))).toBe('1');
    expect(await readServed(snmpd, 'lveDomainsBlocked', 0)).toBe('1');
    await untilWalk('the others to be well', (walk) => healthy.every((name) => status(walk, name) === ok));
    await watch(healthy, 6);
    // Once for each of the agent's sources would be too much already.
    await askAsAnother('one', 'six');
    const later = await walkServed(snmpd);
    expect(age(later, 'two')).toBeGreaterThan(age(held, 'two'));
    expect(reads(later, 'two')).toBe(reads(held, 'two'));
    await heal();
  });

  it('two at once: the same', async () => {
    const healthy = names.filter((name) => name !== 'one' && name !== 'four');
    await hang('one', 'four');
    await untilHeld('one', 'four');
    await untilWalk('the others to be well', (walk) => healthy.every((name) => status(walk, name) === ok));
    await watch(healthy, 4);
    await heal();
  });

  it('as many as the cap: no further call may block, but states stay true', async () => {
    await hang('two', 'three', 'six');
    const fromTheStart = await busiestWhileAllDue();
    await untilHeld('two', 'three', 'six');
    await untilWalk('the others to be shown as not refreshed', (walk) =>
      ['one', 'four', 'five'].every((name) => status(walk, name) === stale && control(walk, name) === ok),
    );
    expect(await readServed(snmpd, 'lveDomainsBlocked', 0)).toBe('3');
    // A busy machine may not come to all of them in the first of the two times.
    expect(Math.max(fromTheStart, await busiestWhileAllDue())).toBe(cap);
    await askAsAnother('one', 'five');
    await libvirtd.virsh('suspend', 'one');
    await untilWalk('the new state', (walk) => walk.value('lveDomState', indexOf('one')) === '3');
    await libvirtd.virsh('resume', 'one');
    await untilWalk('the old state', (walk) => walk.value('lveDomState', indexOf('one')) === '1');
    await heal();
  });

  it('all of them: no more calls than the cap ever wait for them', async () => {
    await hang(...names);
    const fromTheStart = await busiestWhileAllDue();
    expect(Math.max(fromTheStart, await busiestWhileAllDue())).toBe(cap);
    await askAsAnother();
    await heal();
  });

  it('is alive to the end without having lost a connection', async () => {
    expect(await readServed(snmpd, 'lveConnReconnects', 0)).toBe('0');
    expect(agent.stderr()).not.toMatch(/"level":"error"/);
  });
});
