import { afterAll, beforeAll, expect, it } from 'vitest';
import { programPath } from '../lab/agent.ts';
import { runAnyway } from '../lab/process.ts';
import { type Snmpd, startSnmpd } from '../lab/snmpd.ts';
import { type Snmptrapd, startSnmptrapd } from '../lab/snmptrapd.ts';

const root = '1.3.6.1.4.1.8072.9999.9999.16514';
const user = { name: 'lab', authPassword: 'authentication', privacyPassword: 'confidential' } as const;

let receiver: Snmptrapd;
let snmpd: Snmpd;

beforeAll(async () => {
  receiver = await startSnmptrapd({ users: [user] });
  snmpd = await startSnmpd({
    trapSinks: [
      { kind: 'v1', address: receiver.address },
      { kind: 'v2c', address: receiver.address },
      { kind: 'v3-inform', address: receiver.address, user },
    ],
    // Not the way to 1.3.6.1.6.3, where snmpd says whom it sends to.
    extraConfig: 'view narrow included .1.3.6.1.2.1.1\nrocommunity narrow 127.0.0.1 -V narrow',
  });
});

afterAll(async () => {
  await snmpd?.stop();
  await receiver?.stop();
});

function notifyTest(master: string, ...more: readonly string[]) {
  const args = ['notify-test', '--config', '/dev/null', '--agentx', master, ...more];
  return runAnyway(process.execPath, [programPath, ...args]);
}

it('arrives at each receiver, by a name of its own and with the text, and no agent runs', async () => {
  const text = 'is this thing on? käse';
  const result = await notifyTest(snmpd.agentxAddress, '--text', text, '--snmp', snmpd.address);
  for (const kind of ['trap-v1', 'trap-v2', 'inform'] as const) {
    // snmpd sends some of its own.
    const arrived = await receiver.waitFor((one) => one.kind === kind && one.trapOid === `${root}.0.11`);
    const sent = arrived.varBinds.find(({ oid }) => oid === `${root}.1.14.11.0`);
    expect(sent?.value).toBe(text);
  }
  expect(result.stdout).toContain(`snmpd has taken lveNotificationTest: ${text}\n`);
  const to = receiver.address;
  expect(result.stdout).toContain(`snmpd sends trap to ${to}, trap to ${to}, inform to ${to};`);
  expect(result.code).toBe(0);
});

it('says that snmpd has nobody to send to, where it may see that', async () => {
  await using lonely = await startSnmpd();
  const result = await notifyTest(lonely.agentxAddress, '--snmp', lonely.address);
  expect(result.stdout).toMatch(/^warn notifications: snmpd has no receiver\. To do: trap2sink HOST/m);
  expect(result.code).toBe(69);
  const hidden = await notifyTest(snmpd.agentxAddress, '--snmp', snmpd.address, '--community', 'narrow');
  expect(hidden.stdout).toContain('whom snmpd sends to is hidden from this community or user');
  expect(hidden.code).toBe(0);
});

it('says why snmpd cannot be reached', async () => {
  await using stopped = await startSnmpd();
  await stopped.kill();
  const result = await notifyTest(stopped.agentxAddress);
  expect(result.stdout).toMatch(/^fail agentx: .*ECONNREFUSED.* To do: Start snmpd/);
  expect(result.code).toBe(69);
});

it('says why the snmpd that should tell of its receivers cannot be asked, and that the rest was done', async () => {
  const to = snmpd.agentxAddress;
  const stranger = await notifyTest(to, '--snmp', snmpd.address, '--community', 'stranger');
  expect(stranger.stdout).toMatch(/^ok .*snmpd has taken lveNotificationTest/m);
  expect(stranger.stdout).toMatch(/^fail snmp: .* answers, but not this community\. To do: rocommunity/m);
  expect(stranger.code).toBe(69);
  const unknown = await notifyTest(to, '--snmp', 'host.invalid');
  expect(unknown.stdout).toMatch(/^fail snmp: host\.invalid: .*\. To do: Compare it with DNS/m);
  expect(unknown.code).toBe(69);
});
