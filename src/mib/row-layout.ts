import { type IndexPart, indexOctets } from './index-oid.ts';
import type { RowSet } from './tree.ts';

/** The rows of a table: their order on the wire and the record of the model behind each. */
export interface RowLayout {
  readonly rows: RowSet;
  /** By row. */
  readonly records: readonly unknown[];
  /** The index values as they were added, one row after another. */
  readonly keys: readonly (number | string)[];
  /** For each row, the position at which its record was added; undefined if they came in order. */
  readonly order: Uint32Array | undefined;
}

/** The single row of a scalar. */
export const scalarRows: RowSet = {
  length: 1,
  subIds: Uint32Array.of(0),
  offsets: Uint32Array.of(0, 1),
};

/** Collects the rows of one table and lays them out in ascending order of their index. */
export class RowLayoutBuilder {
  readonly #parts: readonly IndexPart[];
  readonly #records: unknown[] = [];
  readonly #keys: (number | string)[] = [];

  constructor(parts: readonly IndexPart[]) {
    this.#parts = parts;
  }

  /** Adds a row with its index values (at most three: the deepest tables have as many). */
  add(record: unknown, first: number | string, second?: number | string, third?: number | string): void {
    this.#records.push(record);
    this.#keys.push(first);
    if (second !== undefined) this.#keys.push(second);
    if (third !== undefined) this.#keys.push(third);
  }

  /** The layout; row sets of `previous` are taken over if the same keys were added in the same order. */
  build(previous?: RowLayout): RowLayout {
    const records = this.#records;
    const keys = this.#keys;
    if (previous !== undefined && sameKeys(previous.keys, keys)) {
      const { rows, order } = previous;
      return { rows, order, keys: previous.keys, records: reorder(records, order) };
    }
    const added = this.#parts.some((part) => part.kind === 'text')
      ? this.#encodeTexts()
      : this.#encodeNumbers();
    const order = sortedOrder(added);
    if (order === undefined) return { rows: added, order, keys, records };
    return { rows: pick(added, order), order, keys, records: reorder(records, order) };
  }

  #encodeNumbers(): RowSet {
    const width = this.#parts.length;
    const length = this.#records.length;
    const subIds = new Uint32Array(length * width);
    const offsets = new Uint32Array(length + 1);
    const keys = this.#keys;
    for (let column = 0; column < width; column++) {
      const part = this.#parts[column];
      if (part?.kind === 'label') {
        for (let i = column; i < keys.length; i += width) subIds[i] = part.labels[keys[i] ?? ''] ?? 0;
      } else {
        for (let i = column; i < keys.length; i += width) subIds[i] = keys[i] as number;
      }
    }
    for (let row = 1; row <= length; row++) offsets[row] = row * width;
    return { length, subIds, offsets };
  }

  #encodeTexts(): RowSet {
    const width = this.#parts.length;
    const length = this.#records.length;
    const encoded = new Map<string, Uint8Array>();
    const octetsOf = (text: string, maxBytes: number): Uint8Array => {
      const known = encoded.get(text);
      if (known !== undefined) return known;
      const octets = indexOctets(text, maxBytes);
      encoded.set(text, octets);
      return octets;
    };
    const subIds: number[] = [];
    const offsets = new Uint32Array(length + 1);
    for (let row = 0; row < length; row++) {
      for (let column = 0; column < width; column++) {
        const part = this.#parts[column];
        const key = this.#keys[row * width + column] ?? 0;
        if (part?.kind === 'text') {
          const octets = octetsOf(String(key), part.maxBytes);
          subIds.push(octets.length);
          for (const octet of octets) subIds.push(octet);
        } else {
          subIds.push(part?.kind === 'label' ? (part.labels[key] ?? 0) : Number(key));
        }
      }
      offsets[row + 1] = subIds.length;
    }
    return { length, subIds: Uint32Array.from(subIds), offsets };
  }
}

function sameKeys(a: readonly (number | string)[], b: readonly (number | string)[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

function reorder(records: readonly unknown[], order: Uint32Array | undefined): readonly unknown[] {
  return order === undefined ? records : Array.from(order, (position) => records[position]);
}

/**
 * The order in which the rows ascend, without duplicates; undefined if they already do. Only runs of rows
 * with the same first sub-identifier are sorted where those ascend, as with the domains of a snapshot.
 */
function sortedOrder(rows: RowSet): Uint32Array | undefined {
  let ascending = true;
  for (let row = 1; row < rows.length && ascending; row++) ascending = compareRows(rows, row - 1, row) < 0;
  if (ascending) return undefined;

  const firstOf = (row: number): number => rows.subIds[rows.offsets[row] ?? 0] ?? 0;
  let grouped = true;
  for (let row = 1; row < rows.length && grouped; row++) grouped = firstOf(row - 1) <= firstOf(row);

  const order: number[] = [];
  let start = 0;
  while (start < rows.length) {
    let end = grouped ? start + 1 : rows.length;
    while (end < rows.length && firstOf(end) === firstOf(start)) end++;
    const run: number[] = [];
    for (let row = start; row < end; row++) run.push(row);
    run.sort((a, b) => compareRows(rows, a, b));
    for (const row of run) {
      const last = order.at(-1);
      if (last === undefined || compareRows(rows, last, row) !== 0) order.push(row);
    }
    start = end;
  }
  return Uint32Array.from(order);
}

function compareRows(rows: RowSet, a: number, b: number): number {
  const { subIds, offsets } = rows;
  const aStart = offsets[a] ?? 0;
  const bStart = offsets[b] ?? 0;
  const aLength = (offsets[a + 1] ?? 0) - aStart;
  const bLength = (offsets[b + 1] ?? 0) - bStart;
  const shorter = Math.min(aLength, bLength);
  for (let i = 0; i < shorter; i++) {
    const difference = (subIds[aStart + i] ?? 0) - (subIds[bStart + i] ?? 0);
    if (difference !== 0) return difference;
  }
  return aLength - bLength;
}

function pick(rows: RowSet, order: Uint32Array): RowSet {
  const offsets = new Uint32Array(order.length + 1);
  for (const [row, from] of order.entries()) {
    const length = (rows.offsets[from + 1] ?? 0) - (rows.offsets[from] ?? 0);
    offsets[row + 1] = (offsets[row] ?? 0) + length;
  }
  const subIds = new Uint32Array(offsets[order.length] ?? 0);
  for (const [row, from] of order.entries()) {
    subIds.set(rows.subIds.subarray(rows.offsets[from], rows.offsets[from + 1]), offsets[row]);
  }
  return { length: order.length, subIds, offsets };
}

/** The index sub-identifiers of a row. */
export function indexOfRow(rows: RowSet, row: number): Uint32Array {
  return rows.subIds.subarray(rows.offsets[row], rows.offsets[row + 1]);
}
