import type { ImageTree } from '../image/image-tree.ts';
import { domainStates } from '../libvirt-enums/domain-state.ts';
import { firstIndex } from './cells.ts';
import { DomainRows, scaled } from './domain-rows.ts';
import { Frame } from './frame.ts';

// What LibreNMS's application "hv-monitor" reads (metacpan.org/dist/HV-Monitor, version 1 of its JSON). The names are
// those of that page and of LibreNMS's own recording of it. What libvirt does not tell is null, which LibreNMS keeps as
// unknown: what `ps` says of a QEMU process (context switches, blocks, swaps) and the sizes of snapshots.

/** What LibreNMS gets of an application: `error` is 0, or `errorString` says what is wrong. */
export interface HvMonitorReport {
  readonly version: 1;
  readonly error: number;
  readonly errorString: string;
  readonly data: HvMonitorData | Readonly<Record<string, never>>;
}

type Numbers<Key extends string> = Readonly<Record<Key, number | null>>;

interface HvMonitorData {
  readonly hv: 'libvirt';
  /** By name. */
  readonly VMs: Readonly<Record<string, Vm>>;
  readonly totals: Numbers<SummedKey | StateKey>;
}

/** Times of disks in milliseconds, sizes in bytes. */
const diskKeys = ['rbytes', 'rtime', 'rreqs', 'wbytes', 'wtime', 'wreqs', 'ftime', 'freqs'] as const;
const sizeKeys = ['in_use', 'on_disk', 'alloc'] as const;
const nicKeys = [
  ...['ipkts', 'ierrs', 'ibytes', 'idrop'],
  ...['opkts', 'oerrs', 'obytes', 'odrop', 'coll'],
] as const satisfies readonly string[];
/** Of the process: CPU times and time since the start in seconds, memory in bytes, shares in percent of one CPU or the host. */
const processKeys = [
  ...(['usertime', 'systime', 'pcpu', 'pmem', 'rss', 'vsz', 'etimes', 'cpus', 'mem_alloc'] as const),
  ...([
    'snaps',
    'snaps_size',
    'oublk',
    'inblk',
    'minflt',
    'majflt',
    'nvcsw',
    'nivcsw',
    'cow',
    'nswap',
  ] as const),
] as const;
const stateKeys = [
  ...(['on', 'off', 'off_hard', 'off_soft', 'unknown'] as const),
  ...(['paused', 'crashed', 'blocked', 'nostate', 'pmsuspended'] as const),
] as const;

type DiskKey = (typeof diskKeys)[number];
type SizeKey = (typeof sizeKeys)[number];
type NicKey = (typeof nicKeys)[number];
type StateKey = (typeof stateKeys)[number];
type SummedKey = (typeof processKeys)[number] | DiskKey | `disk_${SizeKey}` | NicKey;

type Disk = Numbers<DiskKey | SizeKey>;
type Nic = Numbers<NicKey> & { readonly mac: string; readonly if: string; readonly parent: string };
type Vm = Numbers<SummedKey> & {
  readonly status_int: number;
  readonly os_type: string;
  readonly ip: string;
  readonly console: string;
  readonly console_type: string;
  readonly disks: Readonly<Record<string, Disk>>;
  readonly ifs: Readonly<Record<string, Nic>>;
};

const columns: readonly string[] = [
  ...['lveDomName', 'lveDomState', 'lveDomPresence', 'lveDomUptime', 'lveDomSnapshots'],
  ...['vmCurCpuNumber', 'vmCpuTime', 'lveDomCpuUserTime', 'lveDomCpuSystemTime'],
  ...['lveMemMaximum', 'lveMemRss', 'lveHostMemTotal'],
  ...['lveDiskTarget', 'lveDiskCapacity', 'lveDiskAllocation', 'lveDiskPhysical'],
  ...['lveDiskFlushRequests', 'lveDiskFlushTime', 'vmStorageReadIOs', 'vmStorageWriteIOs'],
  ...['vmStorageReadOctets', 'vmStorageWriteOctets', 'vmStorageReadLatency', 'vmStorageWriteLatency'],
  ...['lveNicTarget', 'lveNicMac', 'lveNicSource', 'lveNicAddresses'],
  ...['lveNicRxBytes', 'lveNicRxPackets', 'lveNicRxErrors', 'lveNicRxDrops'],
  ...['lveNicTxBytes', 'lveNicTxPackets', 'lveNicTxErrors', 'lveNicTxDrops'],
];

/** As HV::Monitor counts them: a guest that shuts down is softly off, one that is shut off is hard off. */
const stateOf: Readonly<Record<(typeof domainStates)[number], StateKey>> = {
  nostate: 'nostate',
  running: 'on',
  blocked: 'blocked',
  paused: 'paused',
  shutdown: 'off_soft',
  shutoff: 'off_hard',
  crashed: 'crashed',
  pmsuspended: 'pmsuspended',
};

/**
 * A snapshot as the application reads it: the domains that exist, on or off.
 *
 * @param now milliseconds since 1970, which uptimes are worked out by
 */
export function hvMonitorReport(tree: ImageTree, now: number): HvMonitorReport {
  const frame = new Frame(tree, columns, { isKept: false });
  const names = frame.rows('lveDomName');
  const vms = new Map<string, Vm>();
  const states = Object.fromEntries(stateKeys.map((key) => [key, 0])) as Record<StateKey, number>;
  for (let row = 0; row < names.length; row++) {
    if (frame.number('lveDomPresence', row) !== 1) continue;
    const state = frame.number('lveDomState', row) ?? 0;
    const name = domainStates[state];
    states[name === undefined ? 'unknown' : stateOf[name]] += 1;
    vms.set(frame.text('lveDomName', row), vmOf(frame, { domain: firstIndex(names, row), state, now }));
  }
  const summed = [...processKeys, ...diskKeys, ...sizeKeys.map((key) => `disk_${key}` as const), ...nicKeys];
  const totals = { ...states, ...sumOf(summed as readonly SummedKey[], [...vms.values()]) };
  // An object made of entries keeps a domain whose name is __proto__.
  return {
    version: 1,
    error: 0,
    errorString: '',
    data: { hv: 'libvirt', VMs: Object.fromEntries(vms), totals },
  };
}

/** What the application gets where libvirt could not be asked. */
export function hvMonitorFailure(reason: string): HvMonitorReport {
  return { version: 1, error: 1, errorString: reason, data: {} };
}

interface Machine {
  /** Its lveDomIndex. */
  readonly domain: number;
  readonly state: number;
  readonly now: number;
}

function vmOf(frame: Frame, { domain, state, now }: Machine): Vm {
  const own = new DomainRows(frame, domain);
  const disks = Object.fromEntries(
    own.rows('lveDiskTarget').map((row) => [frame.text('lveDiskTarget', row), diskOf(frame, row)]),
  );
  const nics = own.rows('lveNicMac');
  const ifs = Object.fromEntries(nics.map((row, at) => [`nic${at}`, nicOf(frame, row)]));
  // The cell of an age is the moment it counts from.
  const startedAt = own.number('lveDomUptime');
  const uptime = startedAt === undefined ? undefined : Math.max(0, Math.floor((now - startedAt) / 1000));
  const rss = own.number('lveMemRss');
  const diskList = Object.values(disks);
  return {
    ...unknown,
    status_int: state,
    os_type: '',
    ip: nics.map((row) => frame.text('lveNicAddresses', row).split(/[ /]/)[0] ?? '').find(Boolean) ?? '',
    console: '',
    console_type: '',
    cpus: own.number('vmCurCpuNumber') ?? null,
    mem_alloc: own.number('lveMemMaximum') ?? null,
    usertime: own.scaled('lveDomCpuUserTime', 1e-6) ?? null,
    systime: own.scaled('lveDomCpuSystemTime', 1e-6) ?? null,
    pcpu: percent(own.scaled('vmCpuTime', 1e-6), uptime),
    pmem: percent(rss, frame.number('lveHostMemTotal', 0)),
    rss: rss ?? null,
    etimes: uptime ?? null,
    snaps: own.number('lveDomSnapshots') ?? null,
    ...sumOf(diskKeys, diskList),
    disk_in_use: sumOf(sizeKeys, diskList).in_use,
    disk_on_disk: sumOf(sizeKeys, diskList).on_disk,
    disk_alloc: sumOf(sizeKeys, diskList).alloc,
    ...sumOf(nicKeys, Object.values(ifs)),
    disks,
    ifs,
  };
}

function diskOf(frame: Frame, row: number): Disk {
  const number = (name: string): number | null => frame.number(name, row) ?? null;
  const milliseconds = (name: string): number | null => scaled(frame.number(name, row), 1 / 1000) ?? null;
  return {
    in_use: number('lveDiskAllocation'),
    on_disk: number('lveDiskPhysical'),
    alloc: number('lveDiskCapacity'),
    rbytes: number('vmStorageReadOctets'),
    rtime: milliseconds('vmStorageReadLatency'),
    rreqs: number('vmStorageReadIOs'),
    wbytes: number('vmStorageWriteOctets'),
    wtime: milliseconds('vmStorageWriteLatency'),
    wreqs: number('vmStorageWriteIOs'),
    ftime: milliseconds('lveDiskFlushTime'),
    freqs: number('lveDiskFlushRequests'),
  };
}

function nicOf(frame: Frame, row: number): Nic {
  const number = (name: string): number | null => frame.number(name, row) ?? null;
  return {
    mac: frame.text('lveNicMac', row),
    if: frame.text('lveNicTarget', row),
    parent: frame.text('lveNicSource', row),
    ibytes: number('lveNicRxBytes'),
    ipkts: number('lveNicRxPackets'),
    ierrs: number('lveNicRxErrors'),
    idrop: number('lveNicRxDrops'),
    obytes: number('lveNicTxBytes'),
    opkts: number('lveNicTxPackets'),
    oerrs: number('lveNicTxErrors'),
    odrop: number('lveNicTxDrops'),
    coll: null,
  };
}

const unknown = Object.fromEntries(
  [...processKeys, ...diskKeys, ...nicKeys].map((key) => [key, null]),
) as Numbers<(typeof processKeys)[number] | DiskKey | NicKey>;

/** The sum of what is known of each key; null where nothing is. */
function sumOf<Key extends string>(keys: readonly Key[], rows: readonly Numbers<Key>[]): Numbers<Key> {
  return Object.fromEntries(
    keys.map((key) => {
      const known = rows.map((row) => row[key]).filter((value) => value !== null);
      return [key, known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0)];
    }),
  ) as Numbers<Key>;
}

function percent(part: number | undefined, whole: number | undefined): number | null {
  if (part === undefined || whole === undefined || whole === 0) return null;
  return Math.round((part / whole) * 10_000) / 100;
}
