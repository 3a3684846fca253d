import type { Count, EpochMs } from '../../model/scalar-types.ts';
import type { Stat } from '../../model/stat.ts';

/**
 * One reading of a domain's statistics, in libvirt's own units (nanoseconds, KiB): the fields of
 * virConnectGetAllDomainStats that other objects hold, filled by `stat-fields.ts`.
 *
 * The two halves age differently. `monitor` needs the hypervisor process to answer; while a job holds the
 * domain (NOWAIT) or the process hangs, the half of an earlier reading stays in force.
 */
export interface StatsSample {
  /** Wall clock at the reply. */
  readonly at: EpochMs;
  /** Monotonic milliseconds at the reply: the base of all rates. */
  readonly atMs: number;
  state: number | undefined;
  reason: number | undefined;
  readonly nets: NetSample[];
  readonly perf: PerfSample[];
  /** Parameters that no other object holds, or all of them with the selector raw. */
  readonly others: Stat[];
  monitor: MonitorSample;
}

/** The groups that need the monitor: cpu, balloon, vcpu, block, iothread, dirtyrate, vm. */
export interface MonitorSample {
  readonly at: EpochMs;
  readonly atMs: number;
  /** Whether the hypervisor process itself was asked: false where NOWAIT found the domain busy. */
  complete: boolean;
  cpuTimeNs: Count | undefined;
  cpuUserNs: Count | undefined;
  cpuSystemNs: Count | undefined;
  haltPollSuccessNs: Count | undefined;
  haltPollFailNs: Count | undefined;
  balloonCurrentKib: Count | undefined;
  balloonMaximumKib: Count | undefined;
  balloonRssKib: Count | undefined;
  balloonAvailableKib: Count | undefined;
  balloonUnusedKib: Count | undefined;
  balloonUsableKib: Count | undefined;
  balloonDiskCachesKib: Count | undefined;
  balloonSwapInKib: Count | undefined;
  balloonSwapOutKib: Count | undefined;
  balloonMajorFaults: Count | undefined;
  balloonMinorFaults: Count | undefined;
  balloonHugePageAllocs: Count | undefined;
  balloonHugePageFails: Count | undefined;
  /** Seconds since the epoch, as the guest driver reported. */
  balloonLastUpdateSec: Count | undefined;
  vcpuCurrent: number | undefined;
  vcpuMaximum: number | undefined;
  dirtyStatus: number | undefined;
  dirtyRateMibs: number | undefined;
  dirtyPeriodSec: number | undefined;
  dirtyMode: string | undefined;
  readonly vcpus: VcpuSample[];
  readonly blocks: BlockSample[];
  readonly iothreads: IothreadSample[];
}

export interface VcpuSample {
  readonly number: number;
  state: number | undefined;
  timeNs: Count | undefined;
  waitNs: Count | undefined;
  delayNs: Count | undefined;
  halted: boolean | undefined;
}

export interface BlockSample {
  /** Position in libvirt's list, not an identity. */
  readonly number: number;
  /** Target: vda. */
  name: string | undefined;
  path: string | undefined;
  /** Present for a layer below the active image (flag BACKING). */
  backingIndex: number | undefined;
  readRequests: Count | undefined;
  readBytes: Count | undefined;
  readTimeNs: Count | undefined;
  writeRequests: Count | undefined;
  writeBytes: Count | undefined;
  writeTimeNs: Count | undefined;
  flushRequests: Count | undefined;
  flushTimeNs: Count | undefined;
  errors: Count | undefined;
  allocationBytes: Count | undefined;
  capacityBytes: Count | undefined;
  physicalBytes: Count | undefined;
  thresholdBytes: Count | undefined;
}

export interface NetSample {
  readonly number: number;
  /** Host device: vnet0. */
  name: string | undefined;
  rxBytes: Count | undefined;
  rxPackets: Count | undefined;
  rxErrors: Count | undefined;
  rxDrops: Count | undefined;
  txBytes: Count | undefined;
  txPackets: Count | undefined;
  txErrors: Count | undefined;
  txDrops: Count | undefined;
}

export interface IothreadSample {
  readonly id: number;
  pollMaxNs: Count | undefined;
  pollGrow: Count | undefined;
  pollShrink: Count | undefined;
  pollWeight: Count | undefined;
}

export interface PerfSample {
  /** cache_misses */
  readonly name: string;
  readonly value: Count;
}

/** A reading with nothing in it yet. All fields exist from the start so that every sample has one shape. */
export function emptySample(at: EpochMs, atMs: number): StatsSample {
  return {
    at,
    atMs,
    state: undefined,
    reason: undefined,
    nets: [],
    perf: [],
    others: [],
    monitor: {
      at,
      atMs,
      complete: false,
      cpuTimeNs: undefined,
      cpuUserNs: undefined,
      cpuSystemNs: undefined,
      haltPollSuccessNs: undefined,
      haltPollFailNs: undefined,
      balloonCurrentKib: undefined,
      balloonMaximumKib: undefined,
      balloonRssKib: undefined,
      balloonAvailableKib: undefined,
      balloonUnusedKib: undefined,
      balloonUsableKib: undefined,
      balloonDiskCachesKib: undefined,
      balloonSwapInKib: undefined,
      balloonSwapOutKib: undefined,
      balloonMajorFaults: undefined,
      balloonMinorFaults: undefined,
      balloonHugePageAllocs: undefined,
      balloonHugePageFails: undefined,
      balloonLastUpdateSec: undefined,
      vcpuCurrent: undefined,
      vcpuMaximum: undefined,
      dirtyStatus: undefined,
      dirtyRateMibs: undefined,
      dirtyPeriodSec: undefined,
      dirtyMode: undefined,
      vcpus: [],
      blocks: [],
      iothreads: [],
    },
  };
}

/** The vCPU of that number, created when first named: libvirt's numbers may have gaps. */
export function vcpuOf(monitor: MonitorSample, number: number): VcpuSample {
  return entryOf(monitor.vcpus, number, newVcpu);
}

export function blockOf(monitor: MonitorSample, number: number): BlockSample {
  return entryOf(monitor.blocks, number, newBlock);
}

export function netOf(sample: StatsSample, number: number): NetSample {
  return entryOf(sample.nets, number, newNet);
}

/** IOThreads are numbered from one by libvirt and need not be contiguous. */
export function iothreadOf(monitor: MonitorSample, id: number): IothreadSample {
  const list = monitor.iothreads;
  const last = list[list.length - 1];
  if (last?.id === id) return last;
  const known = list.find((entry) => entry.id === id);
  if (known !== undefined) return known;
  const entry = {
    id,
    pollMaxNs: undefined,
    pollGrow: undefined,
    pollShrink: undefined,
    pollWeight: undefined,
  };
  list.push(entry);
  return entry;
}

/** libvirt sends the parameters of one entry together, so the last entry is nearly always the one meant. */
function entryOf<T extends { readonly number: number }>(
  list: T[],
  number: number,
  make: (n: number) => T,
): T {
  const last = list[list.length - 1];
  if (last !== undefined && last.number === number) return last;
  const known = list.find((entry) => entry.number === number);
  if (known !== undefined) return known;
  const entry = make(number);
  list.push(entry);
  return entry;
}

function newVcpu(number: number): VcpuSample {
  return {
    number,
    state: undefined,
    timeNs: undefined,
    waitNs: undefined,
    delayNs: undefined,
    halted: undefined,
  };
}

function newBlock(number: number): BlockSample {
  return {
    number,
    name: undefined,
    path: undefined,
    backingIndex: undefined,
    readRequests: undefined,
    readBytes: undefined,
    readTimeNs: undefined,
    writeRequests: undefined,
    writeBytes: undefined,
    writeTimeNs: undefined,
    flushRequests: undefined,
    flushTimeNs: undefined,
    errors: undefined,
    allocationBytes: undefined,
    capacityBytes: undefined,
    physicalBytes: undefined,
    thresholdBytes: undefined,
  };
}

function newNet(number: number): NetSample {
  return {
    number,
    name: undefined,
    rxBytes: undefined,
    rxPackets: undefined,
    rxErrors: undefined,
    rxDrops: undefined,
    txBytes: undefined,
    txPackets: undefined,
    txErrors: undefined,
    txDrops: undefined,
  };
}
