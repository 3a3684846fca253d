import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Agent, startAgent } from '../lab/agent.ts';
import { biosGuest } from '../lab/domain-xml.ts';
import { type Libvirtd, startLibvirtd } from '../lab/libvirtd.ts';
import { repositoryPath } from '../lab/mib-path.ts';
import { type Snmpd, startSnmpd } from '../lab/snmpd.ts';
import { waitUntil } from '../lab/wait.ts';
import { oidOf } from '../support/served-walk.ts';
import { type SnmpExporter, startSnmpExporter } from './snmp-exporter.ts';

// Two hypervisors behind one snmpd, and snmp_exporter as docs/hypervisors.md has it: contexts by SNMPv3, and by community.

const snmpdConfig = `
view libvirt included .1.3.6.1.2.1.236
view libvirt included .1.3.6.1.4.1.8072.9999.9999.16514
createUser monitor SHA "change-this-authentication" AES "change-this-encryption"
rouser monitor priv -V libvirt *
rocommunity community-b default -V libvirt rack1-b
`;

let libvirtd: Libvirtd;
let snmpd: Snmpd;
let agent: Agent;

beforeAll(async () => {
  libvirtd = await startLibvirtd();
  snmpd = await startSnmpd({ extraConfig: snmpdConfig });
  await libvirtd.run(biosGuest({ name: 'on-a', type: libvirtd.domainType }));
  agent = await startAgent({
    agentxAddress: snmpd.agentxAddress,
    config: {
      hypervisors: [
        { name: 'rack1-a', uri: `qemu+unix:///system?socket=${libvirtd.socketReadOnly}` },
        { name: 'rack1-b', uri: `test+unix:///default?socket=${libvirtd.socketReadOnly}` },
      ],
    },
  });
  const asked = { community: 'community-b', timeoutSec: 2, retries: 1 };
  await waitUntil(
    async () => (await snmpd.bulkwalk(oidOf('lveDomName'), asked)).some(({ value }) => value === 'test'),
    { what: 'the second hypervisor', timeoutMs: 60_000, context: () => agent.stderr() },
  );
}, 120_000);

afterAll(async () => {
  await agent?.stop();
  await snmpd?.stop();
  await libvirtd?.stop();
});

/** Names of the domains in a scrape. */
function domainsIn(text: string): ReadonlySet<string> {
  return new Set(
    [...text.matchAll(/^libvirt_domain_up\{[^}]*\bdomain="([^"]*)"/gm)].map(([, name = '']) => name),
  );
}

/** The blocks of YAML in the document that are for a version of snmp_exporter, in their order. */
function documented(marker: RegExp): string {
  const text = readFileSync(`${repositoryPath}/docs/hypervisors.md`, 'utf8');
  const blocks = [...text.matchAll(/^```.*\n([\s\S]*?)^```/gm)].map(([, block = '']) => block);
  const found = blocks.find((block) => marker.test(block));
  if (found === undefined) throw new Error(`docs/hypervisors.md has no block with ${String(marker)}`);
  return found;
}

describe('snmp_exporter 0.28', () => {
  let exporter: SnmpExporter;

  beforeAll(async () => {
    exporter = await startSnmpExporter('0.28', { more: documented(/^auths:/m) });
  }, 300_000);

  afterAll(() => exporter?.stop());

  it('asks in the context of the auth', async () => {
    const text = await exporter.scrape('libvirt', snmpd.address, { auth: 'rack1_b' });
    expect(domainsIn(text)).toEqual(new Set(['test']));
  });

  it('asks in the context of the URL, with one auth for all', async () => {
    const inContext = async (context: string): Promise<ReadonlySet<string>> =>
      domainsIn(
        await exporter.scrape('libvirt', snmpd.address, { auth: 'libvirt_v3', snmp_context: context }),
      );
    expect(await inContext('rack1-a')).toEqual(new Set(['on-a']));
    expect(await inContext('rack1-b')).toEqual(new Set(['test']));
  });

  it('asks in the context of a community', async () => {
    const text = await exporter.scrape('libvirt', snmpd.address, { auth: 'rack1_b_v2' });
    expect(domainsIn(text)).toEqual(new Set(['test']));
  });
});

describe('snmp_exporter 0.21', () => {
  let exporter: SnmpExporter;

  beforeAll(async () => {
    exporter = await startSnmpExporter('0.21', { script: documented(/snmp-0\.21\.yml/) });
  }, 300_000);

  afterAll(() => exporter?.stop());

  it('asks in the context of the module', async () => {
    const text = await exporter.scrape('rack1_b', snmpd.address);
    expect(domainsIn(text)).toEqual(new Set(['test']));
  });
});
