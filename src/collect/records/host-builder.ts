import type { Domain } from '../../model/domain.ts';
import type { Host, HostCpu } from '../../model/host.ts';
import type { Count } from '../../model/scalar-types.ts';
import { add, ratioOf } from '../decode/arithmetic.ts';
import type { DomainRecord } from './domain-record.ts';
import type { HostRecord } from './host-record.ts';

/** The host as it is published: what was collected of it, and sums over its domains. */
export function buildHost(
  record: HostRecord,
  domains: readonly Domain[],
  records: readonly DomainRecord[],
): Host {
  let vcpusActive = 0;
  let vcpusDefined = 0;
  let memActiveBytes: Count = 0;
  let memDefinedBytes: Count = 0;
  let memMaximumActive: Count = 0;
  let memRssBytes: Count | undefined;
  for (const domain of domains) {
    const { facts, cpu, memory } = domain;
    if (facts.presence === 'gone') continue;
    vcpusDefined += cpu?.vcpusMaximum ?? 0;
    memDefinedBytes = add(memDefinedBytes, memory?.maximumBytes ?? 0);
    if (!facts.active) continue;
    vcpusActive += cpu?.vcpusCurrent ?? 0;
    memActiveBytes = add(memActiveBytes, memory?.currentBytes ?? 0);
    memMaximumActive = add(memMaximumActive, memory?.maximumBytes ?? 0);
    if (memory?.rssBytes !== undefined) memRssBytes = add(memRssBytes ?? 0, memory.rssBytes);
  }
  return {
    ...record.facts,
    vcpusActive,
    vcpusDefined,
    cpuOvercommit: ratioOf(vcpusActive, record.facts.cpusOnline),
    memActiveBytes,
    memDefinedBytes,
    memOvercommit: ratioOf(memMaximumActive, record.facts.memTotalBytes),
    memRssBytes,
    cpus: hostCpus(record, records),
    cells: record.cells,
    hugePages: record.hugePages,
  };
}

/** Adds how many vCPUs are pinned to each processor and how many were on it. */
function hostCpus(record: HostRecord, records: readonly DomainRecord[]): readonly HostCpu[] {
  const pinned = new Map<number, number>();
  const running = new Map<number, number>();
  let pinsKnown = false;
  let positionsKnown = false;
  for (const { active, runtime } of records) {
    if (!active) continue;
    if (runtime.pins?.vcpus !== undefined) {
      pinsKnown = true;
      for (const pin of runtime.pins.vcpus.values())
        if (pin.pinned) for (const cpu of pin.cpus) count(pinned, cpu);
    }
    if (runtime.hostCpus !== undefined) {
      positionsKnown = true;
      for (const cpu of runtime.hostCpus.values()) count(running, cpu);
    }
  }
  return record.cpus.map((cpu) => ({
    ...cpu,
    pinnedVcpus: pinsKnown ? (pinned.get(cpu.number) ?? 0) : undefined,
    runningVcpus: positionsKnown ? (running.get(cpu.number) ?? 0) : undefined,
  }));
}

function count(counts: Map<number, number>, key: number): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
