import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { programPath } from '../lab/agent.ts';
import { makeLabDirectory } from '../lab/lab-directory.ts';
import { runAnyway } from '../lab/process.ts';
import { type Snmpd, startSnmpd } from '../lab/snmpd.ts';
import { type ReceivedNotification, type Snmptrapd, startSnmptrapd } from '../lab/snmptrapd.ts';
import { oidOf } from '../support/served-walk.ts';

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

it('refuses a text that the receiver would see a part of, and sends one that just fits', async () => {
  const fits = 'ä'.repeat(512);
  expect((await notifyTest(snmpd.agentxAddress, '--text', fits)).code).toBe(0);
  const long = await notifyTest(snmpd.agentxAddress, '--text', `${fits}!`);
  expect(long).toMatchObject({ code: 64, stdout: '' });
  expect(long.stderr).toContain('--text has 1025 octets, and lveNotifyTestText holds 1024: nothing was sent');
  const ofTest = ({ trapOid, kind }: ReceivedNotification) =>
    trapOid === `${root}.0.11` && kind === 'trap-v2';
  const textOf = ({ varBinds }: ReceivedNotification) =>
    varBinds.find(({ oid }) => oid === `${root}.1.14.11.0`)?.value;
  await receiver.waitFor((one) => ofTest(one) && textOf(one) === fits);
  expect(
    receiver
      .received()
      .filter((one) => ofTest(one) && textOf(one)?.startsWith('ää'))
      .map(textOf),
  ).toEqual([fits]);
});

it('comes as from one of several hypervisors', async () => {
  await using directory = await makeLabDirectory();
  const path = directory.file('several.toml');
  await writeFile(
    path,
    ['one', 'two'].map((name) => `[[hypervisors]]\nname = "${name}"\nuri = "test:///default"\n`).join('\n'),
  );
  for (const [more, name] of [
    [[], 'one'],
    [['--hypervisor', 'two'], 'two'],
  ] as const) {
    const text = `as from ${name}`;
    const result = await notifyTest(snmpd.agentxAddress, '--config', path, '--text', text, ...more);
    expect(result.stdout).toContain(`snmpd has taken lveNotificationTest in context ${name}: ${text}`);
    const trap = await receiver.waitFor(
      ({ kind, varBinds }) => kind === 'inform' && varBinds.some(({ value }) => value === text),
    );
    expect(trap.varBinds.at(-1)).toMatchObject({ oid: oidOf('lveNotifyHypervisor', 0), value: name });
    expect(trap.pdu).toMatch(new RegExp(`context ${name}$`));
  }
  const unknown = await notifyTest(snmpd.agentxAddress, '--config', path, '--hypervisor', 'three');
  expect(unknown).toMatchObject({ code: 64, stderr: expect.stringContaining('there is no such hypervisor') });
});
