import { add, increase } from '../../model/arithmetic.ts';
import type { Count, Percent } from '../../model/scalar-types.ts';
import type { Figures } from './figures.ts';
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
const requests = [
  { times: 'rd.times', count: 'rd.reqs', mean: '=readLatency' },
  { times: 'wr.times', count: 'wr.reqs', mean: '=writeLatency' },
  { times: 'fl.times', count: 'fl.reqs', mean: '=flushLatency' },
].map(({ times, count, mean }) => ({
  times: entryFields.block.slot(times),
  count: entryFields.block.slot(count),
  mean: entryFields.block.slot(mean),
}));

/**
 * Notes in a reading the figures that are worked out: sums over the vCPUs and, from it and the reading before it,
 * shares of the real time that passed and mean times of the requests completed meanwhile. There are no shares
 * without an earlier reading, nor where that is of another run of the domain (a counter went backwards).
 */
export function noteRates(
  earlier: MonitorSample | undefined,
  later: MonitorSample,
  hostCpus: number | undefined,
): void {
  noteSums(later);
  if (earlier !== undefined) noteShares(earlier, later, hostCpus);
  noteLatencies(earlier, later);
}

/** How long all vCPUs together waited for a host CPU, and otherwise. */
function noteSums({ figures, base, layout }: MonitorSample): void {
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

function noteShares(earlier: MonitorSample, later: MonitorSample, hostCpus: number | undefined): void {
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
  if (vcpus === 0) return;
  if (cpuNs !== undefined) figures.setNumber(base + percent, hundredths(cpuNs / (elapsedNs * vcpus)));
  if (delayNs !== undefined) {
    figures.setNumber(base + stealPercent, hundredths(delayNs / (elapsedNs * vcpus)));
  }
}

/** Returns how long all vCPUs together waited for a host CPU; undefined if that is not known of any. */
function noteVcpus(earlier: MonitorSample, later: MonitorSample, elapsedNs: number): number | undefined {
  const { figures, base } = later;
  const { vcpus } = later.layout;
  let delayNs: number | undefined;
  for (let position = 0; position < vcpus.length; position++) {
    const vcpu = vcpus[position] as Entry;
    const before = sameVcpu(earlier, vcpu, position);
    if (before === undefined) continue;
    const now = base + vcpu.at;
    const then = earlier.base + before.at;
    const usedNs = figures.increase(now + vcpuTime, earlier.figures, then + vcpuTime);
    if (usedNs >= 0) figures.setNumber(now + vcpuPercent, hundredths(usedNs / elapsedNs));
    const waitedNs = figures.increase(now + vcpuDelay, earlier.figures, then + vcpuDelay);
    if (waitedNs >= 0) delayNs = (delayNs ?? 0) + waitedNs;
  }
  return delayNs;
}

/** The same vCPU in another reading, where it is most often at the same position. */
export function sameVcpu({ layout }: MonitorSample, { number }: Entry, position: number): Entry | undefined {
  const same = layout.vcpus[position];
  return same?.number === number ? same : layout.vcpus.find((one) => one.number === number);
}

/**
 * The mean time of the requests since the reading before. Where none was completed it stays what it was, and what is
 * told first is the mean of all requests since the domain was started.
 */
function noteLatencies(earlier: MonitorSample | undefined, later: MonitorSample): void {
  const { figures, base, layout } = later;
  const sameDisks =
    earlier?.layout === layout && figures.sameTexts(layout.course.names, base, earlier.figures, earlier.base);
  for (const block of layout.blocks) {
    const name = later.blockName(block);
    // A layer of a backing chain follows its disk under the same name.
    if (name === undefined || later.block(name) !== block) continue;
    const before = sameDisks ? block : earlier?.block(name);
    noteLatenciesOf(figures, base + block.at, before && earlier, (earlier?.base ?? 0) + (before?.at ?? 0));
  }
}

function noteLatenciesOf(
  figures: Figures,
  now: number,
  earlier: MonitorSample | undefined,
  then: number,
): void {
  for (const { times, count, mean } of requests) {
    const more =
      earlier === undefined ? Number.NaN : figures.increase(now + count, earlier.figures, then + count);
    const moreNs =
      earlier === undefined ? Number.NaN : figures.increase(now + times, earlier.figures, then + times);
    if (more >= 0 && moreNs >= 0) {
      figures.setNumber(now + mean, meanOf(moreNs, more, earlier?.figures.number(then + mean) ?? 0));
      continue;
    }
    const tookNs = figures.count(now + times);
    const completed = figures.count(now + count);
    if (tookNs === undefined || completed === undefined) continue;
    figures.setNumber(now + mean, meanOf(Number(tookNs), Number(completed), 0));
  }
}

function meanOf(totalNs: number, requestCount: number, otherwise: number): number {
  return requestCount === 0 ? otherwise : Math.round(totalNs / requestCount / 1000);
}

function hundredths(share: number): Percent {
  return Math.round(share * 10_000);
}
