import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { repositoryPath } from '../lab/mib-path.ts';
import { randomEngineId, type Snmpd, startSnmpd } from '../lab/snmpd.ts';
import { type Snmptrapd, startSnmptrapd } from '../lab/snmptrapd.ts';

const example = readFileSync(`${repositoryPath}/snmpd.conf.example`, 'utf8');
const sysUpTime = '1.3.6.1.2.1.1.3.0';
const user = {
  name: 'monitor',
  authPassword: 'change-this-authentication',
  privacyPassword: 'change-this-encryption',
} as const;

/** The example with its sinks aimed at the test's receiver, and with what is commented out switched on. */
function exampleFor(sinkAddress: string, engineId: string): string {
  return example
    .replace(/^#(?=(informsink|trapsess|exactEngineID|trapsink) )/gm, '')
    .replaceAll('127.0.0.1:162', sinkAddress)
    .replace(/^exactEngineID .*$/m, `exactEngineID ${engineId}`)
    .replace(/^agentXSocket .*$/m, '');
}

describe('snmpd.conf.example', () => {
  let snmpd: Snmpd;
  let trapd: Snmptrapd;
  beforeAll(async () => {
    const engineId = randomEngineId();
    trapd = await startSnmptrapd({ users: [user], senderEngineIds: [engineId] });
    snmpd = await startSnmpd({ config: exampleFor(trapd.address, engineId) });
  });
  afterAll(async () => {
    await snmpd.stop();
    await trapd.stop();
  });

  it('has no line that snmpd does not understand', () => {
    expect(snmpd.log()).not.toMatch(/warning|error|unknown/i);
  });

  it('answers its SNMPv3 user', async () => {
    expect((await snmpd.get(sysUpTime, { user }))[0]?.type).toBe('Timeticks');
  });

  it('refuses SNMPv3 without encryption', async () => {
    const { name, authPassword } = user;
    await expect(snmpd.get(sysUpTime, { user: { name, authPassword } })).rejects.toThrow(
      /authorizationError|access/i,
    );
  });

  it('answers SNMPv2c from loopback, and shows nothing beyond its view', async () => {
    expect((await snmpd.get(sysUpTime))[0]?.type).toBe('Timeticks');
    expect(await snmpd.walk('1.3.6.1.2.1.2')).toEqual([]);
    expect(await snmpd.walk('1.3.6.1.2.1.1.9')).not.toEqual([]);
  });

  it('refuses to be written to', async () => {
    await expect(snmpd.set('1.3.6.1.2.1.1.6.0', 's', 'elsewhere')).rejects.toThrow('Reason: noAccess');
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
