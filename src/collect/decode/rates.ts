import type { Percent } from '../../model/scalar-types.ts';
import { increase } from './arithmetic.ts';
import type { BlockSample } from './samples/block-sample.ts';
import type { MonitorSample } from './samples/monitor-sample.ts';
import type { VcpuSample } from './samples/vcpu-sample.ts';

/**
 * Notes in the later of two readings the figures that need both: shares of the real time that passed, and
 * mean times of the requests completed meanwhile. Nothing is noted when the readings do not belong to one run
 * of the domain (a counter went backwards) or no time passed.
 */
export function noteRates(earlier: MonitorSample, later: MonitorSample, hostCpus: number | undefined): void {
  const elapsedNs = (later.atMs - earlier.atMs) * 1e6;
  const cpuNs = increase(later.cpuTimeNs, earlier.cpuTimeNs);
  if (elapsedNs <= 0 || (cpuNs === undefined && later.cpuTimeNs !== undefined)) return;
  const listed = later.vcpus;
  const delayNs = noteVcpus(earlier.vcpus, listed, elapsedNs);
  const vcpus = later.vcpuCurrent ?? listed.length;
  later.noteShares({
    host:
      cpuNs === undefined || !hostCpus
        ? undefined
        : Math.min(10_000, hundredths(cpuNs / (elapsedNs * hostCpus))),
    own: cpuNs === undefined || vcpus === 0 ? undefined : hundredths(cpuNs / (elapsedNs * vcpus)),
    steal: delayNs === undefined || vcpus === 0 ? undefined : hundredths(delayNs / (elapsedNs * vcpus)),
  });
  noteLatencies(earlier.blocks, later.blocks);
}

/** Returns how long all vCPUs together waited for a host CPU; undefined if that is not known of any. */
function noteVcpus(
  earlier: readonly VcpuSample[],
  later: readonly VcpuSample[],
  elapsedNs: number,
): number | undefined {
  let delayNs: number | undefined;
  for (let position = 0; position < later.length; position++) {
    const vcpu = later[position] as VcpuSample;
    const same = earlier[position];
    const before = same?.number === vcpu.number ? same : earlier.find((one) => one.number === vcpu.number);
    if (before === undefined) continue;
    const usedNs = increase(vcpu.timeNs, before.timeNs);
    if (usedNs !== undefined) vcpu.notePercent(hundredths(usedNs / elapsedNs));
    const waitedNs = increase(vcpu.delayNs, before.delayNs);
    if (waitedNs !== undefined) delayNs = (delayNs ?? 0) + waitedNs;
  }
  return delayNs;
}

function noteLatencies(earlier: readonly BlockSample[], later: readonly BlockSample[]): void {
  for (let position = 0; position < later.length; position++) {
    const block = later[position] as BlockSample;
    const { name } = block;
    if (name === undefined || block.backingIndex !== undefined) continue;
    const same = earlier[position];
    const before = same?.name === name ? same : earlier.find((one) => one.name === name);
    if (before === undefined) continue;
    block.noteLatencies(
      meanUs(
        increase(block.readTimeNs, before.readTimeNs),
        increase(block.readRequests, before.readRequests),
      ),
      meanUs(
        increase(block.writeTimeNs, before.writeTimeNs),
        increase(block.writeRequests, before.writeRequests),
      ),
      meanUs(
        increase(block.flushTimeNs, before.flushTimeNs),
        increase(block.flushRequests, before.flushRequests),
      ),
    );
  }
}

function meanUs(totalNs: number | undefined, requests: number | undefined): number | undefined {
  if (totalNs === undefined || requests === undefined || requests === 0) return undefined;
  return Math.round(totalNs / requests / 1000);
}

function hundredths(share: number): Percent {
  return Math.round(share * 10_000);
}
