import type { EpochMs } from '../../../model/scalar-types.ts';
import type { Stat } from '../../../model/stat.ts';
import { FigureGroup } from '../figures.ts';
import { domainSlots, MonitorSample } from './monitor-sample.ts';
import { NetSample } from './net-sample.ts';
import type { PerfSample, SampleParts } from './sample-layout.ts';

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
