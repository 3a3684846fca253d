import { percentOf } from './arithmetic.ts';
import type { FigureReader } from './figure-reader.ts';
import type { Count } from './scalar-types.ts';

/** State and reason as libvirt numbers them (virDomainState). */
export function stateFigures(read: FigureReader) {
  return {
    state: read.small('state.state'),
    reason: read.small('state.reason'),
  };
}

const counter = { live: true, counter: true } as const;
const pcpu = { live: true, selectors: ['pcpu'], counter: true } as const;
const vcpu = { live: true, selectors: ['vcpu'] } as const;
const cpuUtil = { selectors: ['cpu_util'] } as const;

/** What is set of a domain's CPUs: the same object until that changes. */
export interface CpuSettings {
  readonly shares: Count | undefined;
  /** Microseconds per period; -1 is unlimited. */
  readonly quotaUs: number | undefined;
  readonly periodUs: number | undefined;
  readonly emulatorPin: string | undefined;
}

/** CPU figures of a domain. Percentages of a domain that is not active are 0; counters are then absent. */
export type DomainCpu = Readonly<ReturnType<typeof cpuRow>>;

export function cpuRow(read: FigureReader, settings: CpuSettings) {
  return {
    settings,
    /** All CPU time of the hypervisor process. */
    timeUs: read.nsToUs('cpu.time', counter),
    userUs: read.nsToUs('cpu.user', pcpu),
    systemUs: read.nsToUs('cpu.system', pcpu),
    haltPollSuccessUs: read.nsToUs('cpu.haltpoll.success.time', counter),
    haltPollFailUs: read.nsToUs('cpu.haltpoll.fail.time', counter),
    vcpusCurrent: read.small('vcpu.current'),
    vcpusMaximum: read.small('vcpu.maximum'),
    /** Sums of vcpu.N.delay and vcpu.N.wait. */
    stealUs: read.nsToUs('=steal', vcpu),
    waitUs: read.nsToUs('=wait', vcpu),
    /** Share of all online host CPUs between the last two refreshes. */
    hostPercent: read.rate('=hostPercent', cpuUtil),
    /** Share of the domain's current vCPUs. */
    percent: read.rate('=percent', cpuUtil),
    /** Share of the time that its vCPUs waited for a host CPU. */
    stealPercent: read.rate('=stealPercent', cpuUtil),
  };
}

const sizes = { selectors: ['memory'] } as const;
const memory = { live: true, selectors: ['memory'] } as const;
const counted = { live: true, selectors: ['memory'], counter: true } as const;
const answered = { live: true, selectors: ['memory'], asked: true } as const;
const dirty = { live: true, selectors: ['dirtyrate'] } as const;
const dirtyRate = { selectors: ['dirtyrate'] } as const;
const dirtyStates = ['unstarted', 'measuring', 'measured'] as const;

/** Memory figures of a domain; bytes unless named otherwise. Of one that is not active, its sizes remain. */
export type DomainMemory = Readonly<ReturnType<typeof memoryRow>>;

/** @param vmMemUnit - unit of the sizes in vmTable, in bytes. */
export function memoryRow(read: FigureReader, vmMemUnit: number) {
  const availableBytes = read.kibToBytes('balloon.available', memory);
  const unusedBytes = read.kibToBytes('balloon.unused', memory);
  const usableBytes = read.kibToBytes('balloon.usable', memory);
  return {
    vmMemUnit,
    currentBytes: read.kibToBytes('balloon.current', sizes),
    maximumBytes: read.kibToBytes('balloon.maximum', sizes),
    rssBytes: read.kibToBytes('balloon.rss', answered),
    availableBytes,
    unusedBytes,
    usableBytes,
    diskCachesBytes: read.kibToBytes('balloon.disk_caches', memory),
    usedPercent: usedPercent(read, availableBytes, usableBytes ?? unusedBytes),
    swapInBytes: read.kibToBytes('balloon.swap_in', counted),
    swapOutBytes: read.kibToBytes('balloon.swap_out', counted),
    majorFaults: read.count('balloon.major_fault', counted),
    minorFaults: read.count('balloon.minor_fault', counted),
    hugePageAllocs: read.count('balloon.hugetlb_pgalloc', counted),
    hugePageFails: read.count('balloon.hugetlb_pgfail', counted),
    /** When the guest's driver last told its figures. */
    lastUpdateAt: read.moment('balloon.last-update', memory),
    dirtyStatus: read.state('dirtyrate.calc_status', dirtyStates, undefined, dirty),
    /** MiB per second. */
    dirtyRate: read.rate('dirtyrate.megabytes_per_second', dirtyRate),
    dirtyPeriodSec: read.small('dirtyrate.calc_period', dirty),
    dirtyMode: read.text('dirtyrate.calc_mode', dirty),
  };
}

/** 0 of a domain that is not active: it uses none. */
function usedPercent(
  read: FigureReader,
  available: Count | undefined,
  free: Count | undefined,
): number | undefined {
  if (!read.active) return read.shows('memory') ? 0 : undefined;
  if (available === undefined || free === undefined) return undefined;
  return percentOf(Math.max(0, Number(available) - Number(free)), available);
}
