import type { Count, EpochMs, Percent } from '../../../model/scalar-types.ts';
import { sumKnown } from '../arithmetic.ts';
import { FigureGroup, slots } from '../figures.ts';
import { BlockSample } from './block-sample.ts';
import { IothreadSample } from './iothread-sample.ts';
import type { SampleLayout, SampleParts } from './sample-layout.ts';
import { VcpuSample, vcpuSlots } from './vcpu-sample.ts';

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

/** The groups that need the monitor: cpu, balloon, vcpu, block, iothread, dirtyrate, vm. */
export class MonitorSample extends FigureGroup {
  readonly #layout: SampleLayout;

  constructor({ figures, base, layout }: SampleParts) {
    super(figures, base);
    this.#layout = layout;
  }

  get at(): EpochMs {
    return this.figures.at;
  }

  get atMs(): number {
    return this.figures.atMs;
  }

  /** See {@link SampleLayout.complete}. */
  get complete(): boolean {
    return this.#layout.complete;
  }

  get vcpus(): readonly VcpuSample[] {
    const { figures, base } = this;
    return this.#layout.vcpus.map(({ number, at }) => new VcpuSample(number, figures, base + at));
  }

  get blocks(): readonly BlockSample[] {
    const { figures, base } = this;
    return this.#layout.blocks.map(({ number, at }) => new BlockSample(number, figures, base + at));
  }

  get iothreads(): readonly IothreadSample[] {
    const { figures, base } = this;
    return this.#layout.iothreads.map(({ number, at }) => new IothreadSample(number, figures, base + at));
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

  /** Of all vCPUs together. */
  get vcpuWaitNs(): Count | undefined {
    return this.#sumOfVcpus(vcpuSlots.waitNs);
  }

  /** Of all vCPUs together. */
  get vcpuDelayNs(): Count | undefined {
    return this.#sumOfVcpus(vcpuSlots.delayNs);
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

  /** Takes over the dirty rate of an earlier reading, where this one was not asked for it. */
  keepDirtyRate(earlier: MonitorSample): void {
    this.note(domainSlots.dirtyStatus, earlier.dirtyStatus);
    this.note(domainSlots.dirtyRateMibs, earlier.dirtyRateMibs);
    this.note(domainSlots.dirtyPeriodSec, earlier.dirtyPeriodSec);
    this.noteText(domainSlots.dirtyMode, earlier.dirtyMode);
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

  #sumOfVcpus(slot: number): Count | undefined {
    return sumKnown(this.#layout.vcpus.map(({ at }) => this.count(at + slot)));
  }
}
