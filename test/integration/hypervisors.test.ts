import { readFileSync, writeFileSync } from 'node:fs';
import { parse, stringify } from 'smol-toml';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Finding } from '../../src/check/finding.ts';
import type { CheckReport } from '../../src/check/report.ts';
import { checkSnmp } from '../../src/check/snmp.ts';
import { snmpTarget } from '../../src/check/snmp-options.ts';
import { programVersion } from '../../src/cli/version.ts';
import { hypervisorConfigs } from '../../src/config/hypervisor-configs.ts';
import { loadConfig } from '../../src/config/load.ts';
import { type Agent, programPath, startAgent } from '../lab/agent.ts';
import { biosGuest } from '../lab/domain-xml.ts';
import { type Libvirtd, startLibvirtd } from '../lab/libvirtd.ts';
import { runAnyway } from '../lab/process.ts';
import type { SnmpRequestOptions } from '../lab/snmp-client.ts';
import { randomEngineId, type Snmpd, startSnmpd } from '../lab/snmpd.ts';
import { type Snmptrapd, startSnmptrapd } from '../lab/snmptrapd.ts';
import { waitUntil } from '../lab/wait.ts';
import { contextUserConfig, inContext, contextUser as user } from '../support/context-user.ts';
import { oidOf, walkServed } from '../support/served-walk.ts';

// Two private libvirtds with a guest each and the test driver of one of them, behind one agent and one snmpd.

/** As docs/hypervisors.md has it. */
const snmpdConfig = `${contextUserConfig}
createUser writer SHA "authentication" AES "encryption"
rwuser writer priv -V all *
createUser limited SHA "authentication" AES "encryption"
rouser limited priv -V all two
createUser half SHA "authentication" AES "encryption"
view half included .1
view half excluded .1.3.6.1.2.1.236
rouser half priv -V all
rouser half priv -V all one
rouser half priv -V half two
com2sec -Cn one com-one default community-one
com2sec -Cn two com-two default community-two
group contexts v2c com-one
group contexts v2c com-two
access contexts "" v2c noauth prefix all none none
`;

const trapOid = (number: number): string => `${root}.0.${number}`;
const root = '1.3.6.1.4.1.8072.9999.9999.16514';
const sysOrDescr = '1.3.6.1.2.1.1.9.1.3';

let one: Libvirtd;
let two: Libvirtd;
let snmpd: Snmpd;
let trapd: Snmptrapd;
let agent: Agent;

const uriOf = ({ socketReadOnly }: Libvirtd): string => `qemu+unix:///system?socket=${socketReadOnly}`;
const testUri = (): string => `test+unix:///default?socket=${one.socketReadOnly}`;

beforeAll(async () => {
  const engineId = randomEngineId();
  [one, two, trapd] = await Promise.all([
    startLibvirtd(),
    startLibvirtd(),
    startSnmptrapd({ users: [user], senderEngineIds: [engineId] }),
  ]);
  snmpd = await startSnmpd({
    engineId,
    extraConfig: snmpdConfig,
    trapSinks: [{ kind: 'v3', address: trapd.address, user }],
  });
  await Promise.all([
    one.run(biosGuest({ name: 'on-one', type: one.domainType })),
    two.run(biosGuest({ name: 'on-two', type: two.domainType })),
  ]);
  agent = await startAgent({
    agentxAddress: snmpd.agentxAddress,
    config: {
      hypervisors: [
        { name: 'one', uri: uriOf(one) },
        { name: 'two', uri: uriOf(two), libvirt: { call_timeout: 2 } },
      ],
      notifications: { per_vm: false, bulk: false },
      http: { address: '127.0.0.1:0' },
    },
  });
  await namesIn(inContext('one'), ['on-one']);
  await namesIn(inContext('two'), ['on-two']);
}, 120_000);

afterAll(async () => {
  await agent?.stop();
  await Promise.all([snmpd?.stop(), trapd?.stop()]);
  await Promise.all([one?.stop(), two?.stop()]);
});

async function valueIn(
  options: SnmpRequestOptions,
  name: string,
  ...index: readonly number[]
): Promise<string | undefined> {
  const [varBind] = await snmpd.get(oidOf(name, ...index), options);
  return varBind === undefined || varBind.type.startsWith('noSuch') ? undefined : varBind.value;
}

const column = async (options: SnmpRequestOptions, name: string): Promise<readonly string[]> =>
  (await snmpd.bulkwalk(oidOf(name), options)).map(({ value }) => value);

/** Waits until these are the domains of a context. */
async function namesIn(options: SnmpRequestOptions, names: readonly string[]): Promise<void> {
  await waitUntil(async () => (await column(options, 'lveDomName')).join() === names.join(), {
    what: `the domains ${names.join()}`,
    timeoutMs: 60_000,
    context: () => agent.stderr(),
  });
}

/** Changes the configuration and has the agent read it. */
async function reload(
  change: (list: readonly Readonly<Record<string, string>>[]) => unknown[],
): Promise<void> {
  const config = parse(readFileSync(agent.configPath, 'utf8'));
  config['hypervisors'] = change(config['hypervisors'] as unknown as Record<string, string>[]) as never;
  writeFileSync(agent.configPath, stringify(config));
  const before = agent.logLines().filter(({ msg }) => msg === 'configuration reloaded').length;
  agent.signal('SIGHUP');
  await waitUntil(
    () => agent.logLines().filter(({ msg }) => msg === 'configuration reloaded').length > before,
    { what: 'the reload', timeoutMs: 60_000, context: () => agent.stderr() },
  );
}

describe('contexts', () => {
  it('hold a hypervisor each, the first one also the default context', async () => {
    const whole = await walkServed(snmpd, inContext('one'));
    const standard = await walkServed(snmpd);
    expect([...standard.column('lveDomName').values()]).toEqual(['on-one']);
    expect([...whole.column('lveDomName').values()]).toEqual(['on-one']);
    expect([...whole.column('vmName').values()]).toEqual(['on-one']);
    const second = await walkServed(snmpd, inContext('two'));
    expect([...second.column('vmName').values()]).toEqual(['on-two']);
    expect(second.value('lveConnUri', 0)).toBe(uriOf(two));
    for (const walk of [whole, standard, second]) expect(walk.increasing).toBe(true);
    // One agent for both: its version is in each.
    expect(second.value('lveAgentVersion', 0)).toBe(whole.value('lveAgentVersion', 0));
  });

  it('are reached by communities, and by users as far as their views go', async () => {
    const asked = { timeoutSec: 2, retries: 3 };
    expect(await column({ ...asked, community: 'community-one' }, 'lveDomName')).toEqual(['on-one']);
    expect(await column({ ...asked, community: 'community-two' }, 'lveDomName')).toEqual(['on-two']);
    const limited = { ...inContext('two'), user: { ...user, name: 'limited' } };
    expect(await column(limited, 'lveDomName')).toEqual(['on-two']);
    await expect(column({ ...limited, contextName: 'one' }, 'lveDomName')).rejects.toThrow(
      'authorizationError',
    );
    const unknown = { ...inContext('three'), timeoutSec: 1, retries: 0 };
    await expect(column(unknown, 'lveDomName')).rejects.toThrow('Timeout');
  });

  it('are listed in the default context alone, by a table and by sysORTable', async () => {
    const standard = await walkServed(snmpd);
    expect([...standard.column('lveHypervisorContext').values()]).toEqual(['one', 'two']);
    expect([...standard.column('lveHypervisorUri').values()]).toEqual([uriOf(one), uriOf(two)]);
    expect([...standard.column('lveHypervisorHostName').values()]).toEqual([one.hostname, two.hostname]);
    // Both are connected(2) and have one domain that runs.
    expect([...standard.column('lveHypervisorState').values()]).toEqual(['2', '2']);
    expect([...standard.column('lveHypervisorActive').values()]).toEqual(['1', '1']);
    expect([...standard.column('lveHypervisorDefault').values()]).toEqual(['1', '2']);
    expect((await walkServed(snmpd, inContext('one'))).column('lveHypervisorContext').size).toBe(0);
    const described = (await snmpd.walk(sysOrDescr)).map(({ value }) => value);
    expect(described.filter((text) => text.endsWith(': LIBVIRT-EXT-MIB of two in context two'))).toHaveLength(
      1,
    );
    expect(
      described.filter((text) => text.endsWith(': VM-MIB of one in the default context and context one')),
    ).toHaveLength(1);
  });

  it('have switches of their own', async () => {
    const writer = { ...inContext('two'), user: { ...user, name: 'writer' } };
    const enable = oidOf('lveNotifyEnable', 0);
    const vmSwitch = oidOf('vmPerVMNotificationsEnabled', 0);
    await snmpd.set(enable, 'i', '2', writer);
    await snmpd.set(vmSwitch, 'i', '1', writer);
    expect(await valueIn(inContext('two'), 'lveNotifyEnable', 0)).toBe('2');
    expect(await valueIn(inContext('one'), 'lveNotifyEnable', 0)).toBe('1');
    expect(await valueIn({}, 'lveNotifyEnable', 0)).toBe('1');
    expect(await valueIn(inContext('two'), 'vmPerVMNotificationsEnabled', 0)).toBe('1');
    expect(await valueIn(inContext('one'), 'vmPerVMNotificationsEnabled', 0)).toBe('2');
    await snmpd.set(enable, 'i', '1', writer);
    await snmpd.set(vmSwitch, 'i', '2', writer);
  });
});

describe('what happens', () => {
  it('is notified with the hypervisor, and logged for it and for all', async () => {
    await two.virsh('suspend', 'on-two');
    const name = oidOf('lveNotifyHypervisor', 0);
    const trap = await trapd.waitFor(
      ({ trapOid: oid, varBinds }) =>
        oid === trapOid(1) && varBinds.some((varBind) => varBind.oid === name && varBind.value === 'two'),
      60_000,
    );
    expect(trap.pdu).toMatch(/context two$/);
    // Behind all objects of the OBJECTS clause, so that receivers find these where they were.
    expect(trap.varBinds.slice(-2).map(({ oid, value }) => [oid, value])).toEqual([
      [name, 'two'],
      [oidOf('lveHostName', 0), two.hostname],
    ]);
    await one.virsh('suspend', 'on-one');
    const fleet = await waitUntil(
      async () => {
        const rows = await column({}, 'lveFleetEventHypervisor');
        return rows.includes('one') && rows.includes('two') ? rows : undefined;
      },
      { what: 'both in the log of all', timeoutMs: 60_000 },
    );
    expect(new Set(fleet)).toEqual(new Set(['one', 'two']));
    // Each has an image of its own, and that of all may be the first to show what happened.
    for (const each of ['two', 'one']) {
      const names = async (): Promise<string> =>
        [...new Set(await column(inContext(each), 'lveEventDomName'))].join();
      await waitUntil(async () => (await names()) === `on-${each}`, {
        what: `the events of ${each}, and of no other`,
        timeoutMs: 60_000,
      });
    }
    await Promise.all([one.virsh('resume', 'on-one'), two.virsh('resume', 'on-two')]);
  });

  it('is told over HTTP under the name of the hypervisor', async () => {
    const url = String(agent.logLines().find(({ msg }) => msg === 'HTTP is served')?.['url']);
    const text = async (path: string): Promise<string> => await (await fetch(`${url}${path}`)).text();
    await waitUntil(
      async () => {
        const metrics = await text('metrics');
        return (
          metrics.includes('libvirt_domain_up{domain="on-one",hypervisor="one"} 1') &&
          metrics.includes('libvirt_domain_up{domain="on-two",hypervisor="two"} 1')
        );
      },
      { what: 'both in the metrics', timeoutMs: 60_000 },
    );
    const { hypervisors } = JSON.parse(await text('api/v1/hypervisors')) as { hypervisors: object[] };
    expect(hypervisors).toMatchObject([
      { name: 'one', default: true, state: 'connected', active: 1 },
      { name: 'two', default: false, state: 'connected', active: 1 },
    ]);
    expect(JSON.parse(await text('api/v1/domains/on-two'))).toMatchObject({
      hypervisor: 'two',
      name: 'on-two',
    });
    expect(JSON.parse(await text('api/v1/domains?hypervisor=two'))).toMatchObject({
      hypervisor: 'two',
      domains: [{ name: 'on-two' }],
    });
  });
});

/** What `check` says, without what concerns the host of the test only. */
interface Checked {
  readonly code: number | undefined;
  readonly findings: readonly Finding[];
  /** `two snmp-view`; of no single hypervisor: ` snmp-view`. */
  readonly problems: readonly string[];
}

const asUser = (name: string): readonly string[] => [
  ...['--v3-user', name, '--v3-auth', `SHA:${user.authPassword}`, '--v3-priv', `AES:${user.privacyPassword}`],
];

function checkedOf(findings: readonly Finding[], code?: number): Checked {
  const told = findings.filter(
    ({ level, subject }) => level !== 'ok' && subject !== 'modules' && !subject.startsWith('collector '),
  );
  return {
    code,
    findings,
    problems: told.map(({ hypervisor = '', problem }) => `${hypervisor} ${problem}`),
  };
}

async function check(configPath: string, ...more: readonly string[]): Promise<Checked> {
  const args = ['check', '--json', '--config', configPath, '--snmp', snmpd.address, ...more];
  const { stdout, code } = await runAnyway(process.execPath, [programPath, ...args]);
  return checkedOf((JSON.parse(stdout) as CheckReport).findings, code);
}

describe('check', () => {
  const texts = ({ findings }: Checked, subject: string, hypervisor: string | undefined): readonly string[] =>
    findings
      .filter((one) => one.subject === subject && one.hypervisor === hypervisor)
      .map(({ level, text }) => `${level} ${text}`);

  it('looks at each, and asks for each in its context', async () => {
    const whole = await check(agent.configPath, ...asUser('monitor'));
    expect(whole).toMatchObject({ problems: [], code: 0 });
    for (const [name, libvirtd] of [
      ['one', one],
      ['two', two],
    ] as const) {
      expect(texts(whole, 'state', name)).toEqual([
        expect.stringMatching(new RegExp(`^ok .*/hypervisors/${name} can be written; in use by`)),
      ]);
      expect(texts(whole, 'libvirt', name).at(-1)).toMatch(/^ok read-only over/);
      expect(texts(whole, 'domains', name)).toEqual(['ok 1, of which 1 running']);
      expect(texts(whole, 'agentx', name)).toEqual([
        expect.stringMatching(new RegExp(`^ok LIBVIRT-EXT-MIB .* in context ${name} is registered`)),
        expect.stringMatching(new RegExp(`^ok VM-MIB .* in context ${name} is registered`)),
      ]);
      expect(texts(whole, 'snmp', name)).toEqual([
        expect.stringContaining(`shows LIBVIRT-EXT-MIB (${root}) to user monitor in context ${name}`),
        expect.stringContaining(`to user monitor in context ${name}`),
      ]);
      expect(texts(whole, 'agent', name).at(-1)).toContain(`ok connected to ${uriOf(libvirtd)}, its data is`);
    }
  });

  it('of a community sees one context, and the others in the table of all', async () => {
    const standard = await snmpCheck({});
    expect(standard.problems).toEqual([]);
    expect(texts(standard, 'agent', 'one').at(-1)).toContain(`ok connected to ${uriOf(one)}`);
    expect(texts(standard, 'agent', 'two')).toEqual([
      expect.stringContaining(`ok connected to ${uriOf(two)}`),
    ]);
    const mapped = await snmpCheck({ community: 'community-two' });
    expect(mapped.problems).toEqual([]);
    expect(texts(mapped, 'agent', 'two').at(-1)).toContain(`ok connected to ${uriOf(two)}`);
    expect(texts(mapped, 'agent', 'one')).toEqual([]);
  });

  it('names the context where a user has no access, and where a view hides a module', async () => {
    const credentials = { v3Auth: `SHA:${user.authPassword}`, v3Priv: `AES:${user.privacyPassword}` };
    const limited = await snmpCheck({ v3User: 'limited', ...credentials });
    expect(limited.problems).toEqual([' snmp-not-authorized', 'one snmp-context-not-permitted']);
    expect(texts(limited, 'agent', 'two').at(-1)).toContain(`ok connected to ${uriOf(two)}`);
    expect((await snmpCheck({ v3User: 'limited', ...credentials }, 'two')).problems).toEqual([]);
    expect((await snmpCheck({ v3User: 'limited', v3Context: 'two', ...credentials })).problems).toEqual([]);
    const half = await snmpCheck({ v3User: 'half', ...credentials });
    expect(half.problems).toEqual(['two snmp-view-hides-vm-mib']);
    const nowhere = await snmpCheck({ v3User: 'monitor', v3Context: 'nowhere', ...credentials });
    expect(nowhere.problems).toEqual([' snmp-context-unknown']);
  });

  it('names those that the running agent does not have, and the one whose libvirt is not there', async () => {
    const config = parse(readFileSync(agent.configPath, 'utf8'));
    const gone = `qemu+unix:///system?socket=${one.directory.file('no-socket')}`;
    config['hypervisors'] = [
      { name: 'one', uri: uriOf(one) },
      { name: 'three', uri: testUri() },
      { name: 'gone', uri: gone },
    ];
    const path = one.directory.file('changed.toml');
    writeFileSync(path, stringify(config));
    const changed = await check(path, '--community', 'public');
    expect(changed.problems).toEqual([
      'three state-missing',
      'gone state-missing',
      'gone libvirt-socket-missing',
      'three subtree-not-registered',
      'three subtree-not-registered',
      'gone subtree-not-registered',
      'gone subtree-not-registered',
      'three agent-hypervisor-missing',
      'gone agent-hypervisor-missing',
      ' agent-hypervisor-left',
    ]);
    expect(changed.code).toBe(69);
    expect(changed.findings.find(({ problem }) => problem === 'agent-hypervisor-left')?.text).toContain(
      'has two,',
    );
  });
});

/** What `check --snmp` says of the running agent. */
async function snmpCheck(options: Readonly<Record<string, string>>, hypervisor?: string): Promise<Checked> {
  const { config } = await loadConfig({ file: agent.configPath, env: {}, flags: [] });
  const target = snmpTarget({ snmp: snmpd.address, ...options });
  if (target === undefined) throw new Error('there is a target');
  const hypervisors = hypervisorConfigs(config).filter(
    ({ name }) => hypervisor === undefined || name === hypervisor,
  );
  const registered = new Map<string, readonly string[]>();
  return checkedOf(await checkSnmp({ config, hypervisors, target, version: programVersion(), registered }));
}

describe('a hypervisor that hangs', () => {
  it('is told to, and costs the others nothing', async () => {
    two.signal('SIGSTOP');
    try {
      await waitUntil(async () => (await column({}, 'lveHypervisorState'))[1] === '5', {
        what: 'the state notResponding',
        timeoutMs: 60_000,
        context: () => agent.stderr(),
      });
      const count = Number(await valueIn(inContext('one'), 'lveRefreshCount', 0));
      await waitUntil(
        async () => Number(await valueIn(inContext('one'), 'lveRefreshCount', 0)) >= count + 3,
        {
          what: 'three refreshes of the other',
          timeoutMs: 60_000,
        },
      );
      expect((await column({}, 'lveHypervisorState'))[0]).toBe('2');
      // What was known of it is still there.
      expect(await column(inContext('two'), 'lveDomName')).toEqual(['on-two']);
      // As the default context tells, and as its own does.
      expect((await snmpCheck({})).problems).toEqual(['two agent-libvirt-lost']);
      const v3 = { v3Auth: `SHA:${user.authPassword}`, v3Priv: `AES:${user.privacyPassword}` };
      expect((await snmpCheck({ v3User: 'monitor', ...v3 })).problems).toEqual(['two agent-libvirt-lost']);
    } finally {
      two.signal('SIGCONT');
    }
    await waitUntil(async () => (await column({}, 'lveHypervisorState'))[1] === '2', {
      what: 'the state connected',
      timeoutMs: 60_000,
    });
  });
});

describe('a reload', () => {
  it('adds and removes hypervisors without touching the others', async () => {
    const since = await valueIn(inContext('one'), 'lveConnSince', 0);
    await two.define(biosGuest({ name: 'aaa', type: two.domainType }));
    await waitUntil(async () => (await indexes()).length === 2, {
      what: 'another domain',
      timeoutMs: 60_000,
    });
    const index = await indexes();
    const sessions = (): number =>
      agent.logLines().filter(({ msg }) => msg === 'session with the AgentX master opened').length;
    const before = {
      sessions: sessions(),
      count: Number(await valueIn(inContext('one'), 'lveRefreshCount', 0)),
    };
    await reload((list) => [...list.filter(({ name }) => name !== 'two'), { name: 'three', uri: testUri() }]);
    await namesIn(inContext('three'), ['test']);
    // snmpd remembers the name of the context, with nothing in it.
    await namesIn(inContext('two'), []);
    await waitUntil(async () => (await column({}, 'lveHypervisorContext')).join() === 'one,three', {
      what: 'the table of both',
      timeoutMs: 60_000,
    });
    const described = (await snmpd.walk(sysOrDescr)).map(({ value }) => value).join('\n');
    expect(described).toContain('in context three');
    expect(described).not.toContain('in context two');
    // The first one has not noticed.
    expect(await valueIn(inContext('one'), 'lveConnSince', 0)).toBe(since);
    expect(Number(await valueIn(inContext('one'), 'lveRefreshCount', 0))).toBeGreaterThanOrEqual(
      before.count,
    );
    expect(sessions()).toBe(before.sessions);
    await reload((list) => [...list, { name: 'two', uri: uriOf(two) }]);
    await waitUntil(async () => (await indexes()).length === 2, {
      what: 'the second one',
      timeoutMs: 60_000,
    });
    expect(await indexes()).toEqual(index);
  });

  /** The domains of the second one with their index numbers. */
  async function indexes(): Promise<readonly string[]> {
    const rows = await snmpd.bulkwalk(oidOf('lveDomName'), inContext('two'));
    return rows.map(({ oid, value }) => `${oid.slice(oidOf('lveDomName').length)} ${value}`).sort();
  }

  it('may move the default context', async () => {
    await reload((list) =>
      list.map((each) => (each['name'] === 'two' ? { ...each, default: true } : each) as never),
    );
    await namesIn({}, ['on-two', 'aaa']);
    await waitUntil(async () => (await column({}, 'lveHypervisorDefault')).includes('1'), {
      what: 'the table of all',
      timeoutMs: 60_000,
    });
    expect(await column(inContext('one'), 'lveDomName')).toEqual(['on-one']);
    expect(await column(inContext('one'), 'lveHypervisorContext')).toEqual([]);
    // So it is over HTTP: the address is another one, because the port is any that is free.
    await waitUntil(
      async () => {
        const url = agent.logLines().findLast(({ msg }) => msg === 'HTTP is served')?.['url'];
        const answer = await fetch(`${String(url)}api/v1/domains`).then(
          async (response) => (await response.json()) as Readonly<Record<string, unknown>>,
          () => undefined,
        );
        return answer?.['hypervisor'] === 'two';
      },
      { what: 'the domains of the new default one over HTTP', timeoutMs: 60_000 },
    );
  });
});
