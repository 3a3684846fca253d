import type { MonitorSample } from './monitor-sample.ts';
import { usesRdt } from './perf-events.ts';
import type { Course } from './sample-layout.ts';
import { domainFields, entryFields } from './stat-fields.ts';
import type { StatsSample } from './stats-sample.ts';

const ofDomain = domainFields.counters;
const ofVcpu = entryFields.vcpu.counters;
const ofBlock = entryFields.block.counters;
const ofNet = entryFields.net.counters;

/** What of a domain counts from another beginning than in the reading before. */
export interface Discontinuities {
  /** The domain itself: its own counters, or those of its vCPUs, of which there are sums. */
  readonly domain: boolean;
  /** Disks, by target. */
  readonly disks: readonly string[];
}

const none: readonly never[] = [];
const noDiscontinuities: Discontinuities = { domain: false, disks: none };

/**
 * Finds counters that are less than before although the domain has been running since: after a vCPU was unplugged, a
 * guest was reset (the counters of its own kernel), a disk was exchanged for another under the same target. A disk that
 * was not there before counts from its own beginning, whoever had its target earlier.
 */
export function discontinuities(earlier: MonitorSample, later: MonitorSample): Discontinuities {
  const { layout } = later;
  if (isSameCourse(earlier, later, layout.course)) return noDiscontinuities;
  let disks: string[] | undefined;
  for (const block of layout.blocks) {
    const name = later.blockName(block);
    if (name === undefined || later.block(name) !== block) continue;
    const before = earlier.block(name);
    if (before !== undefined && !fell(ofBlock, later, block.at, earlier, before.at)) continue;
    disks ??= [];
    disks.push(name);
  }
  return { domain: domainFell(earlier, later), disks: disks ?? none };
}

function domainFell(earlier: MonitorSample, later: MonitorSample): boolean {
  if (fell(ofDomain, later, 0, earlier, 0)) return true;
  const now = later.layout.vcpus;
  for (const before of earlier.layout.vcpus) {
    const vcpu = now.find(({ number }) => number === before.number);
    if (vcpu === undefined || fell(ofVcpu, later, vcpu.at, earlier, before.at)) return true;
  }
  return false;
}

/** Interfaces whose counters are less than before, by host device. */
export function netDiscontinuities(earlier: StatsSample, later: StatsSample): readonly string[] {
  if (isSameCourse(earlier, later, later.layout.netCourse)) return none;
  let devices: string[] | undefined;
  for (const net of later.layout.nets) {
    const device = later.netName(net);
    const before = device === undefined ? undefined : earlier.net(device);
    if (device === undefined) continue;
    if (before !== undefined && !fell(ofNet, later, net.at, earlier, before.at)) continue;
    devices ??= [];
    devices.push(device);
  }
  return devices ?? none;
}

/** Whether the count of a performance event is less than before, because it was switched off and on. */
export function perfFell(earlier: StatsSample, later: StatsSample): boolean {
  return later.perf.some(({ name, value }) => {
    const before = earlier.perf.find((one) => one.name === name);
    return before !== undefined && value < before.value && !usesRdt(name);
  });
}

type Reading = Pick<StatsSample, 'figures' | 'base' | 'layout'>;

/**
 * Whether a reading tells of the same things as the one before, in the same places, and nothing fell. That is what
 * nearly all readings do, and all that is compared of them.
 */
function isSameCourse(earlier: Reading, later: Reading, { names, counters }: Course): boolean {
  const { figures, base } = later;
  return (
    earlier.layout === later.layout &&
    !figures.anyFell(counters, base, earlier.figures, earlier.base) &&
    figures.sameTexts(names, base, earlier.figures, earlier.base)
  );
}

function fell(
  slots: readonly number[],
  later: Reading,
  at: number,
  earlier: Reading,
  before: number,
): boolean {
  return later.figures.anyFell(slots, later.base + at, earlier.figures, earlier.base + before);
}
