import { Dimensions } from '../families/dimensions.ts';
import type { Family } from '../families/family.ts';
import type { AnyLabelSources } from '../families/label-set.ts';
import { type ValuedSeries, valuedSeries } from '../families/series-values.ts';
import type { ImageTree } from '../image/image-tree.ts';
import { rowsBelow } from './cells.ts';
import { Frame } from './frame.ts';
import { Increments } from './increments.ts';
import { activeRows, vadvisorColumns } from './vadvisor-stats.ts';

/** Lines of StatsD for the current image: what counters grew by since the last call, and gauges. */
export interface StatsdEncoder {
  round(): readonly string[];
}

/** Counters of a machine as vAdvisor calls them: the name, the column and what its unit is divided by. */
const domainCounters = [
  ['cpu.total', 'vmCpuTime', 1000],
  ['cpu.system.total', 'lveDomCpuSystemTime', 1000],
  ['cpu.user.total', 'lveDomCpuUserTime', 1000],
] as const;

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

/** The names of vAdvisor: `vm.<uuid>.<interface>.network.receive.bytes.total`. Times are in milliseconds. */
export class VadvisorStatsd implements StatsdEncoder {
  readonly #tree: ImageTree;
  readonly #increments = new Increments();

  constructor(tree: ImageTree) {
    this.#tree = tree;
  }

  round(): readonly string[] {
    const frame = new Frame(this.#tree, vadvisorColumns, { isKept: false });
    const lines: string[] = [];
    const count = (name: string, value: number | undefined): void => {
      const grown = value === undefined ? undefined : this.#increments.of(name, value);
      if (grown !== undefined && grown > 0) lines.push(`${name}:${grown}|c`);
    };
    for (const row of activeRows(frame)) {
      const vm = `vm.${keyPart(frame.text('lveDomUuid', row))}`;
      const rows = frame.rows('lveDomId');
      const domain = rows.subIds[rows.offsets[row] ?? 0] ?? 0;
      lines.push(`${vm}.up:${frame.number('lveDomState', row) === running ? 1 : 0}|g`);
      const own = (name: string): number | undefined => {
        const [from, to] = rowsBelow(frame.rows(name), domain);
        return from < to ? frame.number(name, from) : undefined;
      };
      const memory = own('lveMemCurrent');
      if (memory !== undefined) lines.push(`${vm}.memory.bytes:${memory}|g`);
      for (const [name, column, divideBy] of domainCounters) {
        const value = own(column);
        count(`${vm}.${name}`, value === undefined ? undefined : Math.floor(value / divideBy));
      }
      each(frame, domain, 'lveNicTarget', (nic) => {
        const device = keyPart(frame.text('lveNicTarget', nic) || frame.text('lveNicMac', nic));
        for (const [name, column] of nicCounters) count(`${vm}.${device}.${name}`, frame.number(column, nic));
      });
      each(frame, domain, 'lveDiskTarget', (disk) => {
        const device = keyPart(frame.text('lveDiskTarget', disk));
        for (const [name, column] of diskCounters)
          count(`${vm}.${device}.${name}`, frame.number(column, disk));
      });
      each(frame, domain, 'lveVcpuNumber', (vcpu) => {
        const time = frame.number('vmCpuCoreTime', vcpu);
        const number = frame.number('lveVcpuNumber', vcpu) ?? 0;
        count(`${vm}.${number}.vcpu.total`, time === undefined ? undefined : Math.floor(time / 1000));
      });
    }
    this.#increments.endRound();
    return lines;
  }
}

function each(frame: Frame, domain: number, column: string, visit: (row: number) => void): void {
  const [from, to] = rowsBelow(frame.rows(column), domain);
  for (let row = from; row < to; row++) visit(row);
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

  constructor(tree: ImageTree, families: readonly Family[], domainLabels: AnyLabelSources) {
    this.#series = valuedSeries(tree, families);
    this.#dimensions = new Dimensions(tree, domainLabels);
  }

  round(): readonly string[] {
    const lines: string[] = [];
    for (const { family, series, values } of this.#series) {
      const { name, type } = family;
      const read = values.reader();
      const { names, rows } = this.#dimensions.rowsOf(series);
      const fixed = Object.entries(series.fixed).map(([label, value]) => `${label}:${tagValue(value)}`);
      for (const [row, texts] of rows.entries()) {
        if (texts === undefined) continue;
        const value = Number(read(row));
        if (Number.isNaN(value)) continue;
        const tags = [...names.flatMap((label, at) => tag(label, texts[at] ?? '')), ...fixed].join(',');
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
