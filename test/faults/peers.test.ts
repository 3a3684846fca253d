import { existsSync, renameSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Agent, type AgentOptions, startAgent } from '../lab/agent.ts';
import { biosGuest } from '../lab/domain-xml.ts';
import { freeTcpPort } from '../lab/free-port.ts';
import { type LabDirectory, makeLabDirectory } from '../lab/lab-directory.ts';
import { type Libvirtd, startLibvirtd } from '../lab/libvirtd.ts';
import { run } from '../lab/process.ts';
import { type Snmpd, startSnmpd } from '../lab/snmpd.ts';
import { type Snmptrapd, startSnmptrapd } from '../lab/snmptrapd.ts';
import { delay, waitUntil } from '../lab/wait.ts';
import { type NamedNotification, nameNotification } from '../support/named-notification.ts';
import { readServed, type ServedWalk, walkServed } from '../support/served-walk.ts';

// What peers do to the agent, and what a manager sees meanwhile and afterwards. Everything is real.

/** lveConnState */
const connected = '2';
const disconnected = '3';
const notResponding = '5';
/** lveDomStatsStatus */
const ok = '1';

/** Peers hang for so long. */
const hangMs = 30_000;

const names = ['web', 'db', 'batch'] as const;

let directory: LabDirectory;
let libvirtd: Libvirtd;
let traps: Snmptrapd;
let snmpd: Snmpd;
let agent: Agent;
/** Of QEMU, noted while libvirtd can be asked. */
let batchPid: number;
/** Numbers before any fault. */
let numbers: readonly number[];

beforeAll(async () => {
  directory = await makeLabDirectory();
  [libvirtd, traps] = await Promise.all([startLibvirtd(), startSnmptrapd()]);
  snmpd = await startSnmpd({ trapSinks: [{ kind: 'v2c', address: traps.address }] });
  for (const name of names) await libvirtd.run(biosGuest({ name, type: libvirtd.domainType }));
  batchPid = await libvirtd.qemuPid('batch');
  agent = await start();
  numbers = await untilWhole();
});

afterEach(async () => {
  // Whatever has happened, the same agent serves the same rows.
  expect(await untilWhole()).toEqual(numbers);
});

afterAll(async () => {
  libvirtd?.signal('SIGCONT');
  await agent?.stop();
  await snmpd?.stop();
  await traps?.stop();
  await libvirtd?.stop();
  await directory?.remove();
});

function start(options: Partial<AgentOptions> = {}): Promise<Agent> {
  return startAgent({
    uri: libvirtd.uriReadOnly,
    agentxAddress: snmpd.agentxAddress,
    ...options,
    config: { notifications: { holdoff: 0, max_per_minute: 0, bulk: false }, ...options.config },
  });
}

function untilWalk(
  what: string,
  condition: (walk: ServedWalk) => boolean,
  from = snmpd,
): Promise<ServedWalk> {
  return waitUntil(
    async () => {
      const walk = await walkServed(from);
      return condition(walk) ? walk : undefined;
    },
    { what, timeoutMs: 120_000, intervalMs: 250, context: () => agent.stderr().slice(-4000) },
  );
}

const index = (walk: ServedWalk, name: string): number => walk.indexOf('lveDomName', name);
const indexes = (walk: ServedWalk): readonly number[] => names.map((name) => index(walk, name));

/** Waits until libvirt is connected and the figures of all domains are fresh; their numbers. */
async function untilWhole(): Promise<readonly number[]> {
  const walk = await untilWalk('everything', (found) => {
    const present = found.column('lveDomName');
    const fresh = (name: string): boolean => found.value('lveDomStatsStatus', index(found, name)) === ok;
    return (
      found.value('lveConnState', 0) === connected &&
      names.every((name) => [...present.values()].includes(name) && fresh(name))
    );
  });
  return indexes(walk);
}

/** Notifications since a moment. */
function since(count: number): readonly NamedNotification[] {
  return traps.received().slice(count).map(nameNotification);
}

const received = (): number => traps.received().length;

function untilTold(
  count: number,
  name: string,
  values: Readonly<Record<string, unknown>> = {},
): Promise<NamedNotification> {
  return waitUntil(
    () =>
      since(count).find(
        (one) =>
          one.name === name && Object.entries(values).every(([key, value]) => one.values[key] === value),
      ),
    {
      what: `${name} ${JSON.stringify(values)}`,
      timeoutMs: 120_000,
      context: () => JSON.stringify(since(count), undefined, 1),
    },
  );
}

/** How often it was told that a domain came to this state. */
const timesTold = (count: number, domain: string, state: string): number =>
  since(count).filter(
    ({ name, values }) =>
      name === 'lveDomainStateChange' && values['lveDomName'] === domain && values['lveDomState'] === state,
  ).length;

const age = async (): Promise<number> => Number(await readServed(snmpd, 'lveRefreshAge', 0));

describe.sequential('libvirtd', () => {
  it('that is killed leaves the last values with their age, and is told of, once each way', async () => {
    const before = received();
    await libvirtd.stopDaemon('SIGKILL');
    await untilTold(before, 'lveConnectionChange', { lveConnState: 'disconnected' });
    const away = await untilWalk('growing ages', (walk) => {
      return walk.value('lveConnState', 0) === disconnected && Number(walk.value('lveRefreshAge', 0)) >= 3;
    });
    expect(indexes(away)).toEqual(numbers);
    for (const number of numbers) {
      expect(away.value('lveDomStatsStatus', number)).not.toBe(ok);
      expect(Number(away.value('lveDomStatsAge', number))).toBeGreaterThanOrEqual(2);
    }
    await libvirtd.startDaemon();
    await untilTold(before, 'lveConnectionChange', { lveConnState: 'connected' });
    await untilWhole();
    const told = since(before).filter(({ name }) => name === 'lveConnectionChange');
    expect(told.map(({ values }) => values['lveConnState'])).toEqual(['disconnected', 'connected']);
    for (const name of names) expect(timesTold(before, name, 'running')).toBe(0);
  });

  it('that restarts ten times in a row is followed each time', async () => {
    for (let round = 0; round < 10; round++) {
      await libvirtd.restart();
      if (round % 3 === 0) await untilWhole();
    }
    expect(await untilWhole()).toEqual(numbers);
  });

  it(`that hangs for ${hangMs / 1000} s is not responding, and what happened meanwhile is told once`, async () => {
    const before = received();
    libvirtd.signal('SIGSTOP');
    // The guest changes its state while nobody can be asked: its process is ended.
    process.kill(batchPid, 'SIGKILL');
    await untilWalk('no response', (walk) => walk.value('lveConnState', 0) === notResponding);
    const early = await age();
    await delay(hangMs);
    const late = await age();
    expect(late).toBeGreaterThan(early);
    expect(indexes(await walkServed(snmpd))).toEqual(numbers);
    libvirtd.signal('SIGCONT');
    await untilTold(before, 'lveDomainStateChange', { lveDomName: 'batch' });
    await untilWalk(
      'the domain to be off',
      (walk) => walk.value('lveDomState', index(walk, 'batch')) === '5',
    );
    await libvirtd.start('batch');
    await untilTold(before, 'lveDomainStateChange', { lveDomName: 'batch', lveDomState: 'running' });
    await untilWhole();
    expect(timesTold(before, 'batch', 'running')).toBe(1);
  });

  it('whose socket is replaced by nothing, and comes back, is found again', async () => {
    const aside = `${libvirtd.socketReadOnly}.aside`;
    renameSync(libvirtd.socketReadOnly, aside);
    await libvirtd.stopDaemon('SIGKILL');
    await untilWalk('no connection', (walk) => walk.value('lveConnState', 0) === disconnected);
    await libvirtd.startDaemon();
    await untilWhole();
    expect(existsSync(libvirtd.socketReadOnly)).toBe(true);
  });
});

describe.sequential('snmpd', () => {
  it('that is killed is served again when it is back, and what happened meanwhile is told once', async () => {
    const before = received();
    await snmpd.kill();
    await libvirtd.virsh('suspend', 'web');
    await delay(3000);
    await snmpd.restart();
    await untilTold(before, 'lveDomainStateChange', { lveDomName: 'web', lveDomState: 'paused' });
    await untilWhole();
    expect(timesTold(before, 'web', 'paused')).toBe(1);
    await libvirtd.virsh('resume', 'web');
    await untilTold(before, 'lveDomainStateChange', { lveDomName: 'web', lveDomState: 'running' });
  });

  it(`that hangs for ${hangMs / 1000} s is served again, and what happened meanwhile is told once`, async () => {
    const before = received();
    snmpd.signal('SIGSTOP');
    await libvirtd.virsh('suspend', 'web');
    await libvirtd.virsh('resume', 'web');
    await libvirtd.virsh('suspend', 'web');
    await delay(hangMs);
    snmpd.signal('SIGCONT');
    await untilTold(before, 'lveDomainStateChange', { lveDomName: 'web', lveDomState: 'paused' });
    const walk = await untilWalk(
      'the state',
      (found) => found.value('lveDomState', index(found, 'web')) === '3',
    );
    expect(indexes(walk)).toEqual(numbers);
    await libvirtd.virsh('resume', 'web');
    await untilTold(before, 'lveDomainStateChange', { lveDomName: 'web', lveDomState: 'running' });
  });

  it('that restarts twenty times in a row is followed', async () => {
    for (let round = 0; round < 20; round++) await snmpd.restart();
    expect(await untilWhole()).toEqual(numbers);
    expect(agent.logLines().filter(({ level }) => level === 'error')).toEqual([]);
  });
});

describe.sequential('the host', () => {
  it('that has no descriptors left costs what needs one, and the log says what to do', async () => {
    // What is open stays open, and nothing else can be opened.
    await run('prlimit', [`--pid=${agent.pid}`, '--nofile=10:4096']);
    await libvirtd.restart();
    await waitUntil(() => /EMFILE.*LimitNOFILE/.test(agent.stderr()), {
      what: 'a line about descriptors',
      timeoutMs: 60_000,
      context: () => agent.stderr().slice(-2000),
    });
    expect(indexes(await walkServed(snmpd))).toEqual(numbers);
    await run('prlimit', [`--pid=${agent.pid}`, '--nofile=1024:4096']);
    await untilWhole();
  });

  it('that has the agent read its configuration a hundred times ends with the newest state, nothing told twice', async () => {
    const before = received();
    const rounds = 20;
    for (let round = 0; round < rounds; round++) {
      for (let nth = 0; nth < 5; nth++) agent.signal('SIGHUP');
      await libvirtd.virsh(round % 2 === 0 ? 'suspend' : 'resume', 'db');
      await delay(50);
    }
    await untilWhole();
    const log = await untilWalk('the last state', (walk) => {
      return walk.value('lveDomState', index(walk, 'db')) === '1';
    });
    expect(indexes(log)).toEqual(numbers);
    // What begins and ends while libvirt is being connected to anew is seen by nobody; the last state is.
    for (const state of ['paused', 'running']) {
      expect(timesTold(before, 'db', state)).toBeLessThanOrEqual(rounds / 2);
    }
    const after = received();
    await libvirtd.virsh('suspend', 'db');
    await untilTold(after, 'lveDomainStateChange', { lveDomName: 'db', lveDomState: 'paused' });
    await libvirtd.virsh('resume', 'db');
    await untilTold(after, 'lveDomainStateChange', { lveDomName: 'db', lveDomState: 'running' });
    expect(timesTold(after, 'db', 'paused')).toBe(1);
    const sequence = [...log.column('lveEventText').keys()].map(Number);
    expect(new Set(sequence).size).toBe(sequence.length);
  });

  it('that stops the agent for 30 s in a reload finds it again as it was', async () => {
    const before = received();
    // In the middle of a reload: no time limit of it may have passed.
    agent.signal('SIGHUP');
    await delay(20);
    agent.signal('SIGSTOP');
    await libvirtd.virsh('suspend', 'db');
    await libvirtd.virsh('resume', 'db');
    await delay(hangMs);
    agent.signal('SIGCONT');
    await untilWhole();
    expect(timesTold(before, 'db', 'paused')).toBeLessThanOrEqual(1);
  });
});

describe.sequential('another agent', () => {
  it('with the same state directory ends and says which process has it', async () => {
    const second = await start({ stateDirectory: agent.stateDirectory });
    const { code } = await second.exited;
    expect(code).toBe(78);
    expect(second.stderr()).toContain(`in use by process ${agent.pid}`);
    expect(second.stderr()).toContain(`Stop process ${agent.pid}, or give this agent`);
    await second.stop();
  });

  it('at the same snmpd takes nothing away, and serves once the first one is gone', async () => {
    await using second = await start({ config: { agentx: { priority: 200 } } });
    await second.waitForLog('session with the AgentX master opened');
    expect(await untilWhole()).toEqual(numbers);
    const { stateDirectory } = agent;
    await run('cp', ['-a', stateDirectory, directory.file('kept')]);
    await agent.kill();
    await untilWhole();
    agent = await start({ stateDirectory: directory.file('kept') });
    await agent.waitForLog('session with the AgentX master opened');
  });

  it('that listens where the agent wants to serve HTTP costs HTTP only, and the agent gets it later', async () => {
    const port = await freeTcpPort();
    const config = { http: { address: `127.0.0.1:${port}` } };
    await using first = await start({ config, agentxAddress: 'unix:/nowhere/at/all' });
    await waitUntil(async () => (await fetch(`http://127.0.0.1:${port}/healthz`)).ok, { what: 'the first' });
    await using second = await start({ config, agentxAddress: 'unix:/nowhere/at/all' });
    await second.waitForLog('EADDRINUSE');
    await first.stop();
    await waitUntil(async () => (await fetch(`http://127.0.0.1:${port}/healthz`)).ok, {
      what: 'the second',
      timeoutMs: 120_000,
      context: () => second.stderr().slice(-2000),
    });
  });
});
