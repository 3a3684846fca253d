import { chmod, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { definitions } from '../../src/mib/definitions.ts';
import { modules } from '../../src/mib/objects.gen.ts';
import { type Agent, startAgent } from '../lab/agent.ts';
import { biosGuest } from '../lab/domain-xml.ts';
import { type LabDirectory, makeLabDirectory } from '../lab/lab-directory.ts';
import { type Libvirtd, startLibvirtd } from '../lab/libvirtd.ts';
import { type Snmpd, startSnmpd } from '../lab/snmpd.ts';
import { type Snmptrapd, startSnmptrapd } from '../lab/snmptrapd.ts';
import { delay, waitUntil } from '../lab/wait.ts';
import { heldNotifications } from '../support/held-notifications.ts';
import { type NamedNotification, nameNotification } from '../support/named-notification.ts';

const refreshCount = [...modules['LIBVIRT-EXT-MIB'].root, ...definitions.lveRefreshCount.oid, 0].join('.');
/** Where snmpd runs a script for each request. */
const slowOid = '1.3.6.1.4.1.8072.9999.9999.777';
const name = 'patient';

describe('a master that is late', () => {
  let libvirtd: Libvirtd;
  let directory: LabDirectory;
  let trapd: Snmptrapd;
  let snmpd: Snmpd;
  let agent: Agent;

  const start = async (): Promise<Agent> => {
    const started = await startAgent({
      uri: libvirtd.uriReadOnly,
      agentxAddress: snmpd.agentxAddress,
      stateDirectory: directory.directory('state'),
      config: { notifications: { holdoff: 0, max_per_minute: 0, bulk: false } },
    });
    await waitUntil(async () => Number((await snmpd.get(refreshCount))[0]?.value) > 0, {
      what: 'the first refresh',
      context: () => started.stderr(),
    });
    return started;
  };

  beforeAll(async () => {
    libvirtd = await startLibvirtd();
    directory = await makeLabDirectory();
    trapd = await startSnmptrapd();
    const script = directory.file('slow.sh');
    await writeFile(script, '#!/bin/sh\nsleep 14\necho "$2"\necho integer\necho 1\n');
    await chmod(script, 0o755);
    snmpd = await startSnmpd({
      trapSinks: [{ kind: 'v2c', address: trapd.address }],
      extraConfig: `pass .${slowOid} ${script}`,
    });
    await libvirtd.run(biosGuest({ name, type: libvirtd.domainType }));
    agent = await start();
  });

  afterAll(async () => {
    await agent?.stop();
    await snmpd?.stop();
    await trapd?.stop();
    await libvirtd?.stop();
    await directory?.remove();
  });

  const changes = (since: number): NamedNotification[] =>
    trapd
      .received()
      .slice(since)
      .map(nameNotification)
      .filter((trap) => trap.name === 'lveDomainStateChange' || /^vm[A-Z]/.test(trap.name));
  const states = (since: number): unknown[] =>
    changes(since)
      .map((trap) => String(trap.values['lveDomStateText'] ?? trap.name))
      // Where it has moved on when libvirt is asked, nobody knows the reason.
      .map((text) => text.replace(' (user)', ''));

  const rounds = 12;
  const suspendAndResume = async (): Promise<void> => {
    for (let round = 0; round < rounds; round += 1) {
      await libvirtd.virsh('suspend', name);
      await libvirtd.virsh('resume', name);
    }
  };
  const told = Array.from({ length: rounds }, () => [
    'vmPaused',
    'paused',
    'vmRunning',
    'running (unpaused)',
  ]).flat();

  /** Everything came once, in order, and nothing comes after it. */
  const expectOnce = async (since: number): Promise<void> => {
    await waitUntil(() => states(since).length >= told.length, {
      what: 'all notifications',
      timeoutMs: 60_000,
      context: () => `${JSON.stringify(states(since))}\n${agent.stderr()}`,
    });
    // Longer than the agent once waited before it sent again what was not answered.
    await delay(7000);
    expect(states(since)).toEqual(told);
    expect(agent.stderr()).not.toContain('no session with the AgentX master');
  };

  it('since a script of its keeps it busy for 14 s gets each notification once, in order', async () => {
    const since = trapd.received().length;
    const busy = snmpd.get(slowOid, { timeoutSec: 30 }).catch(() => undefined);
    await delay(500);
    await suspendAndResume();
    await busy;
    await expectOnce(since);
  });

  it('since it is stopped for longer than a Ping takes gets each notification once, in order', async () => {
    const since = trapd.received().length;
    snmpd.signal('SIGSTOP');
    await suspendAndResume();
    // The configuration is read again meanwhile, which must not send anything a second time.
    const reloaded = agent.nextLog('configuration reloaded');
    agent.signal('SIGHUP');
    await reloaded;
    await delay(22_000);
    snmpd.signal('SIGCONT');
    await expectOnce(since);
  });

  it.each([
    ['stopped', () => agent.stop()],
    ['killed', () => agent.kill()],
  ])(
    'is told by an agent that is %s and started again what it was not told, marked as late',
    async (_how, end) => {
      const since = trapd.received().length;
      const lost = agent.nextLog('no session with the AgentX master');
      snmpd.signal('SIGTERM');
      await lost;
      await libvirtd.virsh('suspend', name);
      const state = directory.directory('state');
      await waitUntil(async () => (await heldNotifications(state)) === 2, {
        what: 'the notifications to be on disk',
      });
      await end();
      await libvirtd.virsh('resume', name);
      await snmpd.restart();
      agent = await start();
      await waitUntil(() => states(since).length >= 4, {
        what: 'all notifications',
        context: () => agent.stderr(),
      });
      expect(states(since)).toEqual(['vmPaused', 'paused', 'vmRunning', 'running (unpaused)']);
      const delays = changes(since).map(({ values }) => values['lveNotifyDelay']);
      for (const late of delays.slice(0, 2)) expect(late).toBeGreaterThan(0);
      // All is settled: the next start has nothing to tell.
      await waitUntil(async () => (await heldNotifications(state)) === 0, { what: 'the log to forget them' });
    },
  );
});
