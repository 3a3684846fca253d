import { readFileSync, writeFileSync } from 'node:fs';
import { parse, stringify } from 'smol-toml';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CheckReport } from '../../src/check/report.ts';
import { type Agent, programPath, startAgent } from '../lab/agent.ts';
import { biosGuest } from '../lab/domain-xml.ts';
import { type Libvirtd, startLibvirtd } from '../lab/libvirtd.ts';
import { runAnyway } from '../lab/process.ts';
import { type Snmpd, startSnmpd } from '../lab/snmpd.ts';
import { type Snmptrapd, startSnmptrapd } from '../lab/snmptrapd.ts';
import type { PrintedVarBind } from '../lab/varbind-text.ts';
import { waitUntil } from '../lab/wait.ts';

// LIBVIRT-MIB, which libvirt-snmp serves: off, switched on and off again by reloads, for two hypervisors.

const root = '1.3.6.1.4.1.36957';
const entry = `${root}.1.1.1`;
const sysOrId = '1.3.6.1.2.1.1.9.1.2';
const running = { name: 'web-1', uuid: 'f0e1d2c3-0001-4002-8003-0000000000ff' } as const;
const defined = { name: 'spare', uuid: '00010203-0405-4607-8809-0a0b0c0d0e0f' } as const;

let libvirtd: Libvirtd;
let snmpd: Snmpd;
let trapd: Snmptrapd;
let agent: Agent;

/** A UUID as sub-identifiers. */
const indexOf = (uuid: string): string => [...Buffer.from(uuid.replaceAll('-', ''), 'hex')].join('.');

beforeAll(async () => {
  [libvirtd, trapd] = await Promise.all([startLibvirtd(), startSnmptrapd()]);
  snmpd = await startSnmpd({
    trapSinks: [{ kind: 'v2c', address: trapd.address }],
    writable: true,
    extraConfig: [
      'view all included .1',
      'view hiding included .1',
      `view hiding excluded ${root}`,
      'rocommunity hidden 127.0.0.1 -V hiding',
      'com2sec -Cn two com-two default community-two',
      'group contexts v2c com-two',
      'access contexts "" v2c noauth prefix all none none',
    ].join('\n'),
  });
  await Promise.all([
    libvirtd.run(biosGuest({ ...running, type: libvirtd.domainType })),
    libvirtd.define(
      biosGuest({ ...defined, type: libvirtd.domainType, vcpus: 2, memoryMib: 96, currentMemoryMib: 64 }),
    ),
  ]);
  agent = await startAgent({
    agentxAddress: snmpd.agentxAddress,
    config: {
      hypervisors: [
        { name: 'one', uri: `qemu+unix:///system?socket=${libvirtd.socketReadOnly}` },
        { name: 'two', uri: `test+unix:///default?socket=${libvirtd.socketReadOnly}` },
      ],
      notifications: { enabled: false, per_vm: false, bulk: false },
    },
  });
}, 120_000);

afterAll(async () => {
  await agent?.stop();
  await Promise.all([snmpd?.stop(), trapd?.stop(), libvirtd?.stop()]);
});

const walk = (options = {}): Promise<readonly PrintedVarBind[]> => snmpd.bulkwalk(root, options);

/** Waits until a walk has rows of so many domains, and for its complete figures. */
async function rows(count: number, options = {}): Promise<ReadonlyMap<string, string>> {
  let found: readonly PrintedVarBind[] = [];
  await waitUntil(
    async () => {
      found = (await walk(options)).filter(({ oid }) => oid.startsWith(`${entry}.`));
      return found.length === 7 * count;
    },
    { what: `${count} rows of LIBVIRT-MIB`, timeoutMs: 60_000, context: () => JSON.stringify(found) },
  );
  return new Map(found.map(({ oid, value }) => [oid.slice(entry.length + 1), value]));
}

async function reload(libvirtMib: boolean): Promise<void> {
  const config = parse(readFileSync(agent.configPath, 'utf8'));
  writeFileSync(agent.configPath, stringify({ ...config, mib: { libvirt_mib: libvirtMib } }));
  const reloaded = agent.nextLog('configuration reloaded', 60_000);
  agent.signal('SIGHUP');
  await reloaded;
}

/** What virsh says of a domain, by its words. */
async function dominfo(name: string): Promise<ReadonlyMap<string, string>> {
  const text = await libvirtd.virsh('dominfo', name);
  return new Map(
    text.split('\n').flatMap((line) => {
      const [, key, value] = /^([^:]+):\s+(.*)$/.exec(line) ?? [];
      return key === undefined || value === undefined ? [] : [[key, value] as const];
    }),
  );
}

const mib = (text: string | undefined): string => String(Math.floor(Number.parseInt(text ?? '', 10) / 1024));

/** Waits until an agent that has read libvirt answers. */
async function readyAgent(): Promise<void> {
  await waitUntil(async () => (await snmpd.bulkwalk('1.3.6.1.2.1.236.1.4.1.2')).length >= 2, {
    what: 'VM-MIB of both machines',
    timeoutMs: 60_000,
    context: () => agent.stderr(),
  });
}

describe('mib.libvirt_mib', () => {
  it('is off by default: nothing is registered', async () => {
    await readyAgent();
    expect((await walk()).filter(({ type }) => !type.startsWith('noSuch'))).toEqual([]);
    const announced = await snmpd.bulkwalk(sysOrId);
    expect(announced.map(({ value }) => value)).not.toContain(root);
  });

  it('after a reload serves what virsh tells, in the context of each hypervisor', async () => {
    await reload(true);
    const own = await rows(2);
    const machines = [
      { ...defined, state: '5' },
      { ...running, state: '1' },
    ];
    // In the order of the octets of their UUIDs.
    expect([...own.keys()]).toEqual(
      [2, 3, 4, 5, 6, 7, 9].flatMap((column) => machines.map(({ uuid }) => `${column}.${indexOf(uuid)}`)),
    );
    for (const { name, uuid, state } of machines) {
      const said = await dominfo(name);
      const value = (column: number): string | undefined => own.get(`${column}.${indexOf(uuid)}`);
      expect(said.get('UUID')).toBe(uuid);
      expect([2, 3, 4, 5, 6, 9].map(value)).toEqual([
        name,
        state,
        said.get('CPU(s)'),
        mib(said.get('Used memory')),
        mib(said.get('Max memory')),
        '1',
      ]);
    }
    expect(own.get(`7.${indexOf(defined.uuid)}`)).toBe('0');
    // The test driver's domain.
    const second = await rows(1, { community: 'community-two' });
    expect([...second].find(([oid]) => oid.startsWith('2.'))?.[1]).toBe('test');
    expect((await snmpd.bulkwalk(sysOrId)).map(({ value }) => value)).toContain(root);
  });

  it('is told by check where a view hides it', async () => {
    const check = ['check', '--config', agent.configPath, '--snmp', snmpd.address, '--community'];
    const problemsOf = async (community: string): Promise<readonly (string | undefined)[]> => {
      const { stdout } = await runAnyway(process.execPath, [programPath, ...check, community, '--json']);
      const { findings } = JSON.parse(stdout) as CheckReport;
      return findings.filter(({ subject }) => subject === 'snmp').map(({ problem }) => problem);
    };
    expect(await problemsOf('public')).toEqual([undefined, undefined, undefined]);
    expect(await problemsOf('hidden')).toEqual([undefined, undefined, 'snmp-view-hides-libvirt-mib']);
  });

  it('counts nanoseconds as libvirt does', async () => {
    await libvirtd.virsh('suspend', running.name);
    const instance = `${entry}.7.${indexOf(running.uuid)}`;
    const wanted = async (): Promise<string> => {
      const said = /cpu\.time=(\d+)/.exec(await libvirtd.virsh('domstats', '--cpu-total', running.name))?.[1];
      return String((BigInt(said ?? 0) / 1000n) * 1000n);
    };
    let pair: readonly (string | undefined)[] = [];
    await waitUntil(
      async () => {
        const [before, [answer], after] = [await wanted(), await snmpd.get(instance), await wanted()];
        pair = [before, answer?.value, after];
        // Also a paused QEMU uses CPU time now and then.
        return before === after && before === answer?.value;
      },
      { what: 'equal CPU times', timeoutMs: 60_000, context: () => pair.join() },
    );
    expect(BigInt(pair[1] ?? 0)).toBeGreaterThan(0n);
  });

  it('sends libvirtGuestNotif as libvirt-snmp does, though the other notifications are off', async () => {
    const isAbout = (state: string) => (one: { readonly varBinds: readonly PrintedVarBind[] }) =>
      one.varBinds.some(({ oid, value }) => oid === `${entry}.3.0` && value === state);
    const paused = await trapd.waitFor(isAbout('3'), 30_000);
    expect(paused.trapOid).toBe(`${root}.0.1`);
    // Behind sysUpTime and snmpTrapOID.
    const [name, uuid, state, rowStatus, ...more] = paused.varBinds.slice(2);
    expect(name).toMatchObject({ oid: `${entry}.2.0`, value: running.name });
    expect(uuid?.oid).toBe(`${entry}.1.0`);
    expect(uuid?.bytes?.toString('hex')).toBe(running.uuid.replaceAll('-', ''));
    expect(state).toMatchObject({ oid: `${entry}.3.0`, value: '3' });
    expect(rowStatus).toMatchObject({ oid: `${entry}.9.0`, value: '1' });
    // The hypervisor, as behind every notification of a list of them.
    expect(more).toHaveLength(2);
    await libvirtd.virsh('destroy', running.name);
    const off = await trapd.waitFor(isAbout('5'), 30_000);
    expect(off.varBinds.find(({ oid }) => oid === `${entry}.9.0`)?.value).toBe('2');
    // snmpd has its own, such as coldStart.
    const ours = trapd
      .received()
      .filter(
        ({ trapOid }) => !/^1[.]3[.]6[.]1[.]6[.]3[.]|^1[.]3[.]6[.]1[.]4[.]1[.]8072[.]4[.]/.test(trapOid),
      );
    expect(new Set(ours.map(({ trapOid }) => trapOid))).toEqual(new Set([`${root}.0.1`]));
  });

  it('lets nobody set anything', async () => {
    const set = (column: number, value: string): Promise<unknown> =>
      snmpd.set(`${entry}.${column}.${indexOf(defined.uuid)}`, 'i', value);
    await expect(set(3, '1')).rejects.toThrow(/notWritable/);
    await expect(set(9, '6')).rejects.toThrow(/notWritable/);
    expect(await libvirtd.virsh('domstate', defined.name)).toContain('shut off');
  });

  it('is gone after another reload', async () => {
    await reload(false);
    await readyAgent();
    await waitUntil(async () => (await walk()).every(({ type }) => type.startsWith('noSuch')), {
      what: 'no LIBVIRT-MIB',
      timeoutMs: 30_000,
      context: () => agent.stderr(),
    });
    expect((await snmpd.bulkwalk(sysOrId)).map(({ value }) => value)).not.toContain(root);
  });
});
