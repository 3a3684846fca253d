import { add, increase } from '../../model/arithmetic.ts';
import type { Count, Percent } from '../../model/scalar-types.ts';
import type { MonitorSample } from './monitor-sample.ts';
import type { Entry } from './sample-layout.ts';
import { domainFields, entryFields } from './stat-fields.ts';

const cpuTime = domainFields.slot('cpu.time');
const vcpuCurrent = domainFields.slot('vcpu.current');
const steal = domainFields.slot('=steal');
const wait = domainFields.slot('=wait');
const hostPercent = domainFields.slot('=hostPercent');
const percent = domainFields.slot('=percent');
const stealPercent = domainFields.slot('=stealPercent');

const vcpuTime = entryFields.vcpu.slot('time');
const vcpuDelay = entryFields.vcpu.slot('delay');
const vcpuWait = entryFields.vcpu.slot('wait');
const vcpuPercent = entryFields.vcpu.slot('=percent');

/** Time, number and mean time of each kind of request. */
const requests = (['rd', 'wr', 'fl'] as const).map((kind) => ({
  times: entryFields.block.slot(`${kind}.times`),
  count: entryFields.block.slot(`${kind}.reqs`),
  mean: entryFields.block.slot(`=${{ rd: 'read', wr: 'write', fl: 'flush' }[kind]}Latency`),
}));

/** Notes the sums over the vCPUs of a reading: how long all of them waited for a host CPU, and otherwise. */
export function noteSums({ figures, base, layout }: MonitorSample): void {
  let delayed: Count | undefined;
  let waited: Count | undefined;
  for (const { at } of layout.vcpus) {
    delayed = plus(delayed, figures.count(base + at + vcpuDelay));
    waited = plus(waited, figures.count(base + at + vcpuWait));
  }
  figures.setCount(base + steal, delayed);
  figures.setCount(base + wait, waited);
}

function plus(sum: Count | undefined, value: Count | undefined): Count | undefined {
  if (value === undefined) return sum;
  return sum === undefined ? value : add(sum, value);
}

/**
 * Notes in the later of two readings the figures that need both: shares of the real time that passed, and
 * mean times of the requests completed meanwhile. Nothing is noted when the readings do not belong to one run
 * of the domain (a counter went backwards) or no time passed.
 */
export function noteRates(earlier: MonitorSample, later: MonitorSample, hostCpus: number | undefined): void {
  const { figures, base } = later;
  const elapsedNs = (later.atMs - earlier.atMs) * 1e6;
  const cpuNow = figures.count(base + cpuTime);
  const cpuNs = increase(cpuNow, earlier.figures.count(earlier.base + cpuTime));
  if (elapsedNs <= 0 || (cpuNs === undefined && cpuNow !== undefined)) return;
  const delayNs = noteVcpus(earlier, later, elapsedNs);
  const vcpus = figures.number(base + vcpuCurrent) ?? later.layout.vcpus.length;
  if (cpuNs !== undefined && hostCpus) {
    figures.setNumber(base + hostPercent, Math.min(10_000, hundredths(cpuNs / (elapsedNs * hostCpus))));
  }
  if (vcpus > 0) {
    if (cpuNs !== undefined) figures.setNumber(base + percent, hundredths(cpuNs / (elapsedNs * vcpus)));
    if (delayNs !== undefined) {
      figures.setNumber(base + stealPercent, hundredths(delayNs / (elapsedNs * vcpus)));
    }
  }
  noteLatencies(earlier, later);
}

/** Returns how long all vCPUs together waited for a host CPU; undefined if that is not known of any. */
function noteVcpus(earlier: MonitorSample, later: MonitorSample, elapsedNs: number): number | undefined {
  const { figures, base } = later;
  const { vcpus } = later.layout;
  let delayNs: number | undefined;
  for (let position = 0; position < vcpus.length; position++) {
    const vcpu = vcpus[position] as Entry;
    const same = earlier.layout.vcpus[position];
    const before =
      same?.number === vcpu.number ? same : earlier.layout.vcpus.find((one) => one.number === vcpu.number);
    if (before === undefined) continue;
    const now = base + vcpu.at;
    const then = earlier.base + before.at;
    const usedNs = increase(figures.count(now + vcpuTime), earlier.figures.count(then + vcpuTime));
    if (usedNs !== undefined) figures.setNumber(now + vcpuPercent, hundredths(usedNs / elapsedNs));
    const waitedNs = increase(figures.count(now + vcpuDelay), earlier.figures.count(then + vcpuDelay));
    if (waitedNs !== undefined) delayNs = (delayNs ?? 0) + waitedNs;
  }
  return delayNs;
}

function noteLatencies(earlier: MonitorSample, later: MonitorSample): void {
  const { figures, base } = later;
  const { blocks } = later.layout;
  for (let position = 0; position < blocks.length; position++) {
    const block = blocks[position] as Entry;
    const name = later.blockName(block);
    if (name === undefined || isLayer(later, block)) continue;
    const same = earlier.layout.blocks[position];
    const before = same !== undefined && earlier.blockName(same) === name ? same : earlier.block(name);
    if (before === undefined) continue;
    const now = base + block.at;
    const then = earlier.base + before.at;
    for (const { times, count, mean } of requests) {
      const tookNs = increase(figures.count(now + times), earlier.figures.count(then + times));
      const completed = increase(figures.count(now + count), earlier.figures.count(then + count));
      if (tookNs === undefined || completed === undefined || completed === 0) continue;
      figures.setNumber(now + mean, Math.round(tookNs / completed / 1000));
    }
  }
}

const backingIndex = entryFields.block.slot('backingIndex');

function isLayer({ figures, base }: MonitorSample, block: Entry): boolean {
  return figures.number(base + block.at + backingIndex) !== undefined;
}

function hundredths(share: number): Percent {
  return Math.round(share * 10_000);
}
