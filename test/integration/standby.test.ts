import { expect, it } from 'vitest';
import { definitions } from '../../src/mib/definitions.ts';
import { modules } from '../../src/mib/objects.gen.ts';
import { startAgent } from '../lab/agent.ts';
import { biosGuest } from '../lab/domain-xml.ts';
import { startLibvirtd } from '../lab/libvirtd.ts';
import { startSnmpd } from '../lab/snmpd.ts';
import { startSnmptrapd } from '../lab/snmptrapd.ts';
import { delay, waitUntil } from '../lab/wait.ts';
import { nameNotification } from '../support/named-notification.ts';

const upTime = [...modules['LIBVIRT-EXT-MIB'].root, ...definitions.lveAgentUpTime.oid, 0].join('.');

it('of two agents the one that answers speaks, and the standby when it answers', async () => {
  await using libvirtd = await startLibvirtd();
  await using trapd = await startSnmptrapd();
  await using snmpd = await startSnmpd({ trapSinks: [{ kind: 'v2c', address: trapd.address }] });
  const name = 'shared';
  await libvirtd.run(biosGuest({ name, type: libvirtd.domainType }));
  const start = (agentx: Readonly<Record<string, number | boolean>>) =>
    startAgent({
      uri: libvirtd.uriReadOnly,
      agentxAddress: snmpd.agentxAddress,
      config: { agentx, notifications: { holdoff: 0, modules: 'LIBVIRT-EXT-MIB' } },
    });
  const answered = async (): Promise<number> => {
    const [uptime] = await snmpd.get(upTime);
    if (uptime?.type !== 'Timeticks') throw new Error(`no uptime but ${uptime?.type}`);
    return Number(uptime.value);
  };
  const first = await start({});
  await waitUntil(answered, { what: 'the first agent to answer', context: () => first.stderr() });
  await using standby = await start({ priority: 200, standby: true });
  await standby.waitForLog('session with the AgentX master opened');
  await delay(3000);

  const states = (): unknown[] =>
    trapd.received().flatMap((received) => nameNotification(received).values['lveDomStateText'] ?? []);
  await answered();
  await libvirtd.virsh('suspend', name);
  await waitUntil(() => states().length >= 1, { what: 'the notification' });
  await delay(2000);
  expect(states()).toEqual(['paused (user)']);

  await first.stop();
  await waitUntil(answered, { what: 'the standby to answer', context: () => standby.stderr() });
  // It says once a second that it is asked.
  await delay(2500);
  await libvirtd.virsh('resume', name);
  await waitUntil(() => states().length >= 2, { what: 'the notification', context: () => standby.stderr() });
  await delay(1000);
  expect(states()).toEqual(['paused (user)', 'running (unpaused)']);
});
