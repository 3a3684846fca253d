import type { Percent } from '../../model/scalar-types.ts';
import { increase } from './arithmetic.ts';
import type { BlockSample, MonitorSample } from './stats-sample.ts';

/** Figures that need two readings of one run of a domain; computed once, when the second arrives. */
export interface Rates {
  readonly hostPercent: Percent | undefined;
  readonly percent: Percent | undefined;
  readonly stealPercent: Percent | undefined;
  /** By vCPU number. */
  readonly vcpuPercent: ReadonlyMap<number, Percent>;
  /** By target. */
  readonly latencies: ReadonlyMap<string, Latencies>;
}

/** Mean times in microseconds of the requests completed between the two readings. */
export interface Latencies {
  readonly readUs: number | undefined;
  readonly writeUs: number | undefined;
  readonly flushUs: number | undefined;
}

/**
 * The rates between two readings, by the real time that passed between them. Undefined when the readings
 * do not belong to one run of the domain (a counter went backwards) or no time passed.
 */
export function ratesBetween(
  earlier: MonitorSample,
  later: MonitorSample,
  hostCpus: number | undefined,
): Rates | undefined {
  const elapsedNs = (later.atMs - earlier.atMs) * 1e6;
  const cpuNs = increase(later.cpuTimeNs, earlier.cpuTimeNs);
  if (elapsedNs <= 0 || (cpuNs === undefined && later.cpuTimeNs !== undefined)) return undefined;
  const vcpuPercent = new Map<number, Percent>();
  let delayNs: number | undefined;
  for (const [position, vcpu] of later.vcpus.entries()) {
    const before = sameNumber(earlier, position, vcpu.number);
    if (before === undefined) continue;
    const usedNs = increase(vcpu.timeNs, before.timeNs);
    if (usedNs !== undefined) vcpuPercent.set(vcpu.number, hundredths(usedNs / elapsedNs));
    const waitedNs = increase(vcpu.delayNs, before.delayNs);
    if (waitedNs !== undefined) delayNs = (delayNs ?? 0) + waitedNs;
  }
  const vcpus = later.vcpuCurrent ?? later.vcpus.length;
  return {
    hostPercent:
      cpuNs === undefined || !hostCpus
        ? undefined
        : Math.min(10_000, hundredths(cpuNs / (elapsedNs * hostCpus))),
    percent: cpuNs === undefined || vcpus === 0 ? undefined : hundredths(cpuNs / (elapsedNs * vcpus)),
    stealPercent:
      delayNs === undefined || vcpus === 0 ? undefined : hundredths(delayNs / (elapsedNs * vcpus)),
    vcpuPercent,
    latencies: latenciesBetween(earlier.blocks, later.blocks),
  };
}

function latenciesBetween(
  earlier: readonly BlockSample[],
  later: readonly BlockSample[],
): ReadonlyMap<string, Latencies> {
  const latencies = new Map<string, Latencies>();
  for (const [position, block] of later.entries()) {
    if (block.name === undefined || block.backingIndex !== undefined) continue;
    const before =
      earlier[position]?.name === block.name
        ? earlier[position]
        : earlier.find((candidate) => candidate.name === block.name);
    if (before === undefined) continue;
    latencies.set(block.name, {
      readUs: meanUs(
        increase(block.readTimeNs, before.readTimeNs),
        increase(block.readRequests, before.readRequests),
      ),
      writeUs: meanUs(
        increase(block.writeTimeNs, before.writeTimeNs),
        increase(block.writeRequests, before.writeRequests),
      ),
      flushUs: meanUs(
        increase(block.flushTimeNs, before.flushTimeNs),
        increase(block.flushRequests, before.flushRequests),
      ),
    });
  }
  return latencies;
}

function sameNumber(sample: MonitorSample, position: number, number: number) {
  const candidate = sample.vcpus[position];
  return candidate?.number === number ? candidate : sample.vcpus.find((vcpu) => vcpu.number === number);
}

function meanUs(totalNs: number | undefined, requests: number | undefined): number | undefined {
  if (totalNs === undefined || requests === undefined || requests === 0) return undefined;
  return Math.round(totalNs / requests / 1000);
}

function hundredths(share: number): Percent {
  return Math.round(share * 10_000);
}
