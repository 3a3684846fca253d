import type { Count } from '../bytes/count.ts';
import { addressSources, typedParamFlags } from '../libvirt-enums/flags.ts';
import {
  decodeDomain,
  decodeMoment,
  decodeNamed,
  encodeDomain,
  encodeMoment,
  encodeNamed,
  optionalText,
  text,
} from './object-refs.ts';
import {
  type DomainRef,
  limits,
  type MomentRef,
  type NamedRef,
  type Procedure,
  programs,
  type WaitsFor,
} from './protocol.ts';
import { decodeTypedParams, type TypedParams } from './typed-params.ts';
import type { XdrReader, XdrWriter } from './xdr.ts';

/*
 * The remote calls, by object. Numbers and layouts never change once a libvirt release has them. Names
 * of arguments follow libvirt's API documentation, where each call is described. What a call can wait for
 * stands in front of it: see WaitsFor. Those that wait for nothing were seen to be answered by a libvirtd
 * whose only ordinary worker was stuck, the others not.
 */

type Encode<Args> = (writer: XdrWriter, args: Args) => void;
type Decode<Reply> = (reader: XdrReader) => Reply;

type Declare<Base> = <Args extends Base, Reply>(
  number: number,
  name: string,
  encode: Encode<Args>,
  decode: Decode<Reply>,
  since?: number,
) => Procedure<Args, Reply>;

/** What procedures that wait for the same have in common. */
interface Traits<Base> {
  readonly domainsOf?: (args: Base) => readonly DomainRef[];
  readonly needsWrite?: boolean;
  readonly isBulk?: boolean;
}

function waiting<Base>(
  waitsFor: WaitsFor,
  { domainsOf = () => [], needsWrite = false, isBulk = false }: Traits<Base> = {},
): Declare<Base> {
  return (number, name, encode, decode, since = 0) => ({
    name,
    number,
    program: programs.remote,
    waitsFor,
    needsWrite,
    isBulk,
    since,
    domainsOf,
    encode,
    decode,
  });
}

const waitsForNothing = waiting('nothing');
const waitsForWorker = waiting('worker');
const waitsForMonitor = waiting<DomainArgs>('monitor', { domainsOf: (args) => [args.domain] });
const waitsForMonitors = waiting<{ readonly domains: readonly DomainRef[] }>('monitor', {
  domainsOf: (args) => args.domains,
  isBulk: true,
});
const waitsForAgent = waiting<DomainArgs>('agent', {
  domainsOf: (args) => [args.domain],
  needsWrite: true,
});
const waitsForStorage = waiting('storage');
const changesStorage = waiting('storage', { needsWrite: true });
const waitsForNetwork = waiting('network');

const nothing = (): void => {};
const noArgs: Encode<void> = () => {};
const flag: Decode<boolean> = (reader) => reader.bool();
const int: Decode<number> = (reader) => reader.i32();
const count: Decode<Count> = (reader) => reader.u64Count();
const string =
  (what: string): Decode<string> =>
  (reader) =>
    text(reader, what);

interface FlagsArgs {
  readonly flags: number;
}
interface DomainArgs {
  readonly domain: DomainRef;
}
interface DomainFlagsArgs extends DomainArgs, FlagsArgs {}

const domainFlags: Encode<DomainFlagsArgs> = (writer, args) => {
  encodeDomain(writer, args.domain);
  writer.u32(args.flags);
};

/** Asked with `nparams` 0: no parameters, and how many there are. Asked with that number: the parameters, and 0. */
export interface CountedParams {
  readonly params: TypedParams;
  readonly nparams: number;
}

/** libvirt's own library always sets it too: without it a daemon leaves out the parameters that are texts. */
const { stringOkay } = typedParamFlags;

function countedParams(max: number): Decode<CountedParams> {
  return (reader) => ({ params: decodeTypedParams(reader, max), nparams: reader.i32() });
}

/* ---- connection ---- */

/** What one side of an authentication says; undefined, which is not the same as empty, if nothing. */
type SaslData = Uint8Array | undefined;

interface SaslReply {
  /** The daemon is content. */
  readonly complete: boolean;
  readonly data: SaslData;
}

/** `int nil; char data<>`: XDR gives each char four octets. */
function encodeSaslData(writer: XdrWriter, data: SaslData): void {
  writer.bool(data === undefined);
  writer.array([...(data ?? [])], (inner, octet) => inner.u32(octet));
}

function decodeSaslReply(reader: XdrReader): SaslReply {
  const complete = reader.bool();
  const nil = reader.bool();
  const octets = reader.array(limits.saslOctets, 'octets of SASL data', (inner) => inner.u32() & 0xff);
  return { complete, data: nil ? undefined : Uint8Array.from(octets) };
}

/** Ways to authenticate, one of them to be taken. */
export const authList = waitsForNothing(66, 'authList', noArgs, (reader) =>
  reader.array(limits.authTypes, 'authentication types', (inner) => inner.i32()),
);
/** The names of the mechanisms, with commas in between. */
export const authSaslInit = waitsForWorker(67, 'authSaslInit', noArgs, (reader) =>
  reader.string(limits.saslMechanismsOctets, 'SASL mechanisms'),
);
/** Chooses a mechanism, with the client's first words. */
export const authSaslStart = waitsForWorker(
  68,
  'authSaslStart',
  (writer, args: { readonly mechanism: string; readonly data: SaslData }) => {
    writer.string(args.mechanism);
    encodeSaslData(writer, args.data);
  },
  decodeSaslReply,
);
export const authSaslStep = waitsForWorker(
  69,
  'authSaslStep',
  (writer, args: { readonly data: SaslData }) => encodeSaslData(writer, args.data),
  decodeSaslReply,
);
export const authPolkit = waitsForWorker(70, 'authPolkit', noArgs, int);
/** `flags` are virConnectFlags. */
export const connectOpen = waitsForWorker(
  1,
  'connectOpen',
  (writer, args: { readonly uri: string | undefined; readonly flags: number }) => {
    writer.optionalString(args.uri);
    writer.u32(args.flags);
  },
  nothing,
);
export const connectClose = waitsForNothing(2, 'connectClose', noArgs, nothing);
/** The driver: `QEMU`. */
export const connectGetType = waitsForNothing(3, 'connectGetType', noArgs, string('driver type'));
/** Version of the hypervisor: major * 1000000 + minor * 1000 + release. The first call probes its binaries. */
export const connectGetVersion = waitsForWorker(4, 'connectGetVersion', noArgs, count);
/** Version of the daemon's libvirt: major * 1000000 + minor * 1000 + release. */
export const connectGetLibVersion = waitsForNothing(157, 'connectGetLibVersion', noArgs, count);
export const connectGetHostname = waitsForWorker(59, 'connectGetHostname', noArgs, string('host name'));
/** XML; probes QEMU binaries, so the first call can take seconds. */
export const connectGetCapabilities = waitsForWorker(
  7,
  'connectGetCapabilities',
  noArgs,
  string('capabilities'),
);
/** Asks for the event that tells that a daemon behind this one was lost. */
export const connectRegisterCloseCallback = waitsForNothing(
  360,
  'connectRegisterCloseCallback',
  noArgs,
  nothing,
  1_003_003,
);

/* ---- host ---- */

/** virNodeInfo; `memoryKib` is the memory size, `cpus` the active CPUs. */
export const nodeGetInfo = waitsForNothing(6, 'nodeGetInfo', noArgs, (reader) => ({
  model: reader.charArray(32),
  memoryKib: reader.u64Count(),
  cpus: reader.i32(),
  mhz: reader.i32(),
  nodes: reader.i32(),
  sockets: reader.i32(),
  cores: reader.i32(),
  threads: reader.i32(),
}));

/** One figure of the host: `user` in nanoseconds, `total` in KiB. */
export interface NodeStat {
  readonly field: string;
  readonly value: Count;
}

const nodeStats: Decode<{ readonly params: readonly NodeStat[]; readonly nparams: number }> = (reader) => ({
  params: reader.array(limits.nodeStats, 'node statistics', (inner) => ({
    field: text(inner, 'field'),
    value: inner.u64Count(),
  })),
  nparams: reader.i32(),
});

/** Nanoseconds by kind of use. `cpuNum` -1 is all; `nparams` must be exact, 0 asks for it. */
export const nodeGetCpuStats = waitsForNothing(
  227,
  'nodeGetCPUStats',
  (writer, args: { readonly cpuNum: number; readonly nparams: number; readonly flags: number }) => {
    writer.i32(args.cpuNum);
    writer.i32(args.nparams);
    writer.u32(args.flags);
  },
  nodeStats,
);
/** KiB by kind of use. `cellNum` -1 is all; `nparams` must be exact, 0 asks for it. */
export const nodeGetMemoryStats = waitsForNothing(
  228,
  'nodeGetMemoryStats',
  (writer, args: { readonly cellNum: number; readonly nparams: number; readonly flags: number }) => {
    writer.i32(args.nparams);
    writer.i32(args.cellNum);
    writer.u32(args.flags);
  },
  nodeStats,
);
/** Bit n of `map` (least significant bit of octet 0 first) tells whether CPU n is online. */
export const nodeGetCpuMap = waitsForWorker(
  293,
  'nodeGetCPUMap',
  (writer, args: { readonly needMap: boolean; readonly needOnline: boolean; readonly flags: number }) => {
    writer.bool(args.needMap);
    writer.bool(args.needOnline);
    writer.u32(args.flags);
  },
  (reader) => ({
    map: reader.opaque(limits.cpuMapOctets, 'CPU map'),
    online: reader.u32(),
    present: reader.i32(),
  }),
);
/** Octets per NUMA cell. */
export const nodeGetCellsFreeMemory = waitsForNothing(
  101,
  'nodeGetCellsFreeMemory',
  (writer, args: { readonly startCell: number; readonly maxCells: number }) => {
    writer.i32(args.startCell);
    writer.i32(args.maxCells);
  },
  (reader) => reader.array(limits.nodeCells, 'NUMA cells', count),
);
/** Free pages: for each cell, the counts of the page sizes in the order asked for. */
export const nodeGetFreePages = waitsForNothing(
  340,
  'nodeGetFreePages',
  (
    writer,
    args: {
      readonly pageSizesKib: readonly number[];
      readonly startCell: number;
      readonly cellCount: number;
      readonly flags: number;
    },
  ) => {
    writer.array(args.pageSizesKib, (inner, size) => inner.u32(size));
    writer.i32(args.startCell);
    writer.u32(args.cellCount);
    writer.u32(args.flags);
  },
  (reader) => reader.array(limits.nodeCells, 'page counts', count),
  1_002_006,
);
/** Kernel same-page merging. */
export const nodeGetMemoryParameters = waitsForWorker(
  289,
  'nodeGetMemoryParameters',
  (writer, args: { readonly nparams: number; readonly flags: number }) => {
    writer.i32(args.nparams);
    writer.u32(args.flags | stringOkay);
  },
  countedParams(limits.nodeMemoryParams),
);

/* ---- domains: lists and bulk statistics ---- */

/** `flags` are virConnectListAllDomainsFlags. */
export const connectListAllDomains = waitsForNothing(
  273,
  'connectListAllDomains',
  (writer, args: FlagsArgs) => {
    writer.bool(true);
    writer.u32(args.flags);
  },
  (reader): readonly DomainRef[] => {
    const domains = reader.array(limits.domains, 'domains', decodeDomain);
    reader.u32();
    return domains;
  },
);

/** Statistics of one domain. */
export interface DomainStatsRecord<Params = TypedParams> {
  readonly domain: DomainRef;
  readonly params: Params;
}

/**
 * Statistics of the domains listed; an empty list is all domains. Domains that do not exist are left
 * out. May wait for ever for a hypervisor process that hangs, even with the flag NOWAIT. What is to be read
 * from many domains is better decoded on the way: see `all-domain-stats.ts`.
 */
export const connectGetAllDomainStats = waitsForMonitors(
  344,
  'connectGetAllDomainStats',
  (
    writer,
    args: { readonly domains: readonly DomainRef[]; readonly stats: number; readonly flags: number },
  ) => {
    writer.array(args.domains, encodeDomain);
    writer.u32(args.stats);
    writer.u32(args.flags);
  },
  (reader): readonly DomainStatsRecord[] =>
    reader.array(limits.domains, 'records', (inner) => ({
      domain: decodeDomain(inner),
      params: decodeTypedParams(inner, limits.statsParams),
    })),
  1_002_008,
);

/* ---- domains: state and definition ---- */

/** virDomainState and its reason. */
export const domainGetState = waitsForNothing(212, 'domainGetState', domainFlags, (reader) => ({
  state: reader.i32(),
  reason: reader.i32(),
}));
/** virDomainInfo: memory in KiB, CPU time in nanoseconds. A driver may ask its hypervisor. */
export const domainGetInfo = waitsForMonitor(
  16,
  'domainGetInfo',
  (writer, { domain }: { readonly domain: DomainRef }) => encodeDomain(writer, domain),
  (reader) => ({
    state: reader.u32(),
    maxMemoryKib: reader.u64Count(),
    memoryKib: reader.u64Count(),
    vcpus: reader.u32(),
    cpuTimeNs: reader.u64Count(),
  }),
);
/** virDomainControlState; never waits for the hypervisor. */
export const domainGetControlInfo = waitsForNothing(229, 'domainGetControlInfo', domainFlags, (reader) => ({
  state: reader.u32(),
  details: reader.u32(),
  stateTimeMs: reader.u64Count(),
}));
/** `flags` are virDomainXMLFlags. libvirt 11.0 to 11.4 waits for the monitor. */
export const domainGetXmlDesc = waitsForMonitor(14, 'domainGetXMLDesc', domainFlags, string('definition'));
/** virDomainMessageType: 1 deprecation, 2 tainting; 0 is all. */
export const domainGetMessages = waitsForWorker(
  426,
  'domainGetMessages',
  domainFlags,
  (reader) => reader.array(limits.domainMessages, 'messages', string('message')),
  7_001_000,
);

/* ---- domains: CPU ---- */

/** virVcpuInfo; `cpuTime` is in nanoseconds, `cpu` is the host CPU, -1 if offline. */
export interface VcpuInfo {
  readonly number: number;
  readonly state: number;
  readonly cpuTime: Count;
  readonly cpu: number;
}

/** `maps` has `mapLength` octets per vCPU: the host CPUs it may run on. */
export const domainGetVcpus = waitsForNothing(
  20,
  'domainGetVcpus',
  (writer, args: { readonly domain: DomainRef; readonly maxInfo: number; readonly mapLength: number }) => {
    encodeDomain(writer, args.domain);
    writer.i32(args.maxInfo);
    writer.i32(args.mapLength);
  },
  (reader) => ({
    info: reader.array(
      limits.vcpus,
      'vCPUs',
      (inner): VcpuInfo => ({
        number: inner.u32(),
        state: inner.i32(),
        cpuTime: inner.u64Count(),
        cpu: inner.i32(),
      }),
    ),
    maps: reader.opaque(limits.cpuMapsOctets, 'CPU maps'),
  }),
);
/** `maps` has `vcpus` * `mapLength` octets, of which the first `count` * `mapLength` are filled. */
export const domainGetVcpuPinInfo = waitsForWorker(
  230,
  'domainGetVcpuPinInfo',
  (
    writer,
    args: {
      readonly domain: DomainRef;
      readonly vcpus: number;
      readonly mapLength: number;
      readonly flags: number;
    },
  ) => {
    encodeDomain(writer, args.domain);
    writer.i32(args.vcpus);
    writer.i32(args.mapLength);
    writer.u32(args.flags);
  },
  (reader) => ({ maps: reader.opaque(limits.cpuMapsOctets, 'CPU maps'), count: reader.i32() }),
);
/** `pinned` is false if there is no pinning to speak of. */
export const domainGetEmulatorPinInfo = waitsForWorker(
  280,
  'domainGetEmulatorPinInfo',
  (writer, args: { readonly domain: DomainRef; readonly mapLength: number; readonly flags: number }) => {
    encodeDomain(writer, args.domain);
    writer.i32(args.mapLength);
    writer.u32(args.flags);
  },
  (reader) => ({ map: reader.opaque(limits.cpuMapsOctets, 'CPU map'), pinned: reader.i32() > 0 }),
);
export const domainGetIothreadInfo = waitsForMonitor(
  351,
  'domainGetIOThreadInfo',
  domainFlags,
  (reader) => {
    const info = reader.array(limits.iothreads, 'I/O threads', (inner) => ({
      id: inner.u32(),
      map: inner.opaque(limits.cpuMapOctets, 'CPU map'),
    }));
    reader.u32();
    return info;
  },
  1_002_014,
);
/** `nparams` is an upper limit here; {@link domainGetSchedulerType} tells the number. */
export const domainGetSchedulerParametersFlags = waitsForWorker(
  223,
  'domainGetSchedulerParametersFlags',
  (writer, args: { readonly domain: DomainRef; readonly nparams: number; readonly flags: number }) => {
    encodeDomain(writer, args.domain);
    writer.i32(args.nparams);
    writer.u32(args.flags | stringOkay);
  },
  (reader) => decodeTypedParams(reader, limits.schedulerParams),
);

/* ---- domains: jobs ---- */

/** virDomainJobType and its parameters; `flags` are virDomainGetJobStatsFlags. */
export const domainGetJobStats = waitsForMonitor(298, 'domainGetJobStats', domainFlags, (reader) => ({
  type: reader.i32(),
  params: decodeTypedParams(reader, limits.jobStats),
}));

/* ---- domains: disks ---- */

/** virDomainDiskErrorCode by disk target, only disks in error; with `maxErrors` 0 just the number of disks. */
export const domainGetDiskErrors = waitsForMonitor(
  263,
  'domainGetDiskErrors',
  (writer, args: { readonly domain: DomainRef; readonly maxErrors: number; readonly flags: number }) => {
    encodeDomain(writer, args.domain);
    writer.u32(args.maxErrors);
    writer.u32(args.flags);
  },
  (reader) => ({
    errors: reader.array(limits.diskErrors, 'disk errors', (inner) => ({
      disk: text(inner, 'disk'),
      error: inner.i32(),
    })),
    count: reader.i32(),
  }),
);

interface PathArgs extends DomainFlagsArgs {
  /** Target (`vda`) or source of the disk. */
  readonly path: string;
}

const pathArgs: Encode<PathArgs> = (writer, args) => {
  encodeDomain(writer, args.domain);
  writer.string(args.path);
  writer.u32(args.flags);
};

/** virDomainBlockJobInfo; undefined if the disk has no job. `flags` are virDomainBlockJobInfoFlags. */
export const domainGetBlockJobInfo = waitsForMonitor(238, 'domainGetBlockJobInfo', pathArgs, (reader) => {
  const found = reader.i32() !== 0;
  const job = {
    type: reader.i32(),
    bandwidth: reader.u64Count(),
    current: reader.u64Count(),
    end: reader.u64Count(),
  };
  return found ? job : undefined;
});
export const domainGetBlockIoTune = waitsForMonitor(
  253,
  'domainGetBlockIoTune',
  (
    writer,
    args: {
      readonly domain: DomainRef;
      readonly disk: string | undefined;
      readonly nparams: number;
      readonly flags: number;
    },
  ) => {
    encodeDomain(writer, args.domain);
    writer.optionalString(args.disk);
    writer.i32(args.nparams);
    writer.u32(args.flags | stringOkay);
  },
  countedParams(limits.blockIoTuneParams),
);

/* ---- domains: memory and network ---- */

export const domainGetInterfaceParameters = waitsForWorker(
  257,
  'domainGetInterfaceParameters',
  (
    writer,
    args: {
      readonly domain: DomainRef;
      readonly device: string;
      readonly nparams: number;
      readonly flags: number;
    },
  ) => {
    encodeDomain(writer, args.domain);
    writer.string(args.device);
    writer.i32(args.nparams);
    writer.u32(args.flags | stringOkay);
  },
  countedParams(limits.interfaceParams),
);

/** Addresses of a guest's interface; `type` 0 is IPv4, 1 is IPv6. */
export interface InterfaceAddresses {
  readonly name: string;
  readonly hwaddr: string | undefined;
  readonly addresses: readonly { readonly type: number; readonly address: string; readonly prefix: number }[];
}

/** @param source - virDomainInterfaceAddressesSource */
function addressesFrom(source: number) {
  return [
    353,
    'domainInterfaceAddresses',
    (writer: XdrWriter, args: DomainFlagsArgs): void => {
      encodeDomain(writer, args.domain);
      writer.u32(source);
      writer.u32(args.flags);
    },
    (reader: XdrReader): readonly InterfaceAddresses[] =>
      reader.array(limits.interfaces, 'interfaces', (inner) => ({
        name: text(inner, 'interface name'),
        hwaddr: optionalText(inner, 'hardware address'),
        addresses: inner.array(limits.interfaceAddresses, 'addresses', (item) => ({
          type: item.i32(),
          address: text(item, 'address'),
          prefix: item.u32(),
        })),
      })),
    1_002_014,
  ] as const;
}

/** From the leases of libvirt's own DHCP servers, which the network driver is asked for. */
export const domainLeaseAddresses = waitsForNetwork(...addressesFrom(addressSources.lease));
/** From the guest agent; needs a read-write connection. */
export const domainAgentAddresses = waitsForAgent(...addressesFrom(addressSources.agent));
/** From the host's ARP table. */
export const domainArpAddresses = waitsForWorker(...addressesFrom(addressSources.arp));

/* ---- domains: guest agent (read-write connections only) ---- */

/** A file system as the guest sees it. */
export interface FsInfo {
  readonly mountpoint: string;
  readonly name: string;
  readonly fsType: string;
  /** Disk targets. */
  readonly disks: readonly string[];
}

export const domainGetFsInfo = waitsForAgent(
  349,
  'domainGetFSInfo',
  domainFlags,
  (reader): readonly FsInfo[] => {
    const info = reader.array(limits.fileSystems, 'file systems', (inner) => ({
      mountpoint: text(inner, 'mount point'),
      name: text(inner, 'device name'),
      fsType: text(inner, 'file system type'),
      disks: inner.array(limits.fileSystemDisks, 'disks', string('disk')),
    }));
    reader.u32();
    return info;
  },
  1_002_011,
);
/** `types` are virDomainGuestInfoTypes. */
export const domainGetGuestInfo = waitsForAgent(
  418,
  'domainGetGuestInfo',
  (writer, args: { readonly domain: DomainRef; readonly types: number; readonly flags: number }) => {
    encodeDomain(writer, args.domain);
    writer.u32(args.types);
    writer.u32(args.flags);
  },
  (reader) => decodeTypedParams(reader, limits.guestInfoParams),
  5_007_000,
);

/* ---- domains: snapshots and checkpoints ---- */

const domainListArgs: Encode<DomainFlagsArgs> = (writer, args) => {
  encodeDomain(writer, args.domain);
  writer.bool(true);
  writer.u32(args.flags);
};

export const domainListAllSnapshots = waitsForNothing(
  274,
  'domainListAllSnapshots',
  domainListArgs,
  (reader): readonly MomentRef[] => {
    const snapshots = reader.array(limits.snapshots, 'snapshots', decodeMoment);
    reader.i32();
    return snapshots;
  },
);
export const domainSnapshotGetXmlDesc = waitsForNothing(
  186,
  'domainSnapshotGetXMLDesc',
  (writer, args: { readonly snapshot: MomentRef; readonly flags: number }) => {
    encodeMoment(writer, args.snapshot);
    writer.u32(args.flags);
  },
  string('snapshot'),
);
export const domainListAllCheckpoints = waitsForNothing(
  413,
  'domainListAllCheckpoints',
  domainListArgs,
  (reader): readonly MomentRef[] => {
    const checkpoints = reader.array(limits.checkpoints, 'checkpoints', decodeMoment);
    reader.i32();
    return checkpoints;
  },
  5_006_000,
);

/* ---- storage ---- */

interface PoolArgs {
  readonly pool: NamedRef;
}
interface PoolFlagsArgs extends PoolArgs, FlagsArgs {}

const listArgs: Encode<FlagsArgs> = (writer, args) => {
  writer.bool(true);
  writer.u32(args.flags);
};
const poolArg: Encode<PoolArgs> = (writer, args) => encodeNamed(writer, args.pool);

/** `flags` are virConnectListAllStoragePoolsFlags. */
export const connectListAllStoragePools = waitsForStorage(
  281,
  'connectListAllStoragePools',
  listArgs,
  (reader): readonly NamedRef[] => {
    const pools = reader.array(limits.storagePools, 'storage pools', decodeNamed);
    reader.u32();
    return pools;
  },
);
/** virStoragePoolInfo, in octets. */
export const storagePoolGetInfo = waitsForStorage(87, 'storagePoolGetInfo', poolArg, (reader) => ({
  state: reader.u32(),
  capacityBytes: reader.u64Count(),
  allocationBytes: reader.u64Count(),
  availableBytes: reader.u64Count(),
}));
/**
 * Reads the volumes and the space of a pool anew. It takes an ordinary worker, but only one, since no other call to
 * the storage driver is made meanwhile.
 */
export const storagePoolRefresh = changesStorage(
  83,
  'storagePoolRefresh',
  (writer, args: PoolFlagsArgs) => {
    encodeNamed(writer, args.pool);
    writer.u32(args.flags);
  },
  nothing,
);
export const storagePoolGetXmlDesc = waitsForStorage(
  88,
  'storagePoolGetXMLDesc',
  (writer, args: PoolFlagsArgs) => {
    encodeNamed(writer, args.pool);
    writer.u32(args.flags);
  },
  string('storage pool'),
);
export const storagePoolGetAutostart = waitsForStorage(89, 'storagePoolGetAutostart', poolArg, flag);
export const storagePoolNumOfVolumes = waitsForStorage(91, 'storagePoolNumOfVolumes', poolArg, int);

/* ---- networks ---- */

interface NetworkArgs {
  readonly network: NamedRef;
}

const networkArg: Encode<NetworkArgs> = (writer, args) => encodeNamed(writer, args.network);

/** `flags` are virConnectListAllNetworksFlags. */
export const connectListAllNetworks = waitsForNetwork(
  283,
  'connectListAllNetworks',
  listArgs,
  (reader): readonly NamedRef[] => {
    const networks = reader.array(limits.networks, 'networks', decodeNamed);
    reader.u32();
    return networks;
  },
);
export const networkGetXmlDesc = waitsForNetwork(
  43,
  'networkGetXMLDesc',
  (writer, args: NetworkArgs & FlagsArgs) => {
    encodeNamed(writer, args.network);
    writer.u32(args.flags);
  },
  string('network'),
);
export const networkIsActive = waitsForNetwork(152, 'networkIsActive', networkArg, flag);
export const networkGetAutostart = waitsForNetwork(44, 'networkGetAutostart', networkArg, flag);

/** A lease of libvirt's DHCP server; `expiryTimeSec` since 1970, 0 for never; `type` 0 is IPv4, 1 is IPv6. */
export interface DhcpLease {
  readonly interface: string;
  readonly expiryTimeSec: Count;
  readonly type: number;
  readonly mac: string | undefined;
  readonly iaid: string | undefined;
  readonly address: string;
  readonly prefix: number;
  readonly hostname: string | undefined;
  readonly clientId: string | undefined;
}

export const networkGetDhcpLeases = waitsForNetwork(
  341,
  'networkGetDHCPLeases',
  (
    writer,
    args: { readonly network: NamedRef; readonly mac: string | undefined; readonly flags: number },
  ) => {
    encodeNamed(writer, args.network);
    writer.optionalString(args.mac);
    writer.bool(true);
    writer.u32(args.flags);
  },
  (reader): readonly DhcpLease[] => {
    const leases = reader.array(limits.dhcpLeases, 'leases', (inner) => ({
      interface: text(inner, 'interface'),
      expiryTimeSec: inner.i64Count(),
      type: inner.i32(),
      mac: optionalText(inner, 'MAC address'),
      iaid: optionalText(inner, 'IAID'),
      address: text(inner, 'address'),
      prefix: inner.u32(),
      hostname: optionalText(inner, 'host name'),
      clientId: optionalText(inner, 'client id'),
    }));
    reader.u32();
    return leases;
  },
  1_002_006,
);

/* ---- events ---- */

/** Registers for one virDomainEventID of all domains; returns the callback's id. */
export const connectDomainEventCallbackRegisterAny = waitsForNothing(
  316,
  'connectDomainEventCallbackRegisterAny',
  (writer, args: { readonly eventId: number; readonly domain: DomainRef | undefined }) => {
    writer.i32(args.eventId);
    writer.optional(args.domain, encodeDomain);
  },
  int,
  1_003_003,
);
/** Registers for one virNetworkEventID of all networks; returns the callback's id. */
export const connectNetworkEventRegisterAny = waitsForNetwork(
  313,
  'connectNetworkEventRegisterAny',
  (writer, args: { readonly eventId: number; readonly network: NamedRef | undefined }) => {
    writer.i32(args.eventId);
    writer.optional(args.network, encodeNamed);
  },
  int,
  1_002_001,
);
/** Registers for one virStoragePoolEventID of all pools; returns the callback's id. */
export const connectStoragePoolEventRegisterAny = waitsForStorage(
  368,
  'connectStoragePoolEventRegisterAny',
  (writer, args: { readonly eventId: number; readonly pool: NamedRef | undefined }) => {
    writer.i32(args.eventId);
    writer.optional(args.pool, encodeNamed);
  },
  int,
  2_000_000,
);
