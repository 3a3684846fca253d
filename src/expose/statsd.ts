import { Dimensions } from '../families/dimensions.ts';
import type { Family } from '../families/family.ts';
import { type AnyLabelSources, besideHypervisor, hypervisorLabel } from '../families/label-set.ts';
import { type ValuedSeries, valuedSeries } from '../families/series-values.ts';
import type { ImageTree } from '../image/image-tree.ts';
import { firstIndex, rowsBelow } from './cells.ts';
import { Frame } from './frame.ts';
import { Increments } from './increments.ts';
import { activeRows, vadvisorColumns } from './vadvisor-stats.ts';

/** Lines of StatsD for the current image: what counters grew by since the last call, and gauges. */
export interface StatsdEncoder {
  round(): readonly string[];
}

/** CPU times of a machine as vAdvisor calls them, and the column, which has them in microseconds. */
const domainTimes = [
  ['cpu.total', 'vmCpuTime'],
  ['cpu.system.total', 'lveDomCpuSystemTime'],
  ['cpu.user.total', 'lveDomCpuUserTime'],
] as const;
const usPerMs = 1000;

const nicCounters = [
  ['network.receive.bytes.total', 'lveNicRxBytes'],
  ['network.receive.packets.total', 'lveNicRxPackets'],
  ['network.receive.dropped.packets.total', 'lveNicRxDrops'],
  ['network.receive.errors.total', 'lveNicRxErrors'],
  ['network.transmit.bytes.total', 'lveNicTxBytes'],
  ['network.transmit.packets.total', 'lveNicTxPackets'],
  ['network.transmit.dropped.packets.total', 'lveNicTxDrops'],
  ['network.transmit.errors.total', 'lveNicTxErrors'],
] as const;

const diskCounters = [
  ['disk.write.requests.total', 'vmStorageWriteIOs'],
  ['disk.write.bytes.total', 'vmStorageWriteOctets'],
  ['disk.read.requests.total', 'vmStorageReadIOs'],
  ['disk.read.bytes.total', 'vmStorageReadOctets'],
] as const;

/** VIR_DOMAIN_RUNNING */
const running = 1;

/**
 * The names of vAdvisor: `vm.<uuid>.<interface>.network.receive.bytes.total`. Times are in milliseconds. Of several
 * hypervisors the name stands before, since a machine may be defined at two of them.
 */
export class VadvisorStatsd implements StatsdEncoder {
  readonly #tree: ImageTree;
  readonly #hypervisor: string;
  readonly #increments = new Increments();

  /** @param hypervisor its name; empty where there is only one. */
  constructor(tree: ImageTree, hypervisor = '') {
    this.#tree = tree;
    this.#hypervisor = hypervisor;
  }

  round(): readonly string[] {
    const lines: string[] = [];
    for (const { name, type, value } of vadvisorStats(this.#tree, this.#hypervisor)) {
      const sent = type === 'g' ? value : this.#increments.of(name, value);
      if (sent !== undefined && (type === 'g' || sent > 0)) lines.push(`${name}:${sent}|${type}`);
    }
    this.#increments.endRound();
    return lines;
  }
}

/** What vAdvisor shows for debugging: every value as it is, totals of counters included. */
export function vadvisorStatsdDump(tree: ImageTree, hypervisor = ''): string {
  let text = '';
  for (const { name, type, value } of vadvisorStats(tree, hypervisor)) text += `${name}:${value}|${type}\n`;
  return text;
}

interface VadvisorStat {
  readonly name: string;
  /** A gauge or a counter. */
  readonly type: 'g' | 'c';
  /** Of a counter its total. */
  readonly value: number;
}

function* vadvisorStats(tree: ImageTree, hypervisor: string): Generator<VadvisorStat> {
  // Names of hypervisors have nothing in them that StatsD would not take as it is.
  const before = hypervisor === '' ? '' : `${hypervisor}.`;
  const frame = new Frame(tree, vadvisorColumns, { isKept: false });
  function* counters(
    key: string,
    row: number,
    all: readonly (readonly [name: string, column: string])[],
  ): Generator<VadvisorStat> {
    for (const [name, column] of all) {
      const value = frame.number(column, row);
      if (value !== undefined) yield { name: `${key}.${name}`, type: 'c', value };
    }
  }
  for (const row of activeRows(frame)) {
    const vm = `${before}vm.${keyPart(frame.text('lveDomUuid', row))}`;
    const domain = firstIndex(frame.rows('lveDomId'), row);
    const state = frame.number('lveDomState', row);
    if (state !== undefined) yield { name: `${vm}.up`, type: 'g', value: state === running ? 1 : 0 };
    const own = (name: string): number | undefined => {
      const [from, to] = rowsBelow(frame.rows(name), domain);
      return from < to ? frame.number(name, from) : undefined;
    };
    const memory = own('lveMemCurrent');
    if (memory !== undefined) yield { name: `${vm}.memory.bytes`, type: 'g', value: memory };
    for (const [name, column] of domainTimes) {
      const us = own(column);
      if (us !== undefined) yield { name: `${vm}.${name}`, type: 'c', value: Math.floor(us / usPerMs) };
    }
    for (const nic of rowsOf(frame, domain, 'lveNicTarget')) {
      const device = keyPart(frame.text('lveNicTarget', nic) || frame.text('lveNicMac', nic));
      yield* counters(`${vm}.${device}`, nic, nicCounters);
    }
    for (const disk of rowsOf(frame, domain, 'lveDiskTarget')) {
      yield* counters(`${vm}.${keyPart(frame.text('lveDiskTarget', disk))}`, disk, diskCounters);
    }
    for (const vcpu of rowsOf(frame, domain, 'lveVcpuNumber')) {
      const us = frame.number('vmCpuCoreTime', vcpu);
      const number = frame.number('lveVcpuNumber', vcpu) ?? 0;
      if (us !== undefined)
        yield { name: `${vm}.${number}.vcpu.total`, type: 'c', value: Math.floor(us / usPerMs) };
    }
  }
}

function* rowsOf(frame: Frame, domain: number, column: string): Generator<number> {
  const [from, to] = rowsBelow(frame.rows(column), domain);
  for (let row = from; row < to; row++) yield row;
}

/** A part of a key: what separates parts, values and lines, and what no server likes, becomes an underscore. */
export function keyPart(text: string): string {
  return text.replaceAll(/[^\w-]/g, '_');
}

/** The names of /metrics with their labels as tags (https://docs.datadoghq.com/developers/dogstatsd/datagram_shell/). */
export class DogStatsd implements StatsdEncoder {
  readonly #series: readonly ValuedSeries[];
  readonly #dimensions: Dimensions;
  readonly #increments = new Increments();

  /** A tag that names the hypervisor, where there are several. */
  readonly #common: readonly string[];

  /** @param hypervisor its name; empty where there is only one. */
  constructor(tree: ImageTree, families: readonly Family[], domainLabels: AnyLabelSources, hypervisor = '') {
    this.#series = valuedSeries(tree, families);
    this.#common = tag(hypervisorLabel, hypervisor);
    this.#dimensions = new Dimensions(tree, domainLabels);
  }

  round(): readonly string[] {
    const lines: string[] = [];
    const nameOf = this.#common.length === 0 ? (label: string) => label : besideHypervisor;
    for (const { family, series, values } of this.#series) {
      const { name, type } = family;
      const read = values.reader();
      const { names, rows } = this.#dimensions.rowsOf(series);
      const fixed = Object.entries(series.fixed).map(([label, value]) => `${label}:${tagValue(value)}`);
      for (const [row, texts] of rows.entries()) {
        if (texts === undefined) continue;
        const value = Number(read(row));
        if (Number.isNaN(value)) continue;
        const own = names.flatMap((label, at) => tag(nameOf(label), texts[at] ?? ''));
        const tags = [...own, ...fixed, ...this.#common].join(',');
        const end = tags === '' ? '' : `|#${tags}`;
        if (type === 'gauge') {
          lines.push(`${name}:${value}|g${end}`);
          continue;
        }
        const grown = this.#increments.of(`${name}${end}`, value);
        if (grown !== undefined && grown > 0) lines.push(`${name}:${grown}|c${end}`);
      }
    }
    this.#increments.endRound();
    return lines;
  }
}

function tag(label: string, value: string): readonly string[] {
  return value === '' ? [] : [`${label}:${tagValue(value)}`];
}

/** What separates tags and fields, and control characters, become underscores. */
function tagValue(value: string): string {
  return value.replaceAll(/[|,#@\p{Cc}]/gu, '_');
}
