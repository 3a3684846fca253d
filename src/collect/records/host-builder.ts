import { add, ratioOf } from '../../model/arithmetic.ts';
import type { Domain } from '../../model/domain.ts';
import type { Host, HostCpu } from '../../model/host.ts';
import type { Count } from '../../model/scalar-types.ts';
import type { DomainRecord, RuntimeFacts } from './domain-record.ts';
import type { HostRecord } from './host-record.ts';

/** Turns what was collected of the host into what is published: the same object while nothing differs. */
export class HostBuilder {
  readonly #record: HostRecord;
  readonly #vcpuCounts = new VcpuCounts();
  #built: Host | undefined;

  constructor(record: HostRecord) {
    this.#record = record;
  }

  /** The host as it is published: what was collected of it, and sums over its domains. */
  build(domains: readonly Domain[], records: readonly DomainRecord[]): Host {
    const { facts, cells, hugePages } = this.#record;
    let vcpusActive = 0;
    let vcpusDefined = 0;
    let memActiveBytes: Count = 0;
    let memDefinedBytes: Count = 0;
    let memMaximumActive: Count = 0;
    let memRssBytes: Count | undefined;
    for (const domain of domains) {
      const { cpu, memory } = domain;
      if (domain.facts.presence === 'gone') continue;
      vcpusDefined += cpu?.vcpusMaximum ?? 0;
      memDefinedBytes = add(memDefinedBytes, memory?.maximumBytes ?? 0);
      if (!domain.facts.active) continue;
      vcpusActive += cpu?.vcpusCurrent ?? 0;
      memActiveBytes = add(memActiveBytes, memory?.currentBytes ?? 0);
      memMaximumActive = add(memMaximumActive, memory?.maximumBytes ?? 0);
      if (memory?.rssBytes !== undefined) memRssBytes = add(memRssBytes ?? 0, memory.rssBytes);
    }
    this.#vcpuCounts.update(records);
    const host: Host = {
      ...facts,
      vcpusActive,
      vcpusDefined,
      cpuOvercommit: ratioOf(vcpusActive, facts.cpusOnline),
      memActiveBytes,
      memDefinedBytes,
      memOvercommit: ratioOf(memMaximumActive, facts.memTotalBytes),
      memRssBytes,
      cpus: this.#cpus(),
      cells,
      hugePages,
    };
    this.#built = same(this.#built, host);
    return this.#built;
  }

  /** Adds how many vCPUs are pinned to each processor and how many were on it. */
  #cpus(): readonly HostCpu[] {
    const before = this.#built?.cpus ?? [];
    const { pinned, running } = this.#vcpuCounts;
    const cpus = this.#record.cpus.map((cpu, position) =>
      same(before[position], {
        ...cpu,
        pinnedVcpus: pinned && (pinned.get(cpu.number) ?? 0),
        runningVcpus: running && (running.get(cpu.number) ?? 0),
      }),
    );
    const unchanged = cpus.length === before.length && cpus.every((cpu, at) => cpu === before[at]);
    return unchanged ? before : cpus;
  }
}

/** How many vCPUs are pinned to each processor, and were on it when last looked; undefined while nothing is known. */
class VcpuCounts {
  pinned: ReadonlyMap<number, number> | undefined;
  running: ReadonlyMap<number, number> | undefined;
  /** What was counted, by domain. */
  #counted: readonly Pick<RuntimeFacts, 'pins' | 'hostCpus'>[] = [];

  /** Counts anew if anything differs from what was counted. */
  update(records: readonly DomainRecord[]): void {
    const counted = this.#counted;
    const isCurrent =
      counted.length === records.length &&
      records.every(({ active, runtime }, at) => {
        const known = active ? runtime : nothingKnown;
        return counted[at]?.pins === known.pins && counted[at]?.hostCpus === known.hostCpus;
      });
    if (isCurrent) return;
    this.#counted = records.map(({ active, runtime: { pins, hostCpus } }) =>
      active ? { pins, hostCpus } : nothingKnown,
    );
    this.pinned = undefined;
    this.running = undefined;
    const pinned = new Map<number, number>();
    const running = new Map<number, number>();
    for (const { pins, hostCpus } of this.#counted) {
      if (pins?.vcpus !== undefined) {
        this.pinned = pinned;
        for (const pin of pins.vcpus.values()) if (pin.pinned) for (const cpu of pin.cpus) count(pinned, cpu);
      }
      if (hostCpus !== undefined) {
        this.running = running;
        for (const cpu of hostCpus.values()) count(running, cpu);
      }
    }
  }
}

const nothingKnown = { pins: undefined, hostCpus: undefined } as const;

function count(counts: Map<number, number>, key: number): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

/** The one from before where all its parts are those of the new one. */
function same<Row extends object>(before: Row | undefined, now: Row): Row {
  if (before === undefined) return now;
  for (const key of Object.keys(now) as (keyof Row)[]) if (before[key] !== now[key]) return now;
  return before;
}
