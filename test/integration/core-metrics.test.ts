import { stat } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TableName } from '../../src/mib/bind.ts';
import { definitions, findDefinition } from '../../src/mib/definitions.ts';
import { tables } from '../../src/mib/objects.gen.ts';
import { type Agent, startAgent } from '../lab/agent.ts';
import { biosGuest, novaMetadata, oddName } from '../lab/domain-xml.ts';
import { makeQcow2Image, makeRawImage } from '../lab/image.ts';
import { type Libvirtd, startLibvirtd } from '../lab/libvirtd.ts';
import { type Snmpd, startSnmpd } from '../lab/snmpd.ts';
import { waitUntil } from '../lab/wait.ts';
import { objectAt } from '../support/object-at.ts';
import { oidOf, readServed, type ServedWalk, subtrees, walkServed } from '../support/served-walk.ts';
import { type Printed, parseBlocks, parseDomstats, parseLines, parseRows } from '../support/virsh-text.ts';

const user = { name: 'lab', authPassword: 'authentication', privacyPassword: 'confidential' } as const;
const mib = 1024 * 1024;
const macs = ['52:54:00:aa:bb:01', '52:54:00:aa:bb:02'] as const;
const webUuid = '3f1c0a52-7a0e-4b0b-9c55-0123456789ab';

/** No background source runs twice, so that two requests meet the same snapshot. */
const quiet = {
  collect: { interval: 3600 },
  intervals: Object.fromEntries(
    [
      'inventory',
      'pinning',
      'disk_errors',
      'jobs',
      'guest_agent',
      'snapshots',
      'tuning',
      'pools',
      'networks',
      'host',
    ].map((name) => [name, 3600]),
  ),
};

let libvirtd: Libvirtd;
let snmpd: Snmpd;
let agent: Agent;
let rawPath: string;
let qcow2Path: string;

beforeAll(async () => {
  [libvirtd, snmpd] = await Promise.all([startLibvirtd(), startSnmpd({ users: [user], writable: true })]);
  const { imagesPath, domainType: type, bridge } = libvirtd;
  const onBridge = bridge === undefined ? {} : { bridge };
  rawPath = await makeRawImage(`${imagesPath}/web-a.raw`, 8);
  qcow2Path = await makeQcow2Image(`${imagesPath}/web-b.qcow2`, { sizeMib: 32 });
  const oddDiskPath = await makeRawImage(`${imagesPath}/odd näme.raw`, 4);
  await Promise.all([
    libvirtd.run(
      biosGuest({
        name: 'web',
        uuid: webUuid,
        type,
        title: 'The shop’s “web” server',
        memoryMib: 32,
        currentMemoryMib: 24,
        vcpus: 3,
        currentVcpus: 2,
        cputune: "<shares>2048</shares><vcpupin vcpu='0' cpuset='0'/>",
        balloonStatsPeriodSec: 5,
        metadata: novaMetadata('web-1', 'shop', 'm1.tiny'),
        disks: [
          { path: rawPath, serial: 'S3R1AL' },
          { path: qcow2Path, format: 'qcow2' },
          { device: 'cdrom' },
        ],
        nics: [
          { mac: macs[0], ...onBridge },
          { mac: macs[1], model: 'e1000', ...onBridge },
        ],
      }),
    ),
    libvirtd.run(biosGuest({ name: oddName, type, disks: [{ path: oddDiskPath }], nics: [{}] })),
    libvirtd.define(
      biosGuest({ name: 'off', type, vcpus: 4, memoryMib: 64, disks: [{ path: rawPath, readonly: true }] }),
    ),
  ]);
  await libvirtd.virsh('autostart', 'off');
  agent = await startAgent({
    uri: libvirtd.uriReadOnly,
    agentxAddress: snmpd.agentxAddress,
    config: { intervals: { pinning: 1 } },
  });
});

afterAll(async () => {
  await agent?.stop();
  await snmpd?.stop();
  await libvirtd?.stop();
});

const served = (name: string, ...index: readonly number[]) => readServed(snmpd, name, ...index);

/** Waits for a refresh that began after now. */
async function untilRefreshed(): Promise<void> {
  const before = Number((await served('lveRefreshCount', 0)) ?? 0);
  await waitUntil(async () => Number(await served('lveRefreshCount', 0)) >= before + 2, {
    what: 'two refreshes',
    context: () => agent.stderr(),
  });
}

/** Waits until the agent knows everything about the guests that it will know. */
async function untilComplete(): Promise<ServedWalk> {
  return await waitUntil(
    async () => {
      const walk = await walkServed(snmpd);
      const known = [
        walk.value('lveDomTitle', walk.indexOf('lveDomName', 'web')),
        walk.value('lveDomEmulatorPin', walk.indexOf('lveDomName', 'web')),
        walk.value('lveDiskCapacity', walk.indexOf('lveDomName', 'off'), 1),
        walk.value('vmStorageMediaType', walk.indexOf('lveDomName', oddName), 1),
        walk.value('lveHostCpuUtil', 0),
      ];
      return known.includes(undefined) ? undefined : walk;
    },
    { what: 'a complete walk', intervalMs: 250, context: () => agent.stderr() },
  );
}

/** Octets that the blocks of a file take, as `du` counts them. */
async function takenOnHost(path: string): Promise<string> {
  return String((await stat(path)).blocks * 512);
}

describe.sequential('beside virsh', () => {
  /** What virsh said before and after the walk, and the walk, whose figures were collected in between. */
  let before: VirshReading;
  let after: VirshReading;
  let walk: ServedWalk;
  let web: number;
  let odd: number;
  let off: number;
  beforeAll(async () => {
    await untilComplete();
    before = await readVirsh();
    await untilRefreshed();
    walk = await walkServed(snmpd);
    after = await readVirsh();
    [web, odd, off] = ['web', oddName, 'off'].map((name) => walk.indexOf('lveDomName', name)) as [
      number,
      number,
      number,
    ];
  });

  interface VirshReading {
    readonly domains: ReadonlyMap<string, Printed>;
    readonly host: Printed;
    readonly hostCpus: readonly Printed[];
    readonly memory: Printed;
  }

  async function readVirsh(): Promise<VirshReading> {
    const [domains, host, cpu0, cpu1, memory] = await Promise.all([
      libvirtd.virsh('domstats', '--raw'),
      libvirtd.virsh('nodecpustats'),
      libvirtd.virsh('nodecpustats', '--cpu', '0'),
      libvirtd.virsh('nodecpustats', '--cpu', '1').catch(() => ''),
      libvirtd.virsh('nodememstats'),
    ]);
    return {
      domains: parseDomstats(domains),
      host: parseLines(host),
      hostCpus: [parseLines(cpu0), parseLines(cpu1)],
      memory: parseLines(memory),
    };
  }

  /** What is wrong with a served value, given what virsh said before and after; undefined if nothing is. */
  function difference(
    what: string,
    [early, value, late]: readonly [string | undefined, string | undefined, string | undefined],
    scale: (printed: bigint) => bigint,
  ): string | undefined {
    if (early === undefined || late === undefined) {
      return value === undefined ? undefined : `${what}: served ${value}, unknown to virsh`;
    }
    if (value === undefined) return `${what}: not served, but virsh says ${early}`;
    const [from, to] = [scale(BigInt(early)), scale(BigInt(late))].sort((a, b) => (a < b ? -1 : 1)) as [
      bigint,
      bigint,
    ];
    const number = BigInt(value);
    return number >= from && number <= to ? undefined : `${what}: served ${value}, virsh ${from} to ${to}`;
  }

  const ns = (value: bigint) => value / 1000n;
  const kib = (value: bigint) => value * 1024n;
  const same = (value: bigint) => value;

  /** Objects of a domain and the statistics they come from. */
  const perDomain: readonly (readonly [string, string, (value: bigint) => bigint])[] = [
    ['lveDomState', 'state.state', same],
    ['lveDomReason', 'state.reason', same],
    ['vmCpuTime', 'cpu.time', ns],
    ['lveDomCpuUserTime', 'cpu.user', ns],
    ['lveDomCpuSystemTime', 'cpu.system', ns],
    ['lveDomHaltPollSuccess', 'cpu.haltpoll.success.time', ns],
    ['lveDomHaltPollFail', 'cpu.haltpoll.fail.time', ns],
    ['lveMemCurrent', 'balloon.current', kib],
    ['lveMemMaximum', 'balloon.maximum', kib],
    ['lveMemAvailable', 'balloon.available', kib],
    ['lveMemUnused', 'balloon.unused', kib],
    ['lveMemUsable', 'balloon.usable', kib],
    ['vmMaxCpuNumber', 'vcpu.maximum', same],
    ['vmCurCpuNumber', 'vcpu.current', same],
  ];
  const perVcpu: readonly (readonly [string, string, (value: bigint) => bigint])[] = [
    ['lveVcpuState', 'state', same],
    ['vmCpuCoreTime', 'time', ns],
    ['lveVcpuWaitTime', 'wait', ns],
    ['lveVcpuDelayTime', 'delay', ns],
  ];
  /** What a file takes is not `allocation` while a domain runs, but the highest offset written. */
  const perDisk: readonly (readonly [string, string, (value: bigint) => bigint])[] = [
    ['vmStorageReadIOs', 'rd.reqs', same],
    ['vmStorageReadOctets', 'rd.bytes', same],
    ['vmStorageReadLatency', 'rd.times', ns],
    ['vmStorageWriteIOs', 'wr.reqs', same],
    ['vmStorageWriteOctets', 'wr.bytes', same],
    ['vmStorageWriteLatency', 'wr.times', ns],
    ['lveDiskFlushRequests', 'fl.reqs', same],
    ['lveDiskFlushTime', 'fl.times', ns],
    ['lveDiskCapacity', 'capacity', same],
    ['lveDiskPhysical', 'physical', same],
  ];
  const perNic: readonly (readonly [string, string, (value: bigint) => bigint])[] = [
    ['lveNicRxBytes', 'rx.bytes', same],
    ['lveNicRxPackets', 'rx.pkts', same],
    ['lveNicRxErrors', 'rx.errs', same],
    ['lveNicRxDrops', 'rx.drop', same],
    ['lveNicTxBytes', 'tx.bytes', same],
    ['lveNicTxPackets', 'tx.pkts', same],
    ['lveNicTxErrors', 'tx.errs', same],
    ['lveNicTxDrops', 'tx.drop', same],
  ];

  /** Rows of one kind of a domain: how virsh counts them, and how the agent does. */
  function compare(
    name: string,
    objects: readonly (readonly [string, string, (value: bigint) => bigint])[],
    prefix: string,
    index: readonly number[],
  ): readonly string[] {
    const [early, late] = [before.domains.get(name), after.domains.get(name)];
    if (early === undefined || late === undefined) throw new Error(`virsh does not know ${name}`);
    return objects
      .map(([object, key, scale]) =>
        difference(
          `${object}.${index.join('.')}`,
          [early.get(prefix + key), walk.value(object, ...index), late.get(prefix + key)],
          scale,
        ),
      )
      .filter((problem) => problem !== undefined);
  }

  it.each(['web', oddName, 'off'])('domstats of %s: the domain', (name) => {
    // Where libvirtd has no cgroups, it counts its own CPU time as that of a domain which does not run.
    // libvirt 7.0 leaves it out of the statistics of a domain without cgroup, and tells it in dominfo.
    const counted = name !== 'off' && before.domains.get(name)?.has('cpu.time') === true;
    const objects = counted ? perDomain : perDomain.filter(([, key]) => !key.startsWith('cpu.'));
    if (name !== 'off')
      expect(Number(walk.value('vmCpuTime', walk.indexOf('lveDomName', name)))).toBeGreaterThan(0);
    expect(compare(name, objects, '', [walk.indexOf('lveDomName', name)])).toEqual([]);
  });

  it('domstats: virtual CPUs', () => {
    for (const number of [0, 1]) {
      const index = walk.indexOf('lveVcpuNumber', String(number), web);
      expect(compare('web', perVcpu, `vcpu.${number}.`, [web, index])).toEqual([]);
    }
    expect(before.domains.get('web')?.get('vcpu.0.time')).toMatch(/^\d+$/);
    expect([...walk.column('lveVcpuNumber')].filter(([index]) => index.startsWith(`${web}.`))).toHaveLength(
      2,
    );
  });

  it.each(['web', oddName, 'off'])('domstats of %s: disks', (name) => {
    const domain = walk.indexOf('lveDomName', name);
    const stats = before.domains.get(name);
    const count = Number(stats?.get('block.count') ?? 0);
    expect(count).toBeGreaterThan(0);
    for (let at = 0; at < count; at += 1) {
      const disk = walk.indexOf('lveDiskTarget', stats?.get(`block.${at}.name`) ?? '', domain);
      expect(compare(name, perDisk, `block.${at}.`, [domain, disk])).toEqual([]);
    }
  });

  it('domstats: interfaces', () => {
    for (const at of [0, 1]) {
      const target = before.domains.get('web')?.get(`net.${at}.name`) ?? '';
      const nic = walk.indexOf('lveNicTarget', target, web);
      expect(compare('web', perNic, `net.${at}.`, [web, nic])).toEqual([]);
    }
    expect(walk.value('lveNicRxBytes', odd, 1)).toBeUndefined();
  });

  it('resident memory is what the kernel says', async () => {
    const rss = async () => {
      const stats = parseDomstats(await libvirtd.virsh('domstats', '--raw', '--balloon', 'web'));
      return Number(stats.get('web')?.get('balloon.rss')) * 1024;
    };
    // A gauge that moves both ways: it must be met once between two readings that agree.
    await waitUntil(
      async () => {
        const first = await rss();
        await untilRefreshed();
        const value = Number(await served('lveMemRss', web));
        return first === (await rss()) && first === value;
      },
      { what: 'lveMemRss to equal balloon.rss' },
    );
  });

  it.each(['web', oddName, 'off'])('dominfo of %s', async (name) => {
    const index = walk.indexOf('lveDomName', name);
    const info = parseLines(await libvirtd.virsh('dominfo', '--domain', name));
    const inKib = (printed: string | undefined) => String(Number(printed?.replace(' KiB', '')) * 1024);
    expect({
      name: walk.value('vmName', index),
      uuid: walk.value('lveDomUuid', index),
      uuidOctets: walk.bytes('vmUUID', index)?.toString('hex'),
      osType: walk.value('vmOSType', index),
      up: walk.value('lveDomUp', index),
      cpus: walk.value('vmCurCpuNumber', index),
      maximum: walk.value('lveMemMaximum', index),
      used: walk.value('lveMemCurrent', index),
      persistent: walk.value('vmPersistent', index),
      autostart: walk.value('vmAutoStart', index),
      managedSave: walk.value('lveDomManagedSave', index),
      id: walk.value('lveDomId', index),
    }).toEqual({
      name: info.get('Name'),
      uuid: info.get('UUID'),
      uuidOctets: info.get('UUID')?.replaceAll('-', ''),
      osType: info.get('OS Type'),
      up: info.get('State') === 'running' ? '1' : '0',
      cpus: info.get('CPU(s)'),
      maximum: inKib(info.get('Max memory')),
      used: inKib(info.get('Used memory')),
      persistent: info.get('Persistent') === 'yes' ? '2' : '3',
      autostart: info.get('Autostart') === 'enable' ? '2' : '3',
      managedSave: info.get('Managed save') === 'yes' ? '1' : '2',
      id: info.get('Id') === '-' ? undefined : info.get('Id'),
    });
  });

  it('memory in the units of VM-MIB multiplies to the same', () => {
    for (const index of [web, odd, off]) {
      const unit = Number(walk.value('vmMemUnit', index));
      expect(Number(walk.value('vmCurMem', index)) * unit).toBe(Number(walk.value('lveMemCurrent', index)));
      expect(Number(walk.value('vmMaxMem', index)) * unit).toBe(Number(walk.value('lveMemMaximum', index)));
    }
    expect(walk.value('lveMemMaximum', web)).toBe(String(32 * mib));
    expect(walk.value('lveMemMaximum', off)).toBe(String(64 * mib));
  });

  it('vcpuinfo and vcpupin', async () => {
    const vcpus = parseBlocks(await libvirtd.virsh('vcpuinfo', 'web'));
    const pins = new Map(parseRows(await libvirtd.virsh('vcpupin', 'web')) as [string, string][]);
    expect(vcpus).toHaveLength(2);
    const online = Number(walk.value('lveHostCpus', 0));
    for (const vcpu of vcpus) {
      const number = vcpu.get('VCPU') ?? '';
      const index = walk.indexOf('lveVcpuNumber', number, web);
      expect(walk.value('lveVcpuPin', web, index)).toBe(pins.get(number));
      const allowed = (vcpu.get('CPU Affinity') ?? '').split('y').length - 1;
      expect(walk.value('lveVcpuPinned', web, index)).toBe(allowed < online ? '1' : '2');
      expect(Number(walk.value('lveVcpuHostCpu', web, index))).toBeLessThan(online);
    }
    expect(walk.value('lveDomEmulatorPin', web)).toBe((await libvirtd.virsh('emulatorpin', 'web')).trim());
  });

  it('vcpupin: vmCpuAffinityTable has a row for each host CPU that a pinned one may use', async () => {
    const rows = [...walk.column('vmCpuAffinity')].filter(([index]) => index.startsWith(`${web}.`));
    // Host CPUs have the number that snmpd gives them in hrDeviceTable.
    const processors = await snmpd.walk('1.3.6.1.2.1.25.3.3.1.1');
    const first = processors[0]?.oid.split('.').at(-1);
    const pinned = walk.indexOf('lveVcpuNumber', '0', web);
    expect(rows).toEqual([[`${web}.${pinned}.${first}`, '1']]);
  });

  it('domblklist and domblkinfo', async () => {
    const rows = parseRows(await libvirtd.virsh('domblklist', '--details', 'web'));
    expect(rows).toHaveLength(3);
    for (const [type, device, target = '', source] of rows) {
      const disk = walk.indexOf('lveDiskTarget', target, web);
      expect(walk.value('lveDiskType', web, disk)).toBe(type);
      expect(walk.value('lveDiskDevice', web, disk)).toBe(device === 'cdrom' ? '2' : '1');
      expect(walk.value('lveDiskSource', web, disk) ?? '').toBe(source === '-' ? '' : source);
      expect(walk.value('vmStorageMediaType', web, disk)).toBe(device === 'cdrom' ? '4' : '3');
      expect(walk.value('vmStorageAccess', web, disk)).toBe(device === 'cdrom' ? '3' : '2');
      if (source === '-') continue;
      const info = parseLines(await libvirtd.virsh('domblkinfo', 'web', target));
      expect(walk.value('lveDiskCapacity', web, disk)).toBe(info.get('Capacity'));
      // Nothing was written to the raw image: libvirt says of it what it says of one that is allocated in full.
      const taken = target === 'vda' ? undefined : await takenOnHost(source ?? '');
      expect(walk.value('lveDiskAllocation', web, disk)).toBe(taken);
      // Of other formats domblkinfo and domstats tell different things by the same name.
      if (target === 'vda') expect(walk.value('lveDiskPhysical', web, disk)).toBe(info.get('Physical'));
      const unit = Number(walk.value('vmStorageSizeUnit', web, disk));
      expect(Number(walk.value('vmStorageDefinedSize', web, disk)) * unit).toBe(Number(info.get('Capacity')));
    }
    const [raw, qcow2, cdrom] = ['vda', 'vdb', 'hda'].map((target) =>
      walk.indexOf('lveDiskTarget', target, web),
    ) as [number, number, number];
    expect(walk.value('lveDiskSerial', web, raw)).toBe('S3R1AL');
    expect(walk.value('lveDiskFormat', web, raw)).toBe('raw');
    expect(walk.value('lveDiskFormat', web, qcow2)).toBe('qcow2');
    expect(walk.value('lveDiskBus', web, cdrom)).toBe('ide');
    expect(walk.value('lveDiskCapacity', web, cdrom)).toBeUndefined();
    expect(walk.value('vmStorageDefinedSize', web, cdrom)).toBe('-1');
    expect(walk.value('vmStorageAccess', off, 1)).toBe('3');
    expect(walk.value('lveDiskAllocation', off, 1)).toBe(await takenOnHost(rawPath));
  });

  it('domiflist', async () => {
    const rows = parseRows(await libvirtd.virsh('domiflist', 'web'));
    expect(rows).toHaveLength(2);
    for (const [target, type, source, model, mac = ''] of rows) {
      const nic = walk.indexOf('lveNicMac', mac, web);
      expect([
        walk.value('lveNicTarget', web, nic),
        walk.value('lveNicType', web, nic),
        walk.value('lveNicSource', web, nic),
        walk.value('lveNicModel', web, nic),
        walk.value('vmNetworkModel', web, nic),
        walk.bytes('vmNetworkPhysAddress', web, nic)?.toString('hex'),
      ]).toEqual([target, type, source, model, model, mac.replaceAll(':', '')]);
    }
    expect([1, 2].map((nic) => walk.value('lveNicMac', web, nic))).toEqual(macs);
  });

  it('nodecpustats', () => {
    const keys = [
      ['User', 'user'],
      ['Kernel', 'system'],
      ['Idle', 'idle'],
      ['Iowait', 'iowait'],
    ] as const;
    const problems = keys.flatMap(([object, key]) => [
      difference(
        `lveHostCpu${object}Time`,
        [before.host.get(key), walk.value(`lveHostCpu${object}Time`, 0), after.host.get(key)],
        ns,
      ),
      ...before.hostCpus.map((early, cpu) =>
        difference(
          `lveHostCpu${object}.${cpu + 1}`,
          [early.get(key), walk.value(`lveHostCpu${object}`, cpu + 1), after.hostCpus[cpu]?.get(key)],
          ns,
        ),
      ),
    ]);
    expect(problems.filter((problem) => problem !== undefined)).toEqual([]);
    expect(Number(walk.value('lveHostCpuUserTime', 0))).toBeGreaterThan(0);
  });

  it('nodememstats', () => {
    const bytes = (reading: VirshReading, key: string) =>
      Number(reading.memory.get(key)?.replace(' KiB', '')) * 1024;
    expect(walk.value('lveHostMemTotal', 0)).toBe(String(bytes(before, 'total')));
    for (const [object, key] of [
      ['lveHostMemFree', 'free'],
      ['lveHostMemBuffers', 'buffers'],
      ['lveHostMemCached', 'cached'],
    ] as const) {
      // These move both ways while other programs run.
      const [early, late] = [bytes(before, key), bytes(after, key)];
      expect(Math.abs(Number(walk.value(object, 0)) - early)).toBeLessThan(
        Math.abs(late - early) + bytes(before, 'total') / 20,
      );
    }
  });

  it('nodeinfo, version and hostname', async () => {
    const info = parseLines(await libvirtd.virsh('nodeinfo'));
    expect(walk.value('lveHostCpuModel', 0)).toBe(info.get('CPU model'));
    expect(walk.value('lveHostCpus', 0)).toBe(info.get('CPU(s)'));
    expect(walk.value('lveHostSockets', 0)).toBe(info.get('CPU socket(s)'));
    expect(walk.value('lveHostCores', 0)).toBe(info.get('Core(s) per socket'));
    expect(walk.value('lveHostThreads', 0)).toBe(info.get('Thread(s) per core'));
    expect(walk.value('lveHostNumaCells', 0)).toBe(info.get('NUMA cell(s)'));
    expect(walk.value('lveHostName', 0)).toBe(libvirtd.hostname);
    expect(await libvirtd.virsh('version')).toContain(`QEMU ${walk.value('vmHvVersion', 0)}`);
    expect(walk.value('vmHvSoftware', 0)).toBe('QEMU');
  });

  it('counts agree with the rows', () => {
    expect(walk.value('vmNumber', 0)).toBe('3');
    expect(walk.column('vmName').size).toBe(3);
    expect(walk.value('lveDomainsActive', 0)).toBe('2');
    expect(walk.value('lveDomainsInactive', 0)).toBe('1');
    expect(walk.value('lveDomainsGone', 0)).toBe('0');
    expect(walk.value('lveHostVcpusActive', 0)).toBe('3');
    expect(walk.value('lveHostVcpusDefined', 0)).toBe('8');
    expect(walk.value('lveHostMemDefined', 0)).toBe(String((32 + 16 + 64) * mib));
    expect(walk.column('lveHostCpuNumber').size).toBe(Number(walk.value('lveHostCpusPresent', 0)));
  });

  it('names, titles and metadata arrive with every octet', () => {
    expect(walk.bytes('vmName', odd)).toEqual(Buffer.from(oddName));
    expect(walk.bytes('lveDomName', odd)).toEqual(Buffer.from(oddName));
    expect(walk.value('lveDomTitle', web)).toBe('The shop’s “web” server');
    expect(walk.value('lveDiskSource', odd, 1)).toMatch(/odd näme\.raw$/);
    expect(walk.value('lveNovaInstanceName', web)).toBe('web-1');
    expect(walk.value('lveNovaFlavor', web)).toBe('m1.tiny');
    expect(walk.value('lveNovaProjectName', web)).toBe('shop');
    expect(walk.value('lveNovaInstanceName', odd)).toBeUndefined();
  });

  it('every row of a domain names its owner, and what it is of as virsh does', async () => {
    const naming = Object.entries(definitions).filter(([, { type }]) => type === 'LveRowName');
    let named = 0;
    for (const [column, { table }] of naming) {
      if (table === undefined || tables[table as TableName].index[0] !== 'lveDomIndex') continue;
      for (const [index, name] of walk.column(column)) {
        const owner = walk.value('lveDomName', Number(index.split('.')[0])) ?? '';
        expect(name === owner || name.startsWith(`${owner}:`), `${column} ${name}`).toBe(true);
        named += 1;
      }
    }
    expect(named).toBeGreaterThan(15);
    const names = (column: string) =>
      [...walk.column(column)].filter(([index]) => index.startsWith(`${web}.`)).map(([, name]) => name);
    const disks = parseRows(await libvirtd.virsh('domblklist', '--details', 'web'));
    expect(names('lveDiskRowName')).toEqual(disks.map(([, , target]) => `web:${target}`));
    const nics = parseRows(await libvirtd.virsh('domiflist', 'web'));
    expect(names('lveNicRowName')).toEqual(nics.map(([, , , , mac]) => `web:${mac}`));
    expect(walk.value('lveMemRowName', web)).toBe('web');
    expect(walk.bytes('lveDiskRowName', odd, 1)).toEqual(Buffer.from(`${oddName}:vda`));
    expect([...walk.column('lveHostCpuRowName').values()].slice(0, 2)).toEqual(['cpu0', 'cpu1']);
    expect([...walk.column('lveCollectorName').values()]).toContain('diskErrors');
  });

  it('a row has what people alert on, whatever the state', () => {
    const always = [
      'lveDomState',
      'lveDomSeverity',
      'lveDomUp',
      'lveDomPresence',
      'lveDomStateAge',
      'lveDomStatsAge',
      'lveDomCpuPercent',
      'lveDomCpuHostPercent',
    ];
    for (const index of [web, odd, off]) {
      expect(always.filter((name) => walk.value(name, index) === undefined)).toEqual([]);
    }
    expect(walk.value('lveDomCpuPercent', off)).toBe('0');
    expect(walk.value('lveDomStatsStatus', off)).toBe('5');
    expect(walk.value('lveDomStatsStatus', web)).toBe('1');
    expect(walk.value('lveDomControlState', web)).toBe('1');
  });

  it('what is not known does not exist', async () => {
    const absent = [
      ['lveDomGoneTime', web],
      ['lveDomId', off],
      ['lveDomStartTime', off],
      ['lveDomControlState', off],
      ['lveMemRss', off],
      ['lveDiskCapacity', web, walk.indexOf('lveDiskTarget', 'hda', web)],
      ['lveDomName', 4711],
      ['lveDomName', web, 1],
    ] as const;
    const oids = absent.map(([name, ...index]) => oidOf(name, ...index));
    expect((await snmpd.get(oids)).map(({ type }) => type)).toEqual(oids.map(() => 'noSuchInstance'));
    await expect(snmpd.get(oidOf('lveDomGoneTime', web), { version: '1' })).rejects.toThrow(/noSuchName/);
  });
});

describe.sequential('as a manager sees it', () => {
  let walk: ServedWalk;
  beforeAll(async () => {
    await agent.stop();
    agent = await startAgent({
      uri: libvirtd.uriReadOnly,
      agentxAddress: snmpd.agentxAddress,
      config: quiet,
    });
    walk = await untilStill();
  });

  /** Objects whose value follows the clock, not the snapshot. */
  const moving = new Set(
    Object.keys(definitions).filter(
      (name) =>
        /(Age|UpTime|Uptime)$/.test(name) || ['lveDomControlTime', 'vmTableLastChange'].includes(name),
    ),
  );
  const isMoving = (oid: string) => moving.has(objectAt(oid) ?? '');
  const still = (varBinds: ServedWalk['varBinds']) => varBinds.filter(({ oid }) => !isMoving(oid));

  /** The agent has published all it will publish when two walks are equal. */
  async function untilStill(): Promise<ServedWalk> {
    let last = '';
    return await waitUntil(
      async () => {
        const found = await walkServed(snmpd);
        const text = JSON.stringify([still(found.varBinds), found.varBinds.map(({ oid }) => oid)]);
        const pin = found.value('lveDomEmulatorPin', found.indexOf('lveDomName', 'web'));
        const settled = text === last && pin !== undefined;
        last = text;
        return settled ? found : undefined;
      },
      { what: 'the agent to be still', intervalMs: 500, timeoutMs: 30_000, context: () => agent.stderr() },
    );
  }

  it('a walk is strictly increasing, stays inside and ends', () => {
    expect(walk.varBinds.length).toBeGreaterThan(500);
    expect(walk.increasing).toBe(true);
    const outside = walk.varBinds.filter(({ oid }) => !subtrees.some((root) => oid.startsWith(`${root}.`)));
    expect(outside).toEqual([]);
  });

  it('every object has the type of the MIB, by the definitions', () => {
    const types = {
      Integer32: 'INTEGER',
      OctetString: 'STRING',
      ObjectIdentifier: 'OID',
      IpAddress: 'IpAddress',
      Counter32: 'Counter32',
      Gauge32: 'Gauge32',
      TimeTicks: 'Timeticks',
      Counter64: 'Counter64',
    } as const;
    const wrong = walk.varBinds.filter(({ oid, type }) => {
      const definition = findDefinition(objectAt(oid) ?? '');
      return definition === undefined || types[definition.syntax] !== type;
    });
    expect(wrong).toEqual([]);
  });

  it.each(['snmpwalk', 'snmpbulkwalk'])(
    'every object has the type of the MIB, by %s with the modules',
    async (tool) => {
      for (const root of subtrees) {
        const { stdout, stderr, code } = await snmpd.tool(tool, ['-Ob'], [root]);
        expect(code).toBe(0);
        expect(stderr).toBe('');
        expect(stdout).not.toMatch(/Wrong Type|Unknown Object|Bad Value/i);
        // An enumerated value without a label, or an OID without a name, is not of the module.
        expect(stdout.split('\n').filter((line) => /^[\w-]*SNMPv2-SMI::/.test(line))).toEqual([]);
        expect(stdout.split('\n').filter((line) => isUnlabelled(line))).toEqual([]);
      }
    },
  );

  /** Whether an enumerated object is printed without a label. */
  function isUnlabelled(line: string): boolean {
    const [, name = '', printed = ''] = /^[\w-]+::(\w+)\S* = (.*)$/.exec(line) ?? [];
    return findDefinition(name)?.labels !== undefined && !/^INTEGER: \w+\(\d+\)/.test(printed);
  }

  it('GET of every instance equals the walk', async () => {
    const differing: unknown[] = [];
    for (let from = 0; from < walk.varBinds.length; from += 40) {
      const part = walk.varBinds.slice(from, from + 40);
      const got = await snmpd.get(part.map(({ oid }) => oid));
      for (const [at, expected] of part.entries()) {
        const found = got[at];
        const alike = isMoving(expected.oid)
          ? found?.oid === expected.oid && found.type === expected.type
          : JSON.stringify(found) === JSON.stringify(expected);
        if (!alike) differing.push([expected, found]);
      }
    }
    expect(differing).toEqual([]);
  });

  it('what follows the clock only grows', async () => {
    const clocks = walk.varBinds.filter(({ oid }) => isMoving(oid));
    expect(clocks.length).toBeGreaterThan(5);
    const later = await snmpd.get(clocks.map(({ oid }) => oid));
    const shrunk = clocks.filter(({ value }, at) => Number(later[at]?.value) < Number(value));
    expect(shrunk).toEqual([]);
  });

  it.each([1, 7, 25, 100])('GETBULK with %i repetitions equals repeated GETNEXT', async (maxRepetitions) => {
    for (const root of subtrees) {
      const [next, bulk] = [await snmpd.walk(root), await snmpd.bulkwalk(root, { maxRepetitions })];
      expect(bulk.map(({ oid, type }) => [oid, type])).toEqual(next.map(({ oid, type }) => [oid, type]));
      expect(still(bulk)).toEqual(still(next));
    }
  });

  it.each([
    ['v2c', {}],
    ['v3', { version: '3', user }],
  ] as const)('%s shows the same', async (_version, options) => {
    const found = await walkServed(snmpd, options);
    expect(still(found.varBinds)).toEqual(still(walk.varBinds));
  });

  it('v1 shows the same, but for Counter64 which it does not have', async () => {
    for (const root of subtrees) {
      const v1 = await snmpd.walk(root, { version: '1' });
      const expected = walk.varBinds.filter(
        ({ oid, type }) => oid.startsWith(`${root}.`) && type !== 'Counter64',
      );
      expect(v1.map(({ oid }) => oid)).toEqual(expected.map(({ oid }) => oid));
      expect(still(v1)).toEqual(still(expected));
    }
  });

  it('snmptable prints the virtual machines', async () => {
    const table = await snmpd.table('VM-MIB::vmTable', ['-Ci', '-Cw', '200']);
    expect(table).toContain('web');
    expect(table).toContain('running');
    expect(table).toContain('shutdown');
  });

  it('sysORTable lists both modules', async () => {
    const ids = (await snmpd.walk('1.3.6.1.2.1.1.9.1.2')).map(({ value }) => value);
    const texts = (await snmpd.walk('1.3.6.1.2.1.1.9.1.3')).map(({ value }) => value);
    expect(ids).toEqual(expect.arrayContaining(subtrees));
    expect(texts.filter((text) => text.startsWith('libvirt-agentx '))).toHaveLength(2);
  });

  it.each(['vmPerVMNotificationsEnabled', 'vmBulkNotificationsEnabled', 'lveNotifyEnable'])(
    '%s can be set, and read back at once',
    async (name) => {
      const oid = oidOf(name, 0);
      const initial = await served(name, 0);
      const other = initial === '1' ? '2' : '1';
      await snmpd.set(oid, 'i', other);
      expect(await served(name, 0)).toBe(other);
      await expect(snmpd.set(oid, 'i', '3')).rejects.toThrow(/wrongValue/);
      await expect(snmpd.set(oid, 's', 'true')).rejects.toThrow(/wrongType/);
      expect(await served(name, 0)).toBe(other);
      await snmpd.set(oid, 'i', initial ?? '1');
      expect(await served(name, 0)).toBe(initial);
    },
  );

  it('every other object refuses to be written', async () => {
    for (const [name, index, type, value] of [
      ['vmName', 1, 's', 'other'],
      ['vmAdminState', 1, 'i', '4'],
      ['vmNumber', 0, 'i', '7'],
      ['lveDomState', 1, 'i', '5'],
      ['lveConnState', 0, 'i', '3'],
    ] as const) {
      await expect(snmpd.set(oidOf(name, index), type, value)).rejects.toThrow(/notWritable/);
    }
    expect(await served('vmName', 1)).toBe(walk.value('vmName', 1));
  });

  it('rows have the new name of their owner, and the domains that need looking at are named', async () => {
    const until = (what: string, name: string, index: readonly number[], expected: string) =>
      waitUntil(async () => ((await served(name, ...index)) === expected ? true : undefined), {
        what,
        timeoutMs: 30_000,
        context: () => agent.stderr(),
      });
    const off = walk.indexOf('lveDomName', 'off');
    await libvirtd.virsh('domrename', 'off', 'renamed');
    await until('the new name', 'lveDiskRowName', [off, 1], 'renamed:vda');
    await until('the new name', 'lveMemRowName', [off], 'renamed');
    expect(await served('lveDomainsWarningText', 0)).toBe('');
    await libvirtd.virsh('suspend', 'web');
    await until('the domain that is paused', 'lveDomainsWarningText', [0], 'web: paused (user)');
    await libvirtd.virsh('resume', 'web');
    await until('none', 'lveDomainsWarningText', [0], '');
    expect(await served('lveDomainsFailureText', 0)).toBe('');
  });
});
