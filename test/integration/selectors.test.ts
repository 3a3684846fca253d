import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { LibvirtAccess } from '../../src/collect/access/libvirt-access.ts';
import { Collection } from '../../src/collect/collection.ts';
import { WarningBoard } from '../../src/collect/records/warning-board.ts';
import { loadConfig } from '../../src/config/load.ts';
import { type StatSelector, statSelectorNames } from '../../src/config/selectors.ts';
import { initialSnapshot } from '../../src/initial-snapshot.ts';
import type { Procedure } from '../../src/libvirt/protocol.ts';
import { guestInfoTypes, statsFlags, statsGroups } from '../../src/libvirt-enums/flags.ts';
import { silentLogger } from '../../src/log.ts';
import { ServedMib } from '../../src/mib/served-mib.ts';
import { SnapshotStore } from '../../src/model/snapshot-store.ts';
import { IndexStore } from '../../src/state/index-store.ts';
import { biosGuest, linuxGuest, novaMetadata } from '../lab/domain-xml.ts';
import { waitForGuestAgent } from '../lab/guest-agent.ts';
import { makeGuestImage } from '../lab/guest-image.ts';
import { makeQcow2Image, makeRawImage } from '../lab/image.ts';
import { type Libvirtd, startLibvirtd } from '../lab/libvirtd.ts';
import { type RunningJob, startEndlessJob, startUnreadableDisk } from '../lab/provoke.ts';
import { waitUntil } from '../lab/wait.ts';

/** What one collection asked and what it served. */
interface Effect {
  /** Names of procedures, and what tells calls of one procedure apart: {@link partsOf}. */
  readonly calls: ReadonlySet<string>;
  /** Values of each object. */
  readonly values: ReadonlyMap<string, number>;
}

/** What README.md says that a selector brings. */
interface Promised {
  /** Objects that lose values without it: no others do. */
  readonly objects: RegExp;
  /** What is not asked without it; absent where other selectors ask for the same. */
  readonly calls?: readonly string[];
}

const promised: Readonly<Record<StatSelector, Promised>> = {
  cpu_util: { objects: /^lve(DomCpu(Host|Steal)?Percent|VcpuPercent|HostCpuBusy|HostCpuUtil)$/ },
  disk: { objects: /^(vmStorage(Read|Write)|lveDisk(Flush|Read|Write|IoErrors|Threshold))/ },
  disk_err: { objects: /^lveDiskErr/, calls: ['domainGetDiskErrors'] },
  domain_state: { objects: /^lveDomMessage/, calls: ['domainGetMessages'] },
  fs_info: { objects: /^lveFs/, calls: ['domainGetGuestInfo fileSystem'] },
  job_stats_background: { objects: /^lveJob/, calls: ['domainGetJobStats running'] },
  job_stats_completed: { objects: /^lveJob/, calls: ['domainGetJobStats completed'] },
  memory: {
    objects: /^(lveMem|lveHostMem|lveHost.*Mem|vm(Cur|Max)Mem)/,
    calls: ['connectGetAllDomainStats balloon'],
  },
  pcpu: { objects: /^lveDomCpu(User|System)Time$/ },
  perf: { objects: /^lve(Perf|Stat)/, calls: ['connectGetAllDomainStats perf'] },
  vcpu: { objects: /^(lveVcpu(State|WaitTime|DelayTime|Halted)|vmCpuCoreTime|lveDomCpu(Steal|Wait)Time)$/ },
  vcpupin: {
    objects:
      /^(lveVcpu(Pin|Pinned|HostCpu)|lveDomEmulatorPin|lveIothreadPin|lveHostCpu(Pinned|Running)|vmCpuAffinity)/,
    calls: ['domainGetVcpuPinInfo', 'domainGetVcpus', 'domainGetEmulatorPinInfo', 'domainGetIOThreadInfo'],
  },
  disk_physical: { objects: /^lveDiskPhysical$/ },
  disk_allocation: { objects: /^lveDisk(Allocation|AllocPercent)$/ },
  disk_capacity: { objects: /^lveDisk(Capacity|AllocPercent)$/ },
  guest: {
    objects: /^lve(Guest|Nic(Address|Addresses))/,
    calls: ['domainGetGuestInfo os', 'domainGetGuestInfo hostname', 'domainInterfaceAddresses agent'],
  },
  iothread: {
    objects: /^lveIothread/,
    calls: ['connectGetAllDomainStats iothread', 'domainGetIOThreadInfo'],
  },
  dirtyrate: { objects: /^(lveMemDirty|lveStat)/, calls: ['connectGetAllDomainStats dirtyRate'] },
  metadata: { objects: /^lve(Nova|Label)/ },
  iotune: {
    objects: /^lve(Tune|Nic(In|Out)Average)/,
    calls: ['domainGetBlockIoTune', 'domainGetInterfaceParameters'],
  },
  xml: { objects: /^lveXml/ },
  pool: { objects: /^lve(Pool|DiskPool)/, calls: ['connectListAllStoragePools'] },
  network: {
    objects: /^lve(Net|Nic(Address|Addresses))/,
    calls: ['connectListAllNetworks', 'domainInterfaceAddresses lease'],
  },
  raw: { objects: /^lveStat/ },
  stat: { objects: /^lveStat/, calls: ['connectGetAllDomainStats memory', 'connectGetAllDomainStats vm'] },
  snapshot: {
    objects: /^lveDom(Snapshot|Checkpoint)/,
    calls: ['domainListAllSnapshots', 'domainListAllCheckpoints'],
  },
  numa: { objects: /^lve(Numa|HugePage|HostCpuCell)/, calls: ['connectGetCapabilities'] },
  ksm: { objects: /^lveHostKsm/, calls: ['nodeGetMemoryParameters'] },
  sched: { objects: /^lveDomCpu(Shares|Quota|Period)$/, calls: ['domainGetSchedulerParametersFlags'] },
  block_job: { objects: /^lveBlockJob/, calls: ['domainGetBlockJobInfo'] },
  control: { objects: /^lveDomControl/ },
  block_layers: { objects: /^lveStat/, calls: ['connectGetAllDomainStats backing'] },
};

/** What a call asks for, in words. */
interface Asked {
  readonly flags?: number;
  readonly stats?: number;
  readonly types?: number;
}

function partsOf(
  { name, waitsFor }: Pick<Procedure<never, unknown>, 'name' | 'waitsFor'>,
  { flags = 0, stats = 0, types = 0 }: Asked,
): readonly string[] {
  switch (name) {
    case 'connectGetAllDomainStats':
      return [...namesOf(statsGroups, stats), ...namesOf(statsFlags, flags)];
    case 'domainGetGuestInfo':
      return namesOf(guestInfoTypes, types);
    case 'domainGetJobStats':
      return [flags === 0 ? 'running' : 'completed'];
    case 'domainInterfaceAddresses':
      return [waitsFor === 'agent' ? 'agent' : waitsFor === 'network' ? 'lease' : 'arp'];
    default:
      return [];
  }
}

function namesOf(bits: Readonly<Record<string, number>>, asked: number): readonly string[] {
  return Object.keys(bits).filter((name) => ((bits[name] ?? 0) & asked) !== 0);
}

/** Rows of the agent itself that tell of sources, not of what they bring. */
const ofTheAgent = /^lve(Collector|Warning|ExtraStats|Refresh|Conn|Event|Notif|Agent|Config)/;

let libvirtd: Libvirtd;

async function collect(extraStats: string): Promise<Effect> {
  const calls = new Set<string>();
  const spy = vi.spyOn(LibvirtAccess.prototype, 'call');
  const given = {
    'libvirt.uri': libvirtd.uri,
    'libvirt.read_write': 'true',
    'collect.affinity': 'dense',
    // What libvirt 9.0 tells of this guest and no object holds is left out by default.
    'collect.stat_exclude': '[]',
    'collect.extra_stats': extraStats,
  };
  const { config } = await loadConfig({
    file: undefined,
    env: {},
    flags: Object.entries(given).map(([key, text]) => ({ key, option: key, text })),
  });
  const store = new SnapshotStore(initialSnapshot(config, '0', Date.now()));
  const indexes = await IndexStore.load({ place: undefined, logger: silentLogger });
  const collection = new Collection({
    config,
    logger: silentLogger,
    store,
    indexes,
    warnings: new WarningBoard(() => undefined),
    lastEventSeq: () => 0,
  });
  await collection.once(AbortSignal.timeout(30_000));
  for (const [procedure, args] of spy.mock.calls) {
    calls.add(procedure.name);
    for (const part of partsOf(procedure, (args ?? {}) as Asked)) calls.add(`${procedure.name} ${part}`);
  }
  spy.mockRestore();
  await indexes.close();
  const values = new Map<string, number>();
  const tree = new ServedMib({ vmMib: true, root: config.mib.root }).buildTree(store.current);
  const context = { now: Date.now(), masterStartedAt: 0 };
  for (const column of tree.columns) {
    if (ofTheAgent.test(column.name)) continue;
    let known = 0;
    for (let row = 0; row < column.rows.length; row++) {
      if (column.read(row, context) !== undefined) known += 1;
    }
    values.set(column.name, known);
  }
  return { calls, values };
}

async function defineNetwork(name: string): Promise<void> {
  const path = `${libvirtd.imagesPath}/${name}.xml`;
  await writeFile(path, `<network><name>${name}</name></network>`);
  await libvirtd.virsh('net-define', path);
}

function wordsWithout(selector: StatSelector): string {
  return selector === 'raw' ? 'all -raw' : `all -raw -${selector}`;
}

/** What either of two runs asked and served. */
function both(one: Effect, other: Effect): Effect {
  const names = new Set([...one.values.keys(), ...other.values.keys()]);
  return {
    calls: new Set([...one.calls, ...other.calls]),
    values: new Map([...names].map((name) => [name, Math.max(valuesOf(one, name), valuesOf(other, name))])),
  };
}

function valuesOf({ values }: Effect, name: string): number {
  return values.get(name) ?? 0;
}

/** Objects with fewer values. */
function lost(before: Effect, without: Effect): readonly string[] {
  return [...before.values.keys()].filter((name) => valuesOf(without, name) < valuesOf(before, name));
}

function lostBut(expected: RegExp, before: Effect, without: Effect): readonly string[] {
  return lost(before, without).filter((name) => !expected.test(name));
}

describe('without a selector', () => {
  let withAll: Effect;
  let withRaw: Effect;
  let job: RunningJob | undefined;
  let unreadable: Awaited<ReturnType<typeof startUnreadableDisk>> | undefined;

  beforeAll(async () => {
    libvirtd = await startLibvirtd();
    const base = await makeQcow2Image(`${libvirtd.imagesPath}/base.qcow2`, { sizeMib: 16 });
    await libvirtd.run(
      linuxGuest({
        ...(await makeGuestImage()),
        name: 'linux',
        type: libvirtd.domainType,
        commandLine: 'lab.agent lab.fs=vda',
        agentChannel: true,
        vcpus: 2,
        iothreads: 1,
        balloonStatsPeriodSec: 1,
        perfEvents: ['cpu_clock'],
        metadata: novaMetadata(),
        disks: [
          { path: await makeRawImage(`${libvirtd.imagesPath}/fs.raw`, 16) },
          { path: base, format: 'qcow2' },
        ],
        nics: [{}],
      }),
    );
    await libvirtd.define(
      (await libvirtd.virsh('dumpxml', 'linux', '--inactive'))
        .replace('<name>linux</name>', '<name>off</name>')
        .replace(/<uuid>.*<\/uuid>/, '')
        .replace(/<mac address='[^']*'\/>/, '')
        .replace('<os>', '<cputune><shares>512</shares></cputune><os>')
        .replace('</disk>', '<iotune><total_iops_sec>500</total_iops_sec></iotune></disk>'),
    );
    await libvirtd.virsh('pool-define-as', 'images', 'dir', '--target', libvirtd.imagesPath);
    await defineNetwork('isolated');
    await libvirtd.virsh('snapshot-create-as', 'linux', 's1', '--disk-only');
    await waitForGuestAgent(libvirtd, 'linux');
    // Not --live, which libvirt 12.8 no longer has.
    await libvirtd.virsh('dump', 'linux', `${libvirtd.imagesPath}/core`);
    // Once all is copied, the job waits to be told how to end.
    await libvirtd.virsh('blockcopy', 'linux', 'vdb', `${libvirtd.imagesPath}/copy.qcow2`, '--transient-job');
    unreadable = await startUnreadableDisk(libvirtd);
    const { nbdSocketPath } = unreadable;
    await libvirtd.run(
      biosGuest({
        name: 'unreadable',
        type: libvirtd.domainType,
        disks: [{ nbdSocketPath, readErrorPolicy: 'stop', errorPolicy: 'stop' }],
      }),
    );
    await waitUntil(async () => (await libvirtd.virsh('domblkerror', 'unreadable')).includes('vda'), {
      what: 'an error of the disk',
    });
    await libvirtd.run(biosGuest({ name: 'dumping', type: libvirtd.domainType }));
    job = await startEndlessJob(libvirtd, 'dumping', 'dump');
    // On a busy machine a run may end before a guest agent has answered, or before all definitions are read.
    withRaw = both(both(await collect('all'), await collect('all')), await collect('all'));
    withAll = both(both(await collect('all -raw'), await collect('all -raw')), await collect('all -raw'));
  }, 180_000);
  afterAll(async () => {
    await job?.finish();
    await libvirtd.stop();
    await unreadable?.stop();
  });

  it.each(statSelectorNames)(
    '%s',
    async (selector) => {
      const before = selector === 'raw' ? withRaw : withAll;
      const { objects, calls = [] } = promised[selector];
      let without = await collect(wordsWithout(selector));
      // What a guest agent tells may come too late on a busy machine: only what is missing each time is lost.
      for (let tries = 1; tries < 4 && lostBut(objects, before, without).length > 0; tries++) {
        without = both(without, await collect(wordsWithout(selector)));
      }
      expect(lostBut(objects, before, without)).toEqual([]);
      expect(lost(before, without), 'objects that lose values').not.toEqual([]);
      const notMade = [...before.calls].filter((name) => !without.calls.has(name));
      expect(calls.filter((name) => !notMade.includes(name))).toEqual([]);
    },
    60_000,
  );
});
