import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Agent, startAgent } from '../lab/agent.ts';
import { biosGuest } from '../lab/domain-xml.ts';
import { type Libvirtd, startLibvirtd } from '../lab/libvirtd.ts';
import { type Snmpd, startSnmpd } from '../lab/snmpd.ts';
import { waitUntil } from '../lab/wait.ts';
import { readServed, type ServedWalk, walkServed } from '../support/served-walk.ts';

const connected = '2';
const notResponding = '5';
const ok = '1';
const stale = '4';

let libvirtd: Libvirtd;
let snmpd: Snmpd;
let agent: Agent;

beforeAll(async () => {
  [libvirtd, snmpd] = await Promise.all([startLibvirtd(), startSnmpd()]);
  await libvirtd.run(biosGuest({ name: 'one', type: libvirtd.domainType }));
  agent = await startAgent({ uri: libvirtd.uriReadOnly, agentxAddress: snmpd.agentxAddress });
});

afterAll(async () => {
  libvirtd?.signal('SIGCONT');
  await agent?.stop();
  await snmpd?.stop();
  await libvirtd?.stop();
});

function untilWalk(what: string, condition: (walk: ServedWalk) => boolean): Promise<ServedWalk> {
  return waitUntil(
    async () => {
      const walk = await walkServed(snmpd);
      return condition(walk) ? walk : undefined;
    },
    { what, timeoutMs: 40_000, intervalMs: 250, context: () => agent.stderr() },
  );
}

const status = (walk: ServedWalk): string | undefined =>
  walk.value('lveDomStatsStatus', walk.indexOf('lveDomName', 'one') ?? 0);

it('a libvirtd that hangs is not responding, its figures are stale, and nothing is opened anew', async () => {
  await untilWalk('statistics', (walk) => status(walk) === ok && walk.value('lveConnState', 0) === connected);
  libvirtd.signal('SIGSTOP');
  await untilWalk(
    'that libvirt does not respond',
    (walk) => walk.value('lveConnState', 0) === notResponding && status(walk) === stale,
  );
  libvirtd.signal('SIGCONT');
  await untilWalk(
    'that it responds again',
    (walk) => walk.value('lveConnState', 0) === connected && status(walk) === ok,
  );
  expect(await readServed(snmpd, 'lveConnReconnects', 0)).toBe('0');
});
