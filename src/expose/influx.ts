import type { ImageTree } from '../image/image-tree.ts';
import { findDefinition } from '../mib/definitions.ts';
import { tables } from '../mib/objects.gen.ts';
import type { JsonScalar } from '../mib/print.ts';
import type { ReadContext } from '../tree/tree.ts';
import { rowsBelow } from './cells.ts';
import { Frame } from './frame.ts';
import { isOfDomains, scalarsJson, tableNames, tablePage } from './table-json.ts';
import { activeRows } from './vadvisor-stats.ts';

// InfluxDB's line protocol (https://docs.influxdata.com/influxdb/v1/write_protocols/line_protocol_reference/).

/** What a text may not have, or has a meaning in it. Line ends cannot be escaped. */
function escaped(text: string, special: RegExp): string {
  return text.replaceAll(/\p{Cc}+/gu, ' ').replaceAll(special, (character) => `\\${character}`);
}

/** A tag's value; a backslash at its end would escape what follows. */
function tagValue(text: string): string {
  const value = escaped(text, /[,= ]/g);
  return value.endsWith('\\') ? `${value} ` : value;
}

/** One point; undefined if it has no field. Tags without a value are left out. */
export function influxLine(
  measurement: string,
  tags: Readonly<Record<string, string>>,
  fields: Readonly<Record<string, string | undefined>>,
  timestamp: string,
): string | undefined {
  const tagText = Object.entries(tags)
    .filter(([, value]) => value !== '')
    .map(([key, value]) => `,${escaped(key, /[,= ]/g)}=${tagValue(value)}`)
    .join('');
  const fieldText = Object.entries(fields)
    .flatMap(([key, value]) => (value === undefined ? [] : `${escaped(key, /[,= ]/g)}=${value}`))
    .join(',');
  return fieldText === ''
    ? undefined
    : `${escaped(measurement, /[, ]/g)}${tagText} ${fieldText} ${timestamp}`;
}

const maxInteger = 2n ** 63n - 1n;

/** An integer; what InfluxDB cannot hold is its greatest. */
function integer(value: number | bigint | undefined): string | undefined {
  if (value === undefined || (typeof value === 'number' && !Number.isFinite(value))) return undefined;
  const whole = typeof value === 'bigint' ? value : BigInt(Math.trunc(value));
  return `${whole > maxInteger ? maxInteger : whole}i`;
}

function float(value: number | undefined): string | undefined {
  return value === undefined ? undefined : String(value);
}

function quoted(text: string): string {
  return `"${text.replaceAll(/\p{Cc}+/gu, ' ').replaceAll(/["\\]/g, (character) => `\\${character}`)}"`;
}

/** What the lines of a round have in common. */
export interface InfluxRound {
  /** Of the host: a tag of every point. */
  readonly host: string;
  /** The name of the hypervisor, another one; empty where there is only one. */
  readonly hypervisor: string;
  /** When the figures were read, in milliseconds since 1970. */
  readonly at: number;
  /** Whether there are points of the host itself. */
  readonly hasHostStats: boolean;
}

function nanoseconds(atMs: number): string {
  return `${Math.round(atMs)}000000`;
}

const pulseColumns: readonly string[] = [
  'lveHostCpuUserTime',
  'lveHostCpuKernelTime',
  'lveHostCpuIdleTime',
  'lveHostCpuIowaitTime',
  'lveHostMemTotal',
  'lveHostMemFree',
  'lveDomId',
  'lveDomName',
  'lveDomUuid',
  'lveDomState',
  'vmCpuTime',
  'vmCurCpuNumber',
  'lveMemRss',
  'lveMemCurrent',
  'lveMemMaximum',
  'lveNicMac',
  'lveNicRxBytes',
  'lveNicRxPackets',
  'lveNicRxErrors',
  'lveNicRxDrops',
  'lveNicTxBytes',
  'lveNicTxPackets',
  'lveNicTxErrors',
  'lveNicTxDrops',
  'lveDiskDevice',
  'lveDiskPool',
  'lveDiskImage',
  'vmStorageReadIOs',
  'vmStorageWriteIOs',
  'vmStorageReadOctets',
  'vmStorageWriteOctets',
  'lveDiskIoErrors',
  'lveDiskCapacity',
  'lveDiskAllocation',
  'lveDiskPhysical',
];

const mib = 2 ** 20;
const gib = 2 ** 30;
const usPerSecond = 1e6;

/** lveDiskDevice disk(1): no medium that is changed. */
const hardDisk = 1;

/** Measurements, fields and tags of cs-pulse-sensor (github.com/bwsw/cs-pulse-sensor). */
export function pulseLines(
  tree: ImageTree,
  { host, hypervisor, at, hasHostStats }: InfluxRound,
): readonly string[] {
  const frame = new Frame(tree, pulseColumns, { isKept: false });
  const time = nanoseconds(at);
  const lines: string[] = [];
  const add = (
    measurement: string,
    tags: Readonly<Record<string, string>>,
    fields: Readonly<Record<string, string | undefined>>,
  ): void => {
    const line = influxLine(measurement, { vmHost: host, hypervisor, ...tags }, fields, time);
    if (line !== undefined) lines.push(line);
  };
  if (hasHostStats) {
    const whole = (name: string, divideBy: number) => integer(divided(frame.number(name, 0), divideBy));
    add(
      'nodeInfo',
      {},
      {
        user: whole('lveHostCpuUserTime', usPerSecond),
        kernel: whole('lveHostCpuKernelTime', usPerSecond),
        idle: whole('lveHostCpuIdleTime', usPerSecond),
        iowait: whole('lveHostCpuIowaitTime', usPerSecond),
        totalMem: whole('lveHostMemTotal', mib),
        freeMem: whole('lveHostMemFree', mib),
      },
    );
  }
  const rows = frame.rows('lveDomId');
  for (const row of activeRows(frame)) {
    const domain = rows.subIds[rows.offsets[row] ?? 0] ?? 0;
    const tags = { vmId: frame.text('lveDomName', row), vmUuid: frame.text('lveDomUuid', row) };
    const own = (name: string): number | undefined => {
      const [from, to] = rowsBelow(frame.rows(name), domain);
      return from < to ? frame.number(name, from) : undefined;
    };
    add('cpuTime', tags, {
      cpuTime: float(divided(own('vmCpuTime'), usPerSecond)),
      cpus: integer(own('vmCurCpuNumber')),
    });
    add('rss', tags, {
      rss: integer(divided(own('lveMemRss'), 1024)),
      mem: integer(divided(own('lveMemCurrent'), 1024)),
      maxmem: integer(divided(own('lveMemMaximum'), 1024)),
    });
    const [nic, nics] = rowsBelow(frame.rows('lveNicMac'), domain);
    for (let at = nic; at < nics; at++) {
      const figure = (name: string) => integer(frame.number(name, at));
      add(
        'networkInterface',
        { ...tags, mac: frame.text('lveNicMac', at) },
        {
          readBytes: figure('lveNicRxBytes'),
          readPackets: figure('lveNicRxPackets'),
          readErrors: figure('lveNicRxErrors'),
          readDrops: figure('lveNicRxDrops'),
          writeBytes: figure('lveNicTxBytes'),
          writePackets: figure('lveNicTxPackets'),
          writeErrors: figure('lveNicTxErrors'),
          writeDrops: figure('lveNicTxDrops'),
        },
      );
    }
    const [disk, disks] = rowsBelow(frame.rows('lveDiskDevice'), domain);
    for (let at = disk; at < disks; at++) {
      if (frame.number('lveDiskDevice', at) !== hardDisk) continue;
      const figure = (name: string) => integer(frame.number(name, at));
      const size = (name: string) => integer(divided(frame.number(name, at), gib));
      const known = figure('vmStorageReadIOs');
      if (known === undefined) continue;
      add(
        'disk',
        { ...tags, pool: frame.text('lveDiskPool', at), image: frame.text('lveDiskImage', at) },
        {
          readIOPS: known,
          writeIOPS: figure('vmStorageWriteIOs'),
          readBytes: figure('vmStorageReadOctets'),
          writeBytes: figure('vmStorageWriteOctets'),
          ioErrors: integer(frame.number('lveDiskIoErrors', at) ?? -1),
          totalSpace: size('lveDiskCapacity'),
          allocatedSpace: size('lveDiskAllocation'),
          onDiskSpace: size('lveDiskPhysical'),
        },
      );
    }
  }
  return lines;
}

function divided(value: number | undefined, by: number): number | undefined {
  return value === undefined ? undefined : value / by;
}

/** Tables that are no figures of something that stays. */
const notPushed: ReadonlySet<string> = new Set([
  'lveEventTable',
  'lveEventFindTable',
  'lveFleetEventTable',
  'lveXmlTable',
]);

const noLimit = 2 ** 31;

/** The tables of the MIB: a measurement each, the index and the name of the domain as tags, all else as fields. */
export function nativeLines(tree: ImageTree, round: InfluxRound, context: ReadContext): readonly string[] {
  const { host, hypervisor, at, hasHostStats } = round;
  const time = nanoseconds(at);
  const lines: string[] = [];
  if (hasHostStats) {
    const line = influxLine(
      'scalars',
      { vmHost: host, hypervisor },
      fieldsOf(scalarsJson(tree, context)),
      time,
    );
    if (line !== undefined) lines.push(line);
  }
  const names = domainNames(tree);
  for (const table of tableNames()) {
    if (notPushed.has(table) || (!hasHostStats && !isOfDomains(table))) continue;
    const index: readonly string[] = tables[table].index;
    for (const row of tablePage(tree, table, { limit: noLimit, after: 0 }, context).rows) {
      const tags: Record<string, string> = { vmHost: host, hypervisor };
      if (isOfDomains(table)) tags['domain'] = names.get(Number(row[index[0] ?? ''])) ?? '';
      for (const name of index) tags[name] = String(row[name] ?? '');
      const fields = Object.fromEntries(Object.entries(row).filter(([name]) => !index.includes(name)));
      const line = influxLine(table, tags, fieldsOf(fields), time);
      if (line !== undefined) lines.push(line);
    }
  }
  return lines;
}

function domainNames(tree: ImageTree): ReadonlyMap<number, string> {
  const frame = new Frame(tree, ['lveDomName'], { isKept: false });
  const rows = frame.rows('lveDomName');
  return new Map(
    Array.from({ length: rows.length }, (_, row) => [
      rows.subIds[rows.offsets[row] ?? 0] ?? 0,
      frame.text('lveDomName', row),
    ]),
  );
}

/** By the kind of the object, so that a field has the same type for ever. */
function fieldsOf(
  values: Readonly<Record<string, JsonScalar>>,
): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => {
      if (typeof value === 'boolean') return [name, String(value)];
      const kind = findDefinition(name)?.kind ?? '';
      if (typeof value === 'number') return [name, integer(value)];
      // Integers that JSON does not hold are texts there.
      return [name, isInteger(kind) ? integer(BigInt(value)) : quoted(value)];
    }),
  );
}

function isInteger(kind: string): boolean {
  return ['counter64', 'gauge64', 'counter', 'gauge', 'integer'].includes(kind);
}
