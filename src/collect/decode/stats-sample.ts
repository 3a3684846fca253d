import type { Count, EpochMs } from '../../model/scalar-types.ts';
import type { Stat } from '../../model/stat.ts';
import { Figures } from './figures.ts';
import { fieldsOfIdleGroups, isOfIdleGroup } from './idle-groups.ts';
import { MonitorSample } from './monitor-sample.ts';
import { layoutOf } from './record-shape.ts';
import type { Entry, PerfSample, SampleLayout, SampleParts } from './sample-layout.ts';
import { domainFields, entryFields } from './stat-fields.ts';
import { isMonitorFree } from './stats-groups.ts';

const state = domainFields.slot('state.state');
const reason = domainFields.slot('state.reason');
const netName = entryFields.net.slot('name');

const basics = {
  cpuTimeNs: domainFields.slot('cpu.time'),
  memoryKib: domainFields.slot('balloon.current'),
  maxMemoryKib: domainFields.slot('balloon.maximum'),
  vcpus: domainFields.slot('vcpu.current'),
} as const;

/** What every driver tells of a domain (virDomainGetInfo). */
export type DomainInfo = Readonly<Record<keyof typeof basics, Count>>;

const emptyLayout = layoutOf();

/** A reading without any parameter, of a driver that has no statistics. */
export function emptySample(): StatsSample {
  const figures = new Figures(domainFields.size);
  return new StatsSample({ figures, base: 0, layout: emptyLayout, perf: [], others: [] });
}

/**
 * One reading of a domain's statistics, in libvirt's own units (nanoseconds, KiB): the fields of
 * virConnectGetAllDomainStats that the rows of the model read.
 *
 * The two halves age differently. `monitor` needs the hypervisor process to answer; while a job holds the
 * domain (NOWAIT) or the process hangs, the half of an earlier reading stays in force.
 */
export class StatsSample {
  // Declared, so that they are written once: fields that are defined first cost several times as much.
  declare readonly figures: Figures;
  declare readonly base: number;
  declare readonly layout: SampleLayout;
  declare readonly perf: readonly PerfSample[];
  #others: readonly Stat[];
  #monitor: MonitorSample;

  constructor(parts: SampleParts) {
    this.figures = parts.figures;
    this.base = parts.base;
    this.layout = parts.layout;
    this.perf = parts.perf;
    this.#others = parts.others;
    this.#monitor = new MonitorSample(parts);
  }

  get monitor(): MonitorSample {
    return this.#monitor;
  }

  /** Parameters that no other object holds, or all of them with the selector raw. */
  get others(): readonly Stat[] {
    return this.#others;
  }

  /** Whether not even what every driver tells of a domain is there. */
  get lacksBasics(): boolean {
    return (
      this.lacksCpuTime &&
      this.figures.number(this.base + basics.maxMemoryKib) === undefined &&
      this.figures.number(this.base + basics.vcpus) === undefined
    );
  }

  /** libvirt before 8 takes it from a cgroup, which a domain need not have. */
  get lacksCpuTime(): boolean {
    return this.figures.number(this.base + basics.cpuTimeNs) === undefined;
  }

  /** Takes what was asked for otherwise, where it is lacking. */
  noteInfo(info: DomainInfo): void {
    for (const [name, slot] of Object.entries(basics)) {
      const known = this.figures.number(this.base + slot) !== undefined;
      if (!known) this.figures.setCount(this.base + slot, info[name as keyof typeof basics]);
    }
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
    const own = this.#monitor;
    const before = earlier.monitor;
    for (const { kind, slot } of fieldsOfIdleGroups(groups)) {
      own.figures.copy(own.base + slot, before.figures, before.base + slot, kind === 'text');
    }
    if (earlier.#others.length === 0) return;
    const kept = earlier.#others.filter(({ name }) => isOfIdleGroup(name, groups));
    if (kept.length > 0) this.#others = [...this.#others, ...kept];
  }

  get at(): EpochMs {
    return this.figures.at;
  }

  /** The host device of an interface: vnet0. */
  netName(net: Entry): string | undefined {
    return this.figures.text(this.base + net.at + netName);
  }

  /** The interface with this host device. */
  net(device: string): Entry | undefined {
    for (const net of this.layout.nets) {
      if (this.netName(net) === device) return net;
    }
    return undefined;
  }

  /** virDomainState */
  get state(): number | undefined {
    return this.figures.number(this.base + state);
  }

  get reason(): number | undefined {
    return this.figures.number(this.base + reason);
  }
}
