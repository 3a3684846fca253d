import { osTypeOf } from '../../src/definition/os-type.ts';
import { type CollectorStatus, collectorIds } from '../../src/model/agent.ts';
import {
  type BlockJob,
  type Disk,
  type DiskError,
  type DiskFacts,
  diskRow,
  type IoTune,
} from '../../src/model/disk.ts';
import type { Domain, DomainFacts, DomainSpec } from '../../src/model/domain.ts';
import {
  type CpuSettings,
  cpuRow,
  type DomainCpu,
  type DomainMemory,
  memoryRow,
} from '../../src/model/domain-figures.ts';
import type { LoggedEvent } from '../../src/model/event.ts';
import { type Fleet, noFleet } from '../../src/model/fleet.ts';
import type { FileSystem, Guest } from '../../src/model/guest.ts';
import type { Host } from '../../src/model/host.ts';
import { type Iothread, iothreadRow } from '../../src/model/iothread.ts';
import type { Job } from '../../src/model/job.ts';
import { type Nic, type NicFacts, nicRow } from '../../src/model/nic.ts';
import type { Snapshot } from '../../src/model/snapshot.ts';
import { type AffinityCell, type Vcpu, type VcpuPin, vcpuRow } from '../../src/model/vcpu.ts';
import { SampleReader } from './sample-reader.ts';

// Snapshots to test against: a rich one that has at least a row in every table, and builders whose
// defaults are the quiet case. Nothing here depends on the clock or on chance.

/** 2026-11-21T12:00:00Z */
export const SAMPLE_NOW = Date.UTC(2026, 10, 21, 12, 0, 0);

const seconds = (count: number): number => count * 1000;
const gib = 2 ** 30;
/** GiB in KiB, in which libvirt counts memory. */
const mib = 2 ** 20;

/** Hard-coded, because hrDeviceIndex of the first processor is 3 << 16 in Net-SNMP. */
const FIRST_PROCESSOR = 196608;

export function sampleUuid(index: number): string {
  return `00000000-0000-4000-8000-${index.toString(16).padStart(12, '0')}`;
}

function samplePin(list: string, pinned: boolean, affinity?: readonly AffinityCell[]): VcpuPin {
  return { list, pinned, cpus: list.split('-').map(Number), affinity };
}

export function sampleVcpu(parts: Partial<Vcpu> = {}): Vcpu {
  const number = parts.number ?? 0;
  const read = new SampleReader({
    state: 1,
    time: 61_000_000_000 + number * 1000,
    wait: 12_000_000,
    delay: 34_000_000,
    halted: false,
    '=percent': 2550,
  });
  return { ...vcpuRow(read, number, number % 2, samplePin('0-1', false)), ...parts };
}

export function sampleIothread(parts: Partial<Iothread> = {}): Iothread {
  const read = new SampleReader({
    'poll-max-ns': 32_768,
    'poll-grow': 2,
    'poll-shrink': 0,
    'poll-weight': 1,
  });
  return { ...iothreadRow(read, 1, '0'), ...parts };
}

/** Facts may be given beside figures. */
export function sampleDisk(parts: Partial<Disk & DiskFacts> = {}, active = true): Disk {
  const facts: DiskFacts = {
    index: 1,
    target: 'vda',
    device: 'disk',
    type: 'file',
    source: '/var/lib/libvirt/images/web-01.qcow2',
    pool: 'default',
    image: 'web-01.qcow2',
    serial: 'b1f2',
    bus: 'virtio',
    format: 'qcow2',
    cache: 'none',
    discard: 'unmap',
    shared: false,
    readOnly: false,
    chainDepth: 2,
    vmSizeUnit: 1024,
    discontinuityAt: undefined,
  };
  const read = new SampleReader(
    {
      capacity: 20 * gib,
      allocation: 5 * gib,
      physical: 5 * gib + 65_536,
      threshold: 4 * gib,
      'rd.reqs': 1200,
      'rd.bytes': 48_000_000,
      'rd.times': 900_000_000,
      'wr.reqs': 3400,
      'wr.bytes': 96_000_000,
      'wr.times': 1_800_000_000,
      'fl.reqs': 55,
      'fl.times': 66_000_000,
      errors: 0,
      '=readLatency': 750,
      '=writeLatency': 529,
      '=flushLatency': 1200,
    },
    active,
  );
  const given = pick({ ...facts, ...parts }, facts);
  const row = diskRow(read, parts.facts ?? given);
  return { ...pick({ ...row, ...parts }, row), facts: row.facts };
}

/** Facts may be given beside figures. */
export function sampleNic(parts: Partial<Nic & NicFacts> = {}): Nic {
  const facts: NicFacts = {
    index: 1,
    key: parts.mac ?? '52:54:00:12:34:56',
    mac: '52:54:00:12:34:56',
    target: 'vnet0',
    type: 'network',
    source: 'default',
    model: 'virtio',
    alias: 'net0',
    portId: '4a8e0c11-0000-4000-8000-0000000000aa',
    mtuBytes: 1500,
    link: 'up',
    discontinuityAt: undefined,
  };
  const read = new SampleReader({
    'rx.bytes': 123_456_789,
    'rx.pkts': 456_789,
    'rx.errs': 0,
    'rx.drop': 3,
    'tx.bytes': 98_765_432,
    'tx.pkts': 345_678,
    'tx.errs': 0,
    'tx.drop': 0,
  });
  const row = nicRow(
    read,
    parts.facts ?? pick({ ...facts, ...parts }, facts),
    { ifIndex: 7, parentIfIndex: 3 },
    { inAverageBytes: 1_250_000, outAverageBytes: 1_250_000 },
    { text: '192.0.2.7/24 2001:db8::7/64', source: 'lease', seenAt: SAMPLE_NOW - seconds(12) },
  );
  return { ...pick({ ...row, ...parts }, row), facts: row.facts };
}

/** The fields of an object that another one has too. */
function pick<Part extends object>(whole: Part, fields: Part): Part {
  return Object.fromEntries(Object.keys(fields).map((name) => [name, whole[name as keyof Part]])) as Part;
}

export function sampleCpu(parts: Partial<DomainCpu> = {}, active = true): DomainCpu {
  const settings: CpuSettings = { shares: 1024, quotaUs: -1, periodUs: 100_000, emulatorPin: '0-1' };
  const read = new SampleReader(
    {
      'cpu.time': 122_000_000_000,
      'cpu.user': 90_000_000_000,
      'cpu.system': 32_000_000_000,
      'cpu.haltpoll.success.time': 1_000_000,
      'cpu.haltpoll.fail.time': 2_000_000,
      'vcpu.current': 2,
      'vcpu.maximum': 4,
      '=steal': 68_000_000,
      '=wait': 24_000_000,
      '=hostPercent': 1275,
      '=percent': 2550,
      '=stealPercent': 12,
    },
    active,
  );
  return { ...cpuRow(read, settings), ...parts };
}

export function sampleMemory(parts: Partial<DomainMemory> = {}, active = true): DomainMemory {
  const read = new SampleReader(
    {
      'balloon.current': 2 * mib,
      'balloon.maximum': 4 * mib,
      'balloon.rss': 1.5 * mib,
      'balloon.available': 2 * mib - 64,
      'balloon.unused': 0.5 * mib,
      'balloon.usable': mib,
      'balloon.disk_caches': 0.25 * mib,
      'balloon.swap_in': 0,
      'balloon.swap_out': 4,
      'balloon.major_fault': 17,
      'balloon.minor_fault': 170_000,
      'balloon.hugetlb_pgalloc': 1,
      'balloon.hugetlb_pgfail': 0,
      'balloon.last-update': (SAMPLE_NOW - seconds(4)) / 1000,
      'dirtyrate.calc_status': 2,
      'dirtyrate.megabytes_per_second': 12,
      'dirtyrate.calc_period': 1,
      'dirtyrate.calc_mode': 'page-sampling',
    },
    active,
  );
  return { ...memoryRow(read, 1024), ...parts };
}

export function sampleSpec(parts: Partial<DomainSpec> = {}): DomainSpec {
  return {
    title: 'Web front end',
    description: 'First of three',
    virtType: 'kvm',
    osType: 'hvm',
    arch: 'x86_64',
    machine: 'pc-q35-7.2',
    emulator: '/usr/bin/qemu-system-x86_64',
    firmware: 'efi',
    cpuMode: 'host-passthrough',
    cpuModel: 'Skylake-Server',
    cpuSockets: 1,
    cpuCores: 2,
    cpuThreads: 1,
    numaCells: 1,
    hugePageBytes: 2 * 1024 * 1024,
    osInfo: 'http://debian.org/debian/12',
    graphics: 'vnc:127.0.0.1:5900',
    hostDevices: 1,
    hostDeviceText: 'pci:0000:03:00.0',
    hash: 'ab'.repeat(32),
    lastChangeAt: SAMPLE_NOW - seconds(86_400),
    pendingChange: true,
    ...parts,
  };
}

const diskError: DiskError = {
  diskIndex: 2,
  target: 'vdb',
  code: 'noSpace',
  since: SAMPLE_NOW - seconds(90),
};

const ioTune: IoTune = {
  diskIndex: 1,
  target: 'vda',
  totalBytes: 10_000_000,
  readBytes: 6_000_000,
  writeBytes: 4_000_000,
  totalIops: 1000,
  readIops: 600,
  writeIops: 400,
  totalBytesMax: 20_000_000,
  readBytesMax: 12_000_000,
  writeBytesMax: 8_000_000,
  totalIopsMax: 2000,
  readIopsMax: 1200,
  writeIopsMax: 800,
  totalBytesMaxLengthSec: 10,
  readBytesMaxLengthSec: 11,
  writeBytesMaxLengthSec: 12,
  totalIopsMaxLengthSec: 13,
  readIopsMaxLengthSec: 14,
  writeIopsMaxLengthSec: 15,
  sizeIopsBytes: 4096,
  groupName: 'gold',
};

const blockJob: BlockJob = {
  diskIndex: 1,
  target: 'vda',
  type: 'activeCommit',
  current: 40,
  end: 100,
  percent: 4000,
  bandwidthBytes: 0,
  since: SAMPLE_NOW - seconds(30),
};

const guest: Guest = {
  agentState: 'connected',
  hostname: 'web-01.example.net',
  osId: 'debian',
  osName: 'Debian GNU/Linux 12 (bookworm)',
  osVersion: '12',
  kernel: '6.1.0-28-amd64',
  machine: 'x86_64',
  timezone: 'CET',
  timeOffsetSec: 3600,
  users: 2,
  load1: 125,
  load5: 80,
  load15: 42,
  infoAt: SAMPLE_NOW - seconds(55),
};

const fileSystem: FileSystem = {
  index: 1,
  mountPoint: '/srv/Überblick',
  device: 'vda1',
  type: 'ext4',
  disks: 'vda',
  totalBytes: 19 * gib,
  usedBytes: 4 * gib,
  usedPercent: 2105,
};

export const sampleJob: Job = {
  kind: 'background',
  type: 'unbounded',
  operation: 'migrationOut',
  elapsedMs: 4200,
  remainingMs: 1800,
  percent: 7000,
  dataTotalBytes: 2 * gib,
  dataProcessedBytes: 1.4 * gib,
  dataRemainingBytes: 0.6 * gib,
  memoryBytesPerSec: 350_000_000,
  dirtyPagesPerSec: 900,
  iteration: 2,
  downtimeMs: 120,
  throttle: 2000,
  success: undefined,
  errorText: undefined,
  time: SAMPLE_NOW - seconds(4),
  stats: [
    { name: 'memory_dirty_rate', type: 'ullong', value: 900, text: '900' },
    { name: 'operation', type: 'int', value: 5, text: '5' },
    { name: 'rate', type: 'double', value: undefined, milli: 1500, text: '1.5' },
  ],
};

/** Facts may be given beside the rest. */
type DomainParts = Partial<Domain & DomainFacts>;

/** A domain that runs, with everything else empty or unknown. */
export function sampleDomain(parts: DomainParts = {}): Domain {
  const index = parts.index ?? 1;
  const facts: DomainFacts = {
    uuid: sampleUuid(index),
    name: `domain-${index}`,
    presence: 'present',
    goneAt: undefined,
    id: index,
    active: true,
    persistent: true,
    autostart: true,
    stateKnown: true,
    state: 'running',
    reason: 1,
    stateText: 'running (booted)',
    severity: 'okay',
    stateSince: SAMPLE_NOW - seconds(3600),
    stateChanges: 1,
    operState: 'running',
    adminState: 'running',
    osType: osTypeOf(parts.spec, parts.guest),
    startedAt: SAMPLE_NOW - seconds(3600),
    upSince: SAMPLE_NOW - seconds(3600),
    startSource: 'event',
    discontinuityAt: undefined,
    statsStatus: 'ok',
    control: undefined,
    managedSave: undefined,
    snapshots: undefined,
    oldestSnapshotAt: undefined,
    checkpoints: undefined,
    messages: undefined,
    lastEventSeq: 0,
  };
  const rest: Omit<Domain, 'facts'> = {
    index,
    statsAt: SAMPLE_NOW - seconds(3),
    spec: undefined,
    nova: undefined,
    labels: [],
    xmlChunks: [],
    cpu: undefined,
    memory: undefined,
    vcpus: [],
    iothreads: [],
    disks: [],
    diskErrors: [],
    ioTunes: [],
    blockJobs: [],
    nics: [],
    guest: undefined,
    fileSystems: [],
    jobs: [],
    perf: [],
    stats: [],
  };
  const given = { ...facts, ...rest, ...parts };
  return { ...pick(given, rest), facts: parts.facts ?? pick(given, facts) };
}

/** The same domain with other facts. */
export function withFacts(domain: Domain, facts: Partial<DomainFacts>): Domain {
  return { ...domain, facts: { ...domain.facts, ...facts } };
}

/** A defined domain that is shut off. */
export function sampleInactiveDomain(parts: DomainParts = {}): Domain {
  return sampleDomain({
    id: undefined,
    active: false,
    state: 'shutoff',
    reason: 1,
    stateText: 'shut off (shutdown)',
    operState: 'shutdown',
    adminState: 'shutdown',
    startedAt: undefined,
    upSince: undefined,
    startSource: undefined,
    statsStatus: 'inactive',
    statsAt: undefined,
    ...parts,
  });
}

/** A domain that has ceased to exist. */
export function sampleGoneDomain(parts: DomainParts = {}): Domain {
  return sampleInactiveDomain({
    presence: 'gone',
    goneAt: SAMPLE_NOW - seconds(120),
    persistent: false,
    autostart: undefined,
    ...parts,
  });
}

export function sampleEvent(parts: Partial<LoggedEvent> = {}): LoggedEvent {
  return {
    seq: 1,
    at: SAMPLE_NOW - seconds(3600),
    kind: 'started',
    detail: 0,
    name: 'started/booted',
    severity: 'okay',
    domainIndex: 1,
    subjectName: 'web-01',
    subjectUuid: sampleUuid(1),
    text: 'The domain was started.',
    notified: true,
    ...parts,
  };
}

export function sampleHost(parts: Partial<Host> = {}): Host {
  return {
    hostname: 'hv1.example.net',
    hvSoftware: 'QEMU',
    hvVersion: '7.2.0',
    hvObjectId: [1, 3, 6, 1, 4, 1, 36957],
    bootedAt: SAMPLE_NOW - seconds(10 * 86_400),
    cpuModel: 'x86_64',
    cpusOnline: 2,
    cpusPresent: 2,
    mhz: 2400,
    numaCells: 1,
    sockets: 1,
    cores: 2,
    threads: 1,
    userUs: 5_000_000_000,
    kernelUs: 1_000_000_000,
    idleUs: 900_000_000_000,
    iowaitUs: 20_000_000,
    intrUs: 3_000_000,
    guestUs: 4_000_000_000,
    cpuUtil: 1301,
    memTotalBytes: 64 * gib,
    memFreeBytes: 20 * gib,
    memBuffersBytes: gib,
    memCachedBytes: 10 * gib,
    memAvailableBytes: 30 * gib,
    memUsedPercent: 5156,
    vcpusActive: 3,
    vcpusDefined: 6,
    cpuOvercommit: 150,
    memActiveBytes: 3 * gib,
    memDefinedBytes: 7 * gib,
    memOvercommit: 8,
    memRssBytes: 2 * gib,
    ksmPagesShared: 10,
    ksmPagesSharing: 20,
    ksmPagesUnshared: 30,
    ksmPagesVolatile: 40,
    ksmFullScans: 50,
    cpus: [0, 1].map((number) => ({
      number,
      online: true,
      cell: 0,
      userUs: 2_500_000_000,
      kernelUs: 500_000_000,
      idleUs: 450_000_000_000,
      iowaitUs: 10_000_000,
      busy: 1300 + number,
      pinnedVcpus: number === 0 ? 1 : 0,
      runningVcpus: 1,
    })),
    cells: [{ cell: 0, memTotalBytes: 64 * gib, memFreeBytes: 20 * gib, cpus: '0-1' }],
    hugePages: [
      { cell: 0, sizeKib: 2048, total: 1024, free: 512 },
      { cell: 0, sizeKib: 1_048_576, total: 0, free: 0 },
    ],
    ...parts,
  };
}

function sampleCollector(id: CollectorStatus['id']): CollectorStatus {
  return {
    id,
    enabled: id !== 'raw',
    support: id === 'raw' ? 'unknown' : 'supported',
    intervalSec: id === 'guestAgent' ? 60 : 10,
    lastSuccessAt: id === 'raw' ? undefined : SAMPLE_NOW - seconds(3),
    durationMs: id === 'raw' ? undefined : 12,
    runs: id === 'raw' ? 0 : 360,
    errors: 0,
    timeouts: 0,
    lastError: '',
  };
}

/** An agent that has been connected for an hour to a host without any domain. */
export function sampleEmptySnapshot(parts: Partial<Snapshot> = {}): Snapshot {
  return {
    generation: 1,
    at: SAMPLE_NOW,
    agent: {
      version: '0.1.0',
      startedAt: SAMPLE_NOW - seconds(7200),
      uri: 'qemu:///system',
      connState: 'connected',
      connSince: SAMPLE_NOW - seconds(7199),
      reconnects: 1,
      connLastError: '',
      readOnly: true,
      libvirtVersion: '9.0.0',
      intervalSec: 10,
      refreshEndedAt: SAMPLE_NOW - seconds(3),
      refreshDurationMs: 87,
      refreshCount: 720,
      refreshErrors: 2,
      refreshOverruns: 0,
      extraStats: 'disk pcpu vcpu',
      retentionSec: 600,
      domainsChangedAt: SAMPLE_NOW - seconds(120),
      configChangedAt: SAMPLE_NOW - seconds(1800),
    },
    host: sampleHost(),
    domains: [],
    pools: [],
    networks: [],
    collectors: collectorIds.map((id) => sampleCollector(id)),
    warnings: [],
    events: { maxEntries: 1000, maxAgeSec: 0, persistent: true, logged: 0, newestSeq: 0, entries: [] },
    notify: {
      enabled: true,
      perVm: true,
      bulk: false,
      holdoffSec: 30,
      maxPerMinute: 60,
      sent: 5,
      suppressed: 1,
    },
    fleet: noFleet,
    ...parts,
  };
}

/**
 * A rich snapshot: two running domains (one of them has a row in every table), one shut off, one gone, odd
 * names, 64-bit values beyond what a double holds.
 */
export function sampleSnapshot(): Snapshot {
  const affinity = [0, 1].map((number) => ({
    physIndex: FIRST_PROCESSOR + number,
    affinity: number === 0 ? ('enable' as const) : ('disable' as const),
  }));
  const web = sampleDomain({
    index: 1,
    name: 'web-01',
    id: 11,
    discontinuityAt: SAMPLE_NOW - seconds(3600),
    control: { state: 'job', stateTimeMs: 250 },
    managedSave: false,
    snapshots: 1,
    oldestSnapshotAt: SAMPLE_NOW - seconds(40 * 86_400),
    checkpoints: 0,
    messages: ['tainted: custom-argv', 'deprecated: machine type'],
    lastEventSeq: 42,
    spec: sampleSpec(),
    nova: {
      instanceName: 'web-01',
      flavor: 'm1.small',
      projectName: 'demo',
      projectId: '0123456789abcdef0123456789abcdef',
      userName: 'alice',
      userId: 'fedcba9876543210fedcba9876543210',
      imageId: '6f1ed002-ab5c-4e2f-8bd6-0000000000bb',
      rootType: 'image',
      creationAt: SAMPLE_NOW - seconds(30 * 86_400),
      package: '25.1.0',
      flavorVcpus: 2,
      flavorMemoryBytes: 2 * gib,
    },
    labels: [
      { name: 'cost-centre', value: '4711' },
      { name: 'env', value: 'production' },
    ],
    xmlChunks: [
      { number: 1, octets: Buffer.from('<domain type="kvm">'.padEnd(1024)) },
      { number: 2, octets: Buffer.from('</domain>') },
    ],
    cpu: sampleCpu(),
    memory: sampleMemory(),
    vcpus: [
      sampleVcpu({ number: 0, pin: samplePin('0', true, affinity) }),
      // libvirt numbers vCPUs with gaps after a hot-unplug.
      sampleVcpu({ number: 3, state: 'blocked', timeUs: 2n ** 63n + 1n, halted: true }),
    ],
    iothreads: [sampleIothread()],
    disks: [
      sampleDisk(),
      sampleDisk({
        index: 2,
        target: 'vdb',
        type: 'network',
        source: 'rbd:volumes/volume-1',
        vmSourceType: 'network',
        vmSizeUnit: 1_048_576,
        capacityBytes: 3 * 1024 * gib,
        format: 'raw',
        image: 'volume-1',
        pool: 'volumes',
        device: 'lun',
      }),
      sampleDisk({
        index: 3,
        target: 'sda',
        device: 'cdrom',
        source: undefined,
        bus: 'sata',
        readOnly: true,
        capacityBytes: undefined,
        allocationBytes: undefined,
        vmSourceType: 'unknown',
      }),
    ],
    diskErrors: [diskError],
    ioTunes: [ioTune],
    blockJobs: [blockJob],
    nics: [
      sampleNic(),
      sampleNic({
        index: 2,
        mac: '52:54:00:12:34:57',
        target: undefined,
        links: { ifIndex: 0, parentIfIndex: 0 },
        model: 'e1000',
      }),
    ],
    guest,
    fileSystems: [fileSystem],
    jobs: [
      sampleJob,
      {
        ...sampleJob,
        kind: 'completed',
        type: 'failed',
        operation: 'backup',
        success: false,
        errorText: 'operation aborted: stopped by client',
        stats: [{ name: 'time_elapsed', type: 'ullong', value: 9000, text: '9000' }],
      },
    ],
    perf: [
      { event: 1, name: 'cmt', value: undefined, gauge: 5_242_880 },
      { event: 4, name: 'cache_misses', value: 77_777, gauge: undefined },
      { event: 1000, name: 'new_event', value: 1, gauge: undefined },
    ],
    // Not in the order of the wire, which has shorter names first.
    stats: [
      {
        name: 'block.0.limits.queue_depth_max',
        type: 'double',
        value: undefined,
        milli: 12_500,
        text: '12.5',
      },
      { name: 'vcpu.0.exits.sum', type: 'ullong', value: 2n ** 64n - 1n, text: '18446744073709551615' },
      { name: 'vm.remote_tlb_flush.sum', type: 'ullong', value: 12, text: '12' },
    ],
  });
  const odd = sampleDomain({
    index: 2,
    name: 'größe "zwei"\u0007',
    id: 12,
    state: 'paused',
    reason: 5,
    stateText: 'paused (I/O error)',
    severity: 'failure',
    operState: 'paused',
    adminState: 'running',
    autostart: undefined,
    statsStatus: 'blocked',
    statsAt: SAMPLE_NOW - seconds(300),
    cpu: sampleCpu({ percent: undefined, vcpusCurrent: 1, vcpusMaximum: 2 }),
    memory: sampleMemory({ vmMemUnit: 1_048_576, maximumBytes: 3 * 1024 * gib }),
    vcpus: [sampleVcpu()],
    nics: [sampleNic({ mac: '52:54:00:65:43:21', links: { ifIndex: 9, parentIfIndex: 3 } })],
    spec: sampleSpec({ osInfo: undefined, title: 'Ü'.repeat(200) }),
  });
  const off = sampleInactiveDomain({
    index: 4,
    name: 'backup',
    autostart: false,
    spec: sampleSpec({ title: undefined }),
    disks: [sampleDisk({ source: '/dev/vg0/backup', type: 'block', format: 'raw' }, false)],
    cpu: sampleCpu({}, false),
    memory: sampleMemory({}, false),
  });
  const gone = sampleGoneDomain({ index: 7, name: 'job-runner-17', lastEventSeq: 43 });
  return sampleEmptySnapshot({
    domains: [web, odd, off, gone],
    pools: [
      {
        index: 1,
        name: 'default',
        uuid: sampleUuid(101),
        type: 'dir',
        path: '/var/lib/libvirt/images',
        state: 'running',
        autostart: true,
        capacityBytes: 500 * gib,
        allocationBytes: 200 * gib,
        availableBytes: 300 * gib,
        usedPercent: 4000,
        volumes: 12,
        provisionedBytes: 800 * gib,
        overcommit: 160,
        figuresSource: 'libvirt',
        figuresAt: SAMPLE_NOW - seconds(90),
        stateAt: SAMPLE_NOW - seconds(3),
      },
    ],
    networks: [
      {
        index: 1,
        name: 'default',
        uuid: sampleUuid(201),
        active: true,
        autostart: true,
        bridge: 'virbr0',
        forward: 'nat',
        leases: 2,
        ports: 2,
      },
    ],
    warnings: [
      { index: 1, code: 'rootIsExperimental', text: 'Set mib_root.', since: SAMPLE_NOW - seconds(7200) },
    ],
    events: {
      maxEntries: 1000,
      maxAgeSec: 0,
      persistent: true,
      logged: 43,
      newestSeq: 43,
      entries: [
        sampleEvent({
          seq: 41,
          kind: 'connectionUp',
          name: 'connectionUp',
          domainIndex: 0,
          subjectName: '',
          subjectUuid: '',
        }),
        sampleEvent({ seq: 42 }),
        sampleEvent({
          seq: 43,
          at: SAMPLE_NOW - seconds(120),
          kind: 'stopped',
          detail: 3,
          name: 'stopped/migrated',
          domainIndex: 7,
          subjectName: 'job-runner-17',
          subjectUuid: sampleUuid(7),
          text: 'The domain moved to hv2.',
          notified: false,
        }),
      ],
    },
    fleet: sampleHypervisors(),
  });
}

/** Two hypervisors: one that is well, and one that was never reached. */
export function sampleHypervisors(): Fleet {
  const { agent, host } = sampleEmptySnapshot();
  const never = {
    ...agent,
    uri: 'qemu+tls://hv2.example.net/system',
    connState: 'disconnected',
    connSince: SAMPLE_NOW - seconds(7190),
    connLastError: 'hv2.example.net:16514: connect ECONNREFUSED',
    libvirtVersion: undefined,
    refreshEndedAt: undefined,
    refreshDurationMs: undefined,
    refreshCount: 0,
  } as const;
  const unknown = { ...host, hostname: undefined, hvSoftware: undefined, hvVersion: undefined };
  return {
    hypervisors: [
      { name: 'hv1', isDefault: true, agent, host, domains: [sampleDomain({ index: 1 })], conditions: 1 },
      { name: 'hv2', isDefault: false, agent: never, host: unknown, domains: [], conditions: 0 },
    ],
    events: [{ hypervisor: 'hv1', event: sampleEvent({ seq: 42 }) }],
  };
}

/** A host of the given size for tests of speed: every domain runs and has the same devices. */
export function sampleFleet(size: {
  readonly domains: number;
  readonly vcpus: number;
  readonly disks: number;
  readonly nics: number;
  /** Host CPUs in vmCpuAffinityTable; 0 for none. */
  readonly affinity?: number;
}): Snapshot {
  const cells = Array.from({ length: size.affinity ?? 0 }, (_, number) => ({
    physIndex: FIRST_PROCESSOR + number,
    affinity: 'enable' as const,
  }));
  const affinity = cells.length > 0 ? cells : undefined;
  const numbers = (count: number): number[] => Array.from({ length: count }, (_, number) => number);
  return sampleEmptySnapshot({
    domains: numbers(size.domains).map((position) =>
      sampleDomain({
        index: position + 1,
        spec: sampleSpec(),
        cpu: sampleCpu(),
        memory: sampleMemory(),
        vcpus: numbers(size.vcpus).map((number) =>
          sampleVcpu({ number, pin: samplePin('0-1', false, affinity) }),
        ),
        disks: numbers(size.disks).map((number) => sampleDisk({ index: number + 1, target: `vd${number}` })),
        nics: numbers(size.nics).map((number) => sampleNic({ index: number + 1 })),
      }),
    ),
  });
}
