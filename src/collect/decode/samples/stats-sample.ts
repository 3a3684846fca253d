import type { EpochMs } from '../../../model/scalar-types.ts';
import type { Stat } from '../../../model/stat.ts';
import { FigureGroup } from '../figures.ts';
import { isOfIdleGroup } from '../idle-groups.ts';
import { isMonitorFree, statsGroups } from '../stats-groups.ts';
import { domainSlots, MonitorSample } from './monitor-sample.ts';
import { NetSample } from './net-sample.ts';
import type { PerfSample, SampleLayout, SampleParts } from './sample-layout.ts';

/**
 * One reading of a domain's statistics, in libvirt's own units (nanoseconds, KiB): the fields of
 * virConnectGetAllDomainStats that other objects hold, found by `stat-fields.ts`.
 *
 * The two halves age differently. `monitor` needs the hypervisor process to answer; while a job holds the
 * domain (NOWAIT) or the process hangs, the half of an earlier reading stays in force.
 */
export class StatsSample extends FigureGroup {
  readonly perf: readonly PerfSample[];
  #others: readonly Stat[];
  #monitor: MonitorSample;
  readonly #layout: SampleLayout;

  constructor(parts: SampleParts) {
    super(parts.figures, parts.base);
    this.perf = parts.perf;
    this.#others = parts.others;
    this.#monitor = new MonitorSample(parts);
    this.#layout = parts.layout;
  }

  get monitor(): MonitorSample {
    return this.#monitor;
  }

  /** Parameters that no other object holds, or all of them with the selector raw. */
  get others(): readonly Stat[] {
    return this.#others;
  }

  /** Puts the monitor's half of an earlier reading in the place of this one's. */
  keepMonitor(earlier: StatsSample): void {
    this.#monitor = earlier.monitor;
    const own = new Map(this.#others.map((stat) => [stat.name, stat]));
    const known = new Set(earlier.#others.map(({ name }) => name));
    this.#others = [
      ...earlier.#others.flatMap((stat) => own.get(stat.name) ?? (isMonitorFree(stat.name) ? [] : stat)),
      ...this.#others.filter(({ name }) => !known.has(name)),
    ];
  }

  /** Takes over what an earlier reading told of rare groups that this one was not asked for. */
  keepIdleGroups(earlier: StatsSample, groups: number): void {
    if ((groups & statsGroups.dirtyRate) !== 0) this.#monitor.keepDirtyRate(earlier.monitor);
    const kept = earlier.#others.filter(({ name }) => isOfIdleGroup(name, groups));
    if (kept.length > 0) this.#others = [...this.#others, ...kept];
  }

  get at(): EpochMs {
    return this.figures.at;
  }

  get nets(): readonly NetSample[] {
    const { figures, base } = this;
    return this.#layout.nets.map(({ number, at }) => new NetSample(number, figures, base + at));
  }

  get state(): number | undefined {
    return this.small(domainSlots.state);
  }

  get reason(): number | undefined {
    return this.small(domainSlots.reason);
  }
}
