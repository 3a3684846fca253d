import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freeUdpPort } from '../lab/free-port.ts';
import { repositoryPath } from '../lab/mib-path.ts';
import { run } from '../lab/process.ts';
import { randomEngineId, type Snmpd, startSnmpd } from '../lab/snmpd.ts';
import { type Snmptrapd, startSnmptrapd } from '../lab/snmptrapd.ts';

const example = readFileSync(`${repositoryPath}/snmpd.conf.example`, 'utf8');
const sysUpTime = '1.3.6.1.2.1.1.3.0';
const sysLocation = '1.3.6.1.2.1.1.6.0';
const lveNotifyEnable = '1.3.6.1.4.1.8072.9999.9999.16514.1.14.1.0';
const passwords = {
  authProtocol: 'SHA-256',
  authPassword: 'change-this-authentication',
  privacyPassword: 'change-this-encryption',
} as const;
const user = { name: 'monitor', ...passwords };
const operator = { name: 'operator', ...passwords };
const mebibyte = 1024 * 1024;

/** The example as shipped, but for what a test cannot have: its fixed port, /var/agentx, and a group that is not here. */
function shipped(): string {
  return example
    .replace(/^agentAddress .*$/m, '')
    .replace(/^agentXSocket .*$/m, '')
    .replace(/^(agentXPerms .*) libvirt-agentx$/m, '$1 daemon');
}

/** The example with its sinks aimed at the test's receiver, and with what is commented out switched on. */
function switchedOn(sinkAddress: string, engineId: string, receiverEngineId: string): string {
  return shipped()
    .replace(/^#(?=(informsink|trapsess|exactEngineID|trapsink|createUser|authuser) )/gm, '')
    .replaceAll('127.0.0.1:162', sinkAddress)
    .replace(/^exactEngineID .*$/m, `exactEngineID ${engineId}`)
    .replace(/^(trapsess -Ci .*) -e \S+ /m, `$1 -e ${receiverEngineId} `);
}

/** Lines in effect. */
const effective = example.split('\n').filter((line) => line !== '' && !line.startsWith('#'));

/** Most memory that the process ever had in use. */
function peakBytes(pid: number): number {
  const kibibytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kibibytes) * 1024;
}

describe('snmpd.conf.example with everything switched on', () => {
  let snmpd: Snmpd;
  let trapd: Snmptrapd;
  beforeAll(async () => {
    const engineId = randomEngineId();
    const receiverEngineId = randomEngineId();
    trapd = await startSnmptrapd({ users: [user], senderEngineIds: [engineId], engineId: receiverEngineId });
    snmpd = await startSnmpd({ config: switchedOn(trapd.address, engineId, receiverEngineId) });
  });
  afterAll(async () => {
    await snmpd?.stop();
    await trapd?.stop();
  });

  it('has no line that snmpd does not understand', () => {
    expect(snmpd.log()).not.toMatch(/warning|error|unknown|can't identify/i);
  });

  it('answers its SNMPv3 user', async () => {
    expect((await snmpd.get(sysUpTime, { user }))[0]?.type).toBe('Timeticks');
  });

  it('refuses SNMPv3 without encryption', async () => {
    const { name, authProtocol, authPassword } = user;
    await expect(snmpd.get(sysUpTime, { user: { name, authProtocol, authPassword } })).rejects.toThrow(
      /authorizationError|access/i,
    );
  });

  it('lets its operator write what libvirt-agentx serves, and no object of the host', async () => {
    expect((await snmpd.get(sysUpTime, { user: operator }))[0]?.type).toBe('Timeticks');
    await expect(snmpd.set(sysLocation, 's', 'elsewhere', { user: operator })).rejects.toThrow(
      'Reason: noAccess',
    );
    // No agent is connected here: that it gets as far as being looked for is what counts.
    await expect(snmpd.set(lveNotifyEnable, 'i', '1', { user: operator })).rejects.toThrow(
      /Reason: (notWritable|noCreation)/,
    );
    await expect(snmpd.set(lveNotifyEnable, 'i', '1', { user })).rejects.toThrow('Reason: noAccess');
  });

  it('notifies every kind of receiver', async () => {
    const seen = (kind: string, version: string) =>
      trapd.waitFor((notification) => notification.kind === kind && notification.version === version);
    await seen('trap-v1', '1');
    await seen('trap-v2', '2c');
    await seen('trap-v2', '3');
    await seen('inform', '2c');
    expect((await seen('inform', '3')).trapOid).toBe('1.3.6.1.6.3.1.1.5.1');
  });
});

describe('snmpd.conf.example as shipped', () => {
  let snmpd: Snmpd;
  beforeAll(async () => {
    snmpd = await startSnmpd({ config: shipped() });
    // Should snmpd ever take what a request asks for, the test shall fail and not the host.
    await run('prlimit', ['--pid', String(snmpd.pid()), `--as=${2048 * mebibyte}`]);
  });
  afterAll(() => snmpd?.stop());

  it('lets nobody in from elsewhere', () => {
    expect(effective.filter((line) => /^agentaddress/i.test(line))).toEqual([
      'agentAddress udp:127.0.0.1:161',
    ]);
    expect(
      effective.filter((line) => /^(createUser|r[ow]community6?|com2sec6?|r[ow]user) /.test(line)),
    ).toEqual(['rouser monitor priv -V libvirt', 'rocommunity public 127.0.0.1 -V libvirt']);
  });

  it('answers SNMPv2c from loopback, and shows nothing beyond its view', async () => {
    expect((await snmpd.get(sysUpTime))[0]?.type).toBe('Timeticks');
    expect(await snmpd.walk('1.3.6.1.2.1.2')).toEqual([]);
    expect(await snmpd.walk('1.3.6.1.2.1.1.9')).not.toEqual([]);
  });

  it('refuses to be written to', async () => {
    await expect(snmpd.set(sysLocation, 's', 'elsewhere')).rejects.toThrow('Reason: noAccess');
  });

  // Without limits snmpd makes room for each repetition first: 19 gigabytes for one request.
  it.each([1, 2, 40])('survives a GETBULK for 2^31-1 repetitions of %i objects', async (objects) => {
    const before = peakBytes(snmpd.pid());
    const oids = Array.from({ length: objects }, () => '1.3.6.1.2.1.1');
    const { stdout, code } = await snmpd.tool(
      'snmpbulkget',
      ['-m', '', '-On', '-Cn0', `-Cr${2 ** 31 - 1}`],
      oids,
    );
    expect(code).toBe(0);
    expect(stdout.split('\n').length).toBeGreaterThan(objects);
    expect(peakBytes(snmpd.pid()) - before).toBeLessThan(64 * mebibyte);
    expect((await snmpd.get(sysUpTime))[0]?.type).toBe('Timeticks');
  });
});

describe('a receiver that is silent', () => {
  it.each(['trap2sink', 'informsink', 'trapsess'])(
    'does not keep snmpd from answering (%s)',
    async (sink) => {
      const mute = createSocket('udp4').bind(await freeUdpPort(), '127.0.0.1');
      await once(mute, 'listening');
      const address = `127.0.0.1:${mute.address().port}`;
      const sinks = switchedOn(address, randomEngineId(), randomEngineId())
        .split('\n')
        .filter((line) => !/^(trapsess|informsink|trap2?sink) /.test(line) || line.startsWith(`${sink} `));
      // Each request with a wrong community is a notification to send.
      const snmpd = await startSnmpd({ config: [...sinks, 'authtrapenable 1'].join('\n') });
      const received = once(mute, 'message');
      try {
        const strange = { community: 'wrong', timeoutSec: 0.05, retries: 0 };
        for (let nth = 0; nth < 3; nth++) await snmpd.get(sysUpTime, strange).catch(() => undefined);
        await received;
        // One request, not sent again: it would be answered late, or never, by a snmpd that waits for its receiver.
        expect((await snmpd.get(sysUpTime, { timeoutSec: 4, retries: 0 }))[0]?.type).toBe('Timeticks');
      } finally {
        await snmpd.stop();
        mute.close();
      }
    },
  );
});
