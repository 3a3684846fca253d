import { expect, it } from 'vitest';
import { definitions } from '../../src/mib/definitions.ts';
import { modules } from '../../src/mib/objects.gen.ts';
import { startAgent } from '../lab/agent.ts';
import { startLibvirtd } from '../lab/libvirtd.ts';
import { startSnmpd } from '../lab/snmpd.ts';
import { waitUntil } from '../lab/wait.ts';

const instance = (name: keyof typeof definitions): string => {
  const { module, oid } = definitions[name];
  return [...modules[module].root, ...oid, 0].join('.');
};
const counts = ['lveDomainsActive', 'lveDomainsFailure', 'lveDomainsFailureText', 'vmNumber'] as const;

it('an agent that has not seen the domains yet counts none of them, and says how long it has not', async () => {
  await using snmpd = await startSnmpd();
  await using libvirtd = await startLibvirtd();
  await libvirtd.stopDaemon();
  await using agent = await startAgent({ uri: libvirtd.uriReadOnly, agentxAddress: snmpd.agentxAddress });
  const types = async (): Promise<string[]> =>
    (await snmpd.get(counts.map(instance))).map(({ type }) => type);
  const age = async () => (await snmpd.get(instance('lveRefreshAge')))[0];
  await waitUntil(async () => Number((await age())?.value) > 0, {
    what: 'an age',
    context: () => agent.stderr(),
  });
  expect(await types()).toEqual(counts.map(() => 'noSuchInstance'));
  await libvirtd.startDaemon();
  await waitUntil(async () => (await types()).every((type) => type !== 'noSuchInstance'), {
    what: 'the first refresh',
    timeoutMs: 60_000,
    context: () => agent.stderr(),
  });
  expect((await snmpd.get(instance('lveDomainsFailure')))[0]).toMatchObject({ type: 'Gauge32', value: '0' });
});
