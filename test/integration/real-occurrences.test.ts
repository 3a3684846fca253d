import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { definitions } from '../../src/mib/definitions.ts';
import { modules } from '../../src/mib/objects.gen.ts';
import { type Agent, type ConfigSection, startAgent } from '../lab/agent.ts';
import { linuxGuest } from '../lab/domain-xml.ts';
import { waitForGuestAgent } from '../lab/guest-agent.ts';
import { makeGuestImage } from '../lab/guest-image.ts';
import { type Libvirtd, startLibvirtd } from '../lab/libvirtd.ts';
import { joinNodes } from '../lab/migration.ts';
import { startEndlessJob } from '../lab/provoke.ts';
import { type Snmpd, startSnmpd } from '../lab/snmpd.ts';
import { type Snmptrapd, startSnmptrapd } from '../lab/snmptrapd.ts';
import { delay, waitUntil } from '../lab/wait.ts';
import { type NamedNotification, nameNotification } from '../support/named-notification.ts';

const oidOf = (name: keyof typeof definitions): string => {
  const { module, oid } = definitions[name];
  return [...modules[module].root, ...oid].join('.');
};

/** A node, its snmpd and what its agent tells. */
class Watched {
  readonly libvirtd: Libvirtd;
  readonly snmpd: Snmpd;
  readonly trapd: Snmptrapd;
  readonly agent: Agent;

  private constructor(libvirtd: Libvirtd, snmpd: Snmpd, trapd: Snmptrapd, agent: Agent) {
    this.libvirtd = libvirtd;
    this.snmpd = snmpd;
    this.trapd = trapd;
    this.agent = agent;
  }

  static async start(config: ConfigSection = {}): Promise<Watched> {
    const libvirtd = await startLibvirtd();
    const trapd = await startSnmptrapd();
    const snmpd = await startSnmpd({ trapSinks: [{ kind: 'v2c', address: trapd.address }] });
    const agent = await startAgent({
      uri: libvirtd.uri,
      agentxAddress: snmpd.agentxAddress,
      config: { notifications: { holdoff: 0, max_per_minute: 0, bulk: false }, ...config },
    });
    const watched = new Watched(libvirtd, snmpd, trapd, agent);
    await waitUntil(async () => Number((await watched.get('lveRefreshCount', 0))?.value) > 0, {
      what: 'the first refresh',
      context: () => agent.stderr(),
    });
    return watched;
  }

  async get(name: keyof typeof definitions, index: number) {
    return (await this.snmpd.get(`${oidOf(name)}.${index}`))[0];
  }

  /** Since a mark. */
  told(since: number): NamedNotification[] {
    return this.trapd.received().slice(since).map(nameNotification);
  }

  texts(since: number): unknown[] {
    return this.told(since).flatMap(({ values }) => values['lveDomStateText'] ?? []);
  }

  get mark(): number {
    return this.trapd.received().length;
  }

  async stop(): Promise<void> {
    await this.agent.stop();
    await this.snmpd.stop();
    await this.trapd.stop();
    await this.libvirtd.stop();
  }
}

describe('what really happens', () => {
  let here: Watched;
  const name = 'linux';

  const boot = async (): Promise<void> => {
    await here.libvirtd.run(
      linuxGuest({
        ...(await makeGuestImage()),
        name,
        type: here.libvirtd.domainType,
        agentChannel: true,
        commandLine: 'lab.agent',
      }),
    );
    await waitForGuestAgent(here.libvirtd, name);
  };

  beforeAll(async () => {
    here = await Watched.start({
      libvirt: { read_write: true },
      collect: { interval: 1, extra_stats: ['default', 'guest'] },
      intervals: { guest_agent: 5 },
    });
    await boot();
  });

  afterAll(() => here?.stop());

  it('an aborted save is told with its reason, before and after', async () => {
    const since = here.mark;
    const job = await startEndlessJob(here.libvirtd, name, 'save');
    await waitUntil(() => here.texts(since).length >= 1, { what: 'the pause' });
    await job.abort();
    await waitUntil(() => here.texts(since).length >= 2, { what: 'the end of the pause' });
    expect(here.texts(since)).toEqual(['paused (save)', 'running (save cancelled)']);
  });

  it('a storage pool is told with its sizes, and with none that could be one where they are not known', async () => {
    const { libvirtd } = here;
    const path = libvirtd.directory.directory('images', 'pool');
    await libvirtd.virsh('pool-define-as', 'images', 'dir', '--target', path);
    await waitUntil(async () => (await here.snmpd.walk(oidOf('lvePoolName'))).length > 0, {
      what: 'the pool',
      timeoutMs: 90_000,
    });
    const since = here.mark;
    const pools = (): NamedNotification[] =>
      here.told(since).filter((trap) => trap.name === 'lvePoolStateChange');
    await libvirtd.virsh('pool-start', 'images');
    await waitUntil(() => pools().length >= 1, { what: 'the start' });
    await waitUntil(async () => Number((await here.snmpd.walk(oidOf('lvePoolCapacity')))[0]?.value) > 0, {
      what: 'its sizes',
    });
    await libvirtd.virsh('pool-destroy', 'images');
    await waitUntil(() => pools().length >= 2, { what: 'the end' });
    await delay(3000);
    expect(pools().map(({ values }) => [values['lvePoolState'], values['lvePoolCapacity']])).toEqual([
      ['running', Number(2n ** 64n - 1n)],
      ['inactive', 0],
    ]);
    // Receivers tell the objects apart by their positions.
    for (const { values } of pools()) {
      expect(Object.keys(values).slice(0, 4)).toEqual([
        'lvePoolName',
        'lvePoolState',
        'lvePoolAvailable',
        'lvePoolCapacity',
      ]);
    }
  });

  it('a migration that is aborted fails nobody, at its source or at its target', async () => {
    const there = await Watched.start();
    try {
      const pair = await joinNodes(here.libvirtd, there.libvirtd);
      const [sinceHere, sinceThere] = [here.mark, there.mark];
      const ended = pair.migrate(name, here.libvirtd, there.libvirtd, '--bandwidth', '1').then(
        () => 'arrived',
        () => 'aborted',
      );
      await waitUntil(() => there.texts(sinceThere).length >= 1, {
        what: 'the migration to begin at its target',
        context: () => there.agent.stderr(),
      });
      await waitUntil(async () => !(await here.libvirtd.virsh('domjobinfo', name)).includes('None'), {
        what: 'the job',
      });
      await here.libvirtd.virsh('domjobabort', name);
      expect(await ended).toBe('aborted');
      await waitUntil(() => there.told(sinceThere).some((trap) => trap.name === 'vmDeleted'), {
        what: 'the end at its target',
        context: () => JSON.stringify(there.told(sinceThere), undefined, 1),
      });
      await delay(2000);
      expect(there.texts(sinceThere)).toEqual(['paused (migration)', 'shut off']);
      const told = [...here.told(sinceHere), ...there.told(sinceThere)];
      expect(told.filter((trap) => trap.name === 'vmCrashed' || trap.name === 'vmRunning')).toEqual([]);
      expect(told.filter(({ values }) => values['lveDomSeverity'] === 'failure')).toEqual([]);
      expect((await here.get('lveDomState', 1))?.value).toBe('1');
    } finally {
      await there.stop();
    }
  });

  it('a libvirtd that hangs says nothing of the guest agents, before or after', async () => {
    await waitUntil(async () => Number((await here.get('lveGuestInfoAge', 1))?.value) >= 0, {
      what: 'the agent to be asked',
      context: () => here.agent.stderr(),
    });
    const since = here.mark;
    const pid = here.libvirtd.pid();
    process.kill(pid, 'SIGSTOP');
    // Longer than an agent is waited for, and than the time between two questions.
    await delay(16_000);
    process.kill(pid, 'SIGCONT');
    await waitUntil(async () => Number((await here.get('lveRefreshAge', 0))?.value) <= 1, {
      what: 'a refresh',
      context: () => here.agent.stderr(),
    });
    await delay(6000);
    expect(here.told(since).filter((trap) => trap.name === 'lveDomainGuestAgentChange')).toEqual([]);
    expect((await here.get('lveGuestAgentState', 1))?.value).toBe('2');
  });

  it('a guest that suspends itself has no agent, says its trap and says the table', async () => {
    await waitUntil(async () => Number((await here.get('lveGuestInfoAge', 1))?.value) >= 0, {
      what: 'the agent to be asked',
      context: () => here.agent.stderr(),
    });
    const since = here.mark;
    await here.libvirtd.virsh('dompmsuspend', name, 'mem');
    await waitUntil(() => here.texts(since).includes('suspended by the guest'), { what: 'the suspension' });
    const told = await waitUntil(
      () => here.told(since).find((trap) => trap.name === 'lveDomainGuestAgentChange'),
      { what: 'the end of the agent', context: () => JSON.stringify(here.told(since)) },
    );
    const number = definitions.lveGuestAgentState.labels?.[String(told.values['lveGuestAgentState'])];
    await waitUntil(async () => (await here.get('lveGuestAgentState', 1))?.value === String(number), {
      what: `the table to say ${String(told.values['lveGuestAgentState'])}`,
    });
    await delay(3000);
    expect((await here.get('lveGuestAgentState', 1))?.value).toBe(String(number));
  });
});
