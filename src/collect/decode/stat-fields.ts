import { blockSlots } from './samples/block-sample.ts';
import { iothreadSlots } from './samples/iothread-sample.ts';
import { domainSlots } from './samples/monitor-sample.ts';
import { netSlots } from './samples/net-sample.ts';
import { vcpuSlots } from './samples/vcpu-sample.ts';

/** Which values a field takes; any other value of its parameter leaves it unknown. */
export type FieldKind =
  /** A non-negative integer of any width. */
  | 'count'
  /** A number that fits 32 bits by its nature: states, numbers of things. */
  | 'small'
  | 'text'
  | 'flag';

/** Where a parameter's value is kept. */
export interface Field {
  readonly kind: FieldKind;
  readonly slot: number;
  /** Whether the parameter shows that the hypervisor process itself was asked. */
  readonly asked: boolean;
}

type Fields = Readonly<Record<string, Field>>;

/** Things of a domain that are numbered. */
export type EntryFamily = 'vcpu' | 'block' | 'net' | 'iothread';

/** How a parameter is stored: in a field, as a performance event, not at all, or by name in lveStatTable. */
export type FieldRule =
  | { readonly to: 'domain'; readonly field: Field }
  | { readonly to: EntryFamily; readonly number: number; readonly field: Field }
  | { readonly to: 'perf'; readonly name: string }
  | { readonly to: 'nothing' }
  | { readonly to: 'others' };

const count = (slot: number): Field => ({ kind: 'count', slot, asked: false });
const small = (slot: number): Field => ({ kind: 'small', slot, asked: false });
const text = (slot: number): Field => ({ kind: 'text', slot, asked: false });
const flag = (slot: number): Field => ({ kind: 'flag', slot, asked: false });
const asked = (field: Field): Field => ({ ...field, asked: true });

/**
 * The typed parameters of virConnectGetAllDomainStats that become fields of a sample: the only place that
 * knows libvirt's parameter names.
 *
 * To add a metric: a slot and a getter in `samples/`, a line here, a field in `src/model`, a line in
 * `records/rows` and the column in `src/mib/tables`. A parameter without a line here still appears by name in
 * lveStatTable.
 */
const domainFields: Fields = {
  'state.state': small(domainSlots.state),
  'state.reason': small(domainSlots.reason),
  'cpu.time': count(domainSlots.cpuTimeNs),
  'cpu.user': count(domainSlots.cpuUserNs),
  'cpu.system': count(domainSlots.cpuSystemNs),
  'cpu.haltpoll.success.time': count(domainSlots.haltPollSuccessNs),
  'cpu.haltpoll.fail.time': count(domainSlots.haltPollFailNs),
  'balloon.current': count(domainSlots.balloonCurrentKib),
  'balloon.maximum': count(domainSlots.balloonMaximumKib),
  'balloon.rss': asked(count(domainSlots.balloonRssKib)),
  'balloon.available': count(domainSlots.balloonAvailableKib),
  'balloon.unused': count(domainSlots.balloonUnusedKib),
  'balloon.usable': count(domainSlots.balloonUsableKib),
  'balloon.disk_caches': count(domainSlots.balloonDiskCachesKib),
  'balloon.swap_in': count(domainSlots.balloonSwapInKib),
  'balloon.swap_out': count(domainSlots.balloonSwapOutKib),
  'balloon.major_fault': count(domainSlots.balloonMajorFaults),
  'balloon.minor_fault': count(domainSlots.balloonMinorFaults),
  'balloon.hugetlb_pgalloc': count(domainSlots.balloonHugePageAllocs),
  'balloon.hugetlb_pgfail': count(domainSlots.balloonHugePageFails),
  'balloon.last-update': count(domainSlots.balloonLastUpdateSec),
  'vcpu.current': small(domainSlots.vcpuCurrent),
  'vcpu.maximum': small(domainSlots.vcpuMaximum),
  'dirtyrate.calc_status': small(domainSlots.dirtyStatus),
  'dirtyrate.megabytes_per_second': small(domainSlots.dirtyRateMibs),
  'dirtyrate.calc_period': small(domainSlots.dirtyPeriodSec),
  'dirtyrate.calc_mode': text(domainSlots.dirtyMode),
};

const entryFields: Readonly<Record<EntryFamily, Fields>> = {
  vcpu: {
    state: small(vcpuSlots.state),
    time: count(vcpuSlots.timeNs),
    wait: count(vcpuSlots.waitNs),
    delay: count(vcpuSlots.delayNs),
    halted: asked(flag(vcpuSlots.halted)),
  },
  block: {
    name: text(blockSlots.name),
    path: text(blockSlots.path),
    backingIndex: small(blockSlots.backingIndex),
    'rd.reqs': asked(count(blockSlots.readRequests)),
    'rd.bytes': count(blockSlots.readBytes),
    'rd.times': count(blockSlots.readTimeNs),
    'wr.reqs': count(blockSlots.writeRequests),
    'wr.bytes': count(blockSlots.writeBytes),
    'wr.times': count(blockSlots.writeTimeNs),
    'fl.reqs': count(blockSlots.flushRequests),
    'fl.times': count(blockSlots.flushTimeNs),
    errors: count(blockSlots.errors),
    allocation: count(blockSlots.allocationBytes),
    capacity: count(blockSlots.capacityBytes),
    physical: count(blockSlots.physicalBytes),
    threshold: count(blockSlots.thresholdBytes),
  },
  net: {
    name: text(netSlots.name),
    'rx.bytes': count(netSlots.rxBytes),
    'rx.pkts': count(netSlots.rxPackets),
    'rx.errs': count(netSlots.rxErrors),
    'rx.drop': count(netSlots.rxDrops),
    'tx.bytes': count(netSlots.txBytes),
    'tx.pkts': count(netSlots.txPackets),
    'tx.errs': count(netSlots.txErrors),
    'tx.drop': count(netSlots.txDrops),
  },
  iothread: {
    'poll-max-ns': count(iothreadSlots.pollMaxNs),
    'poll-grow': count(iothreadSlots.pollGrow),
    'poll-shrink': count(iothreadSlots.pollShrink),
    'poll-weight': count(iothreadSlots.pollWeight),
  },
};

/** Parameters that say nothing beyond what the entries themselves say. */
const ignoredNames = new Set(['net.count', 'block.count', 'iothread.count']);

/** Highest number of a vCPU, disk, interface or IOThread that gets fields; beyond, the name tells. */
const maxEntryNumber = 4095;

const numberedName = /^(vcpu|block|net|iothread)\.(\d{1,4})\.(.+)$/;

/** The rule for a parameter name. Callers keep the result: this function is not for hot paths. */
export function fieldRule(name: string): FieldRule {
  if (ignoredNames.has(name)) return { to: 'nothing' };
  const direct = own(domainFields, name);
  if (direct !== undefined) return { to: 'domain', field: direct };
  if (name.startsWith('perf.')) return { to: 'perf', name: name.slice('perf.'.length) };
  const [, family, digits, rest] = numberedName.exec(name) ?? [];
  const number = Number(digits);
  if (rest === undefined || number > maxEntryNumber) return { to: 'others' };
  const to = family as EntryFamily;
  const field = own(entryFields[to], rest);
  return field === undefined ? { to: 'others' } : { to, number, field };
}

function own(fields: Fields, key: string): Field | undefined {
  return Object.hasOwn(fields, key) ? fields[key] : undefined;
}
