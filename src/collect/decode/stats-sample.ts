import type { Count, EpochMs, Percent } from '../../model/scalar-types.ts';
import type { Stat } from '../../model/stat.ts';
import { FigureGroup, type Figures, slots } from './figures.ts';

/** Figures of the domain itself. */
export const domainSlots = slots(
  'state',
  'reason',
  'cpuTimeNs',
  'cpuUserNs',
  'cpuSystemNs',
  'haltPollSuccessNs',
  'haltPollFailNs',
  'balloonCurrentKib',
  'balloonMaximumKib',
  'balloonRssKib',
  'balloonAvailableKib',
  'balloonUnusedKib',
  'balloonUsableKib',
  'balloonDiskCachesKib',
  'balloonSwapInKib',
  'balloonSwapOutKib',
  'balloonMajorFaults',
  'balloonMinorFaults',
  'balloonHugePageAllocs',
  'balloonHugePageFails',
  'balloonLastUpdateSec',
  'vcpuCurrent',
  'vcpuMaximum',
  'dirtyStatus',
  'dirtyRateMibs',
  'dirtyPeriodSec',
  'dirtyMode',
  'hostPercent',
  'percent',
  'stealPercent',
);

export const vcpuSlots = slots('state', 'timeNs', 'waitNs', 'delayNs', 'halted', 'percent');

export const blockSlots = slots(
  'name',
  'path',
  'backingIndex',
  'readRequests',
  'readBytes',
  'readTimeNs',
  'writeRequests',
  'writeBytes',
  'writeTimeNs',
  'flushRequests',
  'flushTimeNs',
  'errors',
  'allocationBytes',
  'capacityBytes',
  'physicalBytes',
  'thresholdBytes',
  'readUs',
  'writeUs',
  'flushUs',
);

export const netSlots = slots(
  'name',
  'rxBytes',
  'rxPackets',
  'rxErrors',
  'rxDrops',
  'txBytes',
  'txPackets',
  'txErrors',
  'txDrops',
);

export const iothreadSlots = slots('pollMaxNs', 'pollGrow', 'pollShrink', 'pollWeight');

/** Where the figures of a numbered thing begin, counted from where the reading begins. */
export interface Entry {
  readonly number: number;
  readonly at: number;
}

/** What a reading consists of; shared by all readings whose parameters had the same names. */
export interface SampleLayout {
  /** Slots in all. */
  readonly size: number;
  /** Whether the hypervisor process itself was asked: false where NOWAIT found the domain busy. */
  readonly complete: boolean;
  /** In the order of the parameters. libvirt's numbers may have gaps. */
  readonly vcpus: readonly Entry[];
  readonly blocks: readonly Entry[];
  readonly nets: readonly Entry[];
  readonly iothreads: readonly Entry[];
}

/** What a reading is made of. */
export interface SampleParts {
  /** Wall clock at the reply. */
  readonly at: EpochMs;
  /** Monotonic milliseconds at the reply: the base of all rates. */
  readonly atMs: number;
  readonly figures: Figures;
  /** The slot its figures begin at. */
  readonly base: number;
  readonly layout: SampleLayout;
  readonly perf: readonly PerfSample[];
  readonly others: readonly Stat[];
}

/**
 * One reading of a domain's statistics, in libvirt's own units (nanoseconds, KiB): the fields of
 * virConnectGetAllDomainStats that other objects hold, found by `stat-fields.ts`.
 *
 * The two halves age differently. `monitor` needs the hypervisor process to answer; while a job holds the
 * domain (NOWAIT) or the process hangs, the half of an earlier reading stays in force.
 */
export class StatsSample extends FigureGroup {
  readonly at: EpochMs;
  readonly nets: readonly NetSample[];
  readonly perf: readonly PerfSample[];
  /** Parameters that no other object holds, or all of them with the selector raw. */
  readonly others: readonly Stat[];
  monitor: MonitorSample;

  constructor(parts: SampleParts) {
    const { figures, base, layout } = parts;
    super(figures, base);
    this.at = parts.at;
    this.nets = layout.nets.map(({ number, at }) => new NetSample(number, figures, base + at));
    this.perf = parts.perf;
    this.others = parts.others;
    this.monitor = new MonitorSample(parts);
  }

  get state(): number | undefined {
    return this.small(domainSlots.state);
  }

  get reason(): number | undefined {
    return this.small(domainSlots.reason);
  }
}

/** The groups that need the monitor: cpu, balloon, vcpu, block, iothread, dirtyrate, vm. */
export class MonitorSample extends FigureGroup {
  readonly at: EpochMs;
  readonly atMs: number;
  /** See {@link SampleLayout.complete}. */
  readonly complete: boolean;
  readonly vcpus: readonly VcpuSample[];
  readonly blocks: readonly BlockSample[];
  readonly iothreads: readonly IothreadSample[];

  constructor({ at, atMs, figures, base, layout }: SampleParts) {
    super(figures, base);
    this.at = at;
    this.atMs = atMs;
    this.complete = layout.complete;
    this.vcpus = layout.vcpus.map((entry) => new VcpuSample(entry.number, figures, base + entry.at));
    this.blocks = layout.blocks.map((entry) => new BlockSample(entry.number, figures, base + entry.at));
    this.iothreads = layout.iothreads.map(
      (entry) => new IothreadSample(entry.number, figures, base + entry.at),
    );
  }

  get cpuTimeNs(): Count | undefined {
    return this.count(domainSlots.cpuTimeNs);
  }

  get cpuUserNs(): Count | undefined {
    return this.count(domainSlots.cpuUserNs);
  }

  get cpuSystemNs(): Count | undefined {
    return this.count(domainSlots.cpuSystemNs);
  }

  get haltPollSuccessNs(): Count | undefined {
    return this.count(domainSlots.haltPollSuccessNs);
  }

  get haltPollFailNs(): Count | undefined {
    return this.count(domainSlots.haltPollFailNs);
  }

  get balloonCurrentKib(): Count | undefined {
    return this.count(domainSlots.balloonCurrentKib);
  }

  get balloonMaximumKib(): Count | undefined {
    return this.count(domainSlots.balloonMaximumKib);
  }

  get balloonRssKib(): Count | undefined {
    return this.count(domainSlots.balloonRssKib);
  }

  get balloonAvailableKib(): Count | undefined {
    return this.count(domainSlots.balloonAvailableKib);
  }

  get balloonUnusedKib(): Count | undefined {
    return this.count(domainSlots.balloonUnusedKib);
  }

  get balloonUsableKib(): Count | undefined {
    return this.count(domainSlots.balloonUsableKib);
  }

  get balloonDiskCachesKib(): Count | undefined {
    return this.count(domainSlots.balloonDiskCachesKib);
  }

  get balloonSwapInKib(): Count | undefined {
    return this.count(domainSlots.balloonSwapInKib);
  }

  get balloonSwapOutKib(): Count | undefined {
    return this.count(domainSlots.balloonSwapOutKib);
  }

  get balloonMajorFaults(): Count | undefined {
    return this.count(domainSlots.balloonMajorFaults);
  }

  get balloonMinorFaults(): Count | undefined {
    return this.count(domainSlots.balloonMinorFaults);
  }

  get balloonHugePageAllocs(): Count | undefined {
    return this.count(domainSlots.balloonHugePageAllocs);
  }

  get balloonHugePageFails(): Count | undefined {
    return this.count(domainSlots.balloonHugePageFails);
  }

  /** Seconds since the epoch, as the guest driver reported. */
  get balloonLastUpdateSec(): Count | undefined {
    return this.count(domainSlots.balloonLastUpdateSec);
  }

  get vcpuCurrent(): number | undefined {
    return this.small(domainSlots.vcpuCurrent);
  }

  get vcpuMaximum(): number | undefined {
    return this.small(domainSlots.vcpuMaximum);
  }

  get dirtyStatus(): number | undefined {
    return this.small(domainSlots.dirtyStatus);
  }

  get dirtyRateMibs(): number | undefined {
    return this.small(domainSlots.dirtyRateMibs);
  }

  get dirtyPeriodSec(): number | undefined {
    return this.small(domainSlots.dirtyPeriodSec);
  }

  get dirtyMode(): string | undefined {
    return this.text(domainSlots.dirtyMode);
  }

  /** Share of all online host CPUs since the reading before; see {@link noteRates}. */
  get hostPercent(): Percent | undefined {
    return this.small(domainSlots.hostPercent);
  }

  /** Share of the current vCPUs. */
  get percent(): Percent | undefined {
    return this.small(domainSlots.percent);
  }

  /** Share of the time that its vCPUs waited for a host CPU. */
  get stealPercent(): Percent | undefined {
    return this.small(domainSlots.stealPercent);
  }

  noteShares(shares: {
    readonly host: Percent | undefined;
    readonly own: Percent | undefined;
    readonly steal: Percent | undefined;
  }): void {
    this.note(domainSlots.hostPercent, shares.host);
    this.note(domainSlots.percent, shares.own);
    this.note(domainSlots.stealPercent, shares.steal);
  }
}

/** The parameters `vcpu.N.` */
export class VcpuSample extends FigureGroup {
  readonly number: number;

  constructor(number: number, figures: Figures, base: number) {
    super(figures, base);
    this.number = number;
  }

  get state(): number | undefined {
    return this.small(vcpuSlots.state);
  }

  get timeNs(): Count | undefined {
    return this.count(vcpuSlots.timeNs);
  }

  get waitNs(): Count | undefined {
    return this.count(vcpuSlots.waitNs);
  }

  get delayNs(): Count | undefined {
    return this.count(vcpuSlots.delayNs);
  }

  get halted(): boolean | undefined {
    return this.flag(vcpuSlots.halted);
  }

  /** Share of one host CPU since the reading before; see {@link noteRates}. */
  get percent(): Percent | undefined {
    return this.small(vcpuSlots.percent);
  }

  notePercent(percent: Percent): void {
    this.note(vcpuSlots.percent, percent);
  }
}

/** The parameters `block.N.` */
export class BlockSample extends FigureGroup {
  /** Position in libvirt's list, not an identity. */
  readonly number: number;

  constructor(number: number, figures: Figures, base: number) {
    super(figures, base);
    this.number = number;
  }

  /** Target: vda. */
  get name(): string | undefined {
    return this.text(blockSlots.name);
  }

  get path(): string | undefined {
    return this.text(blockSlots.path);
  }

  /** Present for a layer below the active image (flag BACKING). */
  get backingIndex(): number | undefined {
    return this.small(blockSlots.backingIndex);
  }

  get readRequests(): Count | undefined {
    return this.count(blockSlots.readRequests);
  }

  get readBytes(): Count | undefined {
    return this.count(blockSlots.readBytes);
  }

  get readTimeNs(): Count | undefined {
    return this.count(blockSlots.readTimeNs);
  }

  get writeRequests(): Count | undefined {
    return this.count(blockSlots.writeRequests);
  }

  get writeBytes(): Count | undefined {
    return this.count(blockSlots.writeBytes);
  }

  get writeTimeNs(): Count | undefined {
    return this.count(blockSlots.writeTimeNs);
  }

  get flushRequests(): Count | undefined {
    return this.count(blockSlots.flushRequests);
  }

  get flushTimeNs(): Count | undefined {
    return this.count(blockSlots.flushTimeNs);
  }

  get errors(): Count | undefined {
    return this.count(blockSlots.errors);
  }

  get allocationBytes(): Count | undefined {
    return this.count(blockSlots.allocationBytes);
  }

  get capacityBytes(): Count | undefined {
    return this.count(blockSlots.capacityBytes);
  }

  get physicalBytes(): Count | undefined {
    return this.count(blockSlots.physicalBytes);
  }

  get thresholdBytes(): Count | undefined {
    return this.count(blockSlots.thresholdBytes);
  }

  /** Mean time in microseconds of the requests completed since the reading before; see {@link noteRates}. */
  get readUs(): number | undefined {
    return this.small(blockSlots.readUs);
  }

  get writeUs(): number | undefined {
    return this.small(blockSlots.writeUs);
  }

  get flushUs(): number | undefined {
    return this.small(blockSlots.flushUs);
  }

  noteLatencies(read: number | undefined, write: number | undefined, flush: number | undefined): void {
    this.note(blockSlots.readUs, read);
    this.note(blockSlots.writeUs, write);
    this.note(blockSlots.flushUs, flush);
  }
}

/** The parameters `net.N.` */
export class NetSample extends FigureGroup {
  readonly number: number;

  constructor(number: number, figures: Figures, base: number) {
    super(figures, base);
    this.number = number;
  }

  /** Host device: vnet0. */
  get name(): string | undefined {
    return this.text(netSlots.name);
  }

  get rxBytes(): Count | undefined {
    return this.count(netSlots.rxBytes);
  }

  get rxPackets(): Count | undefined {
    return this.count(netSlots.rxPackets);
  }

  get rxErrors(): Count | undefined {
    return this.count(netSlots.rxErrors);
  }

  get rxDrops(): Count | undefined {
    return this.count(netSlots.rxDrops);
  }

  get txBytes(): Count | undefined {
    return this.count(netSlots.txBytes);
  }

  get txPackets(): Count | undefined {
    return this.count(netSlots.txPackets);
  }

  get txErrors(): Count | undefined {
    return this.count(netSlots.txErrors);
  }

  get txDrops(): Count | undefined {
    return this.count(netSlots.txDrops);
  }
}

/** The parameters `iothread.N.`; N is the id. */
export class IothreadSample extends FigureGroup {
  readonly id: number;

  constructor(id: number, figures: Figures, base: number) {
    super(figures, base);
    this.id = id;
  }

  get pollMaxNs(): Count | undefined {
    return this.count(iothreadSlots.pollMaxNs);
  }

  get pollGrow(): Count | undefined {
    return this.count(iothreadSlots.pollGrow);
  }

  get pollShrink(): Count | undefined {
    return this.count(iothreadSlots.pollShrink);
  }

  get pollWeight(): Count | undefined {
    return this.count(iothreadSlots.pollWeight);
  }
}

export interface PerfSample {
  /** cache_misses */
  readonly name: string;
  readonly value: Count;
}
