import type { ImageColumn } from '../image/image-tree.ts';
import { octetsAt } from '../image/text-pool.ts';
import { wallOffsetMs } from '../run/clock.ts';
import type { ObjectDefinition } from '../smi/definition.ts';

const TWO_32 = 2 ** 32;

/** Upper 32 bits of the integers that a number can no longer hold exactly begin here. */
const BIG_FROM = 2 ** 21;

const msPerSecond = 1000;

/** How the cells of an object become the numbers of a family, in base units. */
export interface Reading {
  readonly divideBy: number;
  readonly multiplyBy: number;
  /** The only values that there are, by what the object holds; undefined if every number stands for itself. */
  readonly values: ReadonlyMap<number, number> | undefined;
  readonly unset: 'zero' | 'negative' | undefined;
}

interface Scale {
  readonly divideBy?: number;
  readonly multiplyBy?: number;
}

/** From UNITS to base units. What is multiplied is a power of two or a whole number, so that nothing is rounded. */
const scales: Readonly<Record<string, Scale>> = {
  milliseconds: { divideBy: 1e3 },
  microsecond: { divideBy: 1e6 },
  microseconds: { divideBy: 1e6 },
  nanoseconds: { divideBy: 1e9 },
  'hundredths of a percent': { divideBy: 1e4 },
  hundredths: { divideBy: 100 },
  MHz: { multiplyBy: 1e6 },
  'MiB per second': { multiplyBy: 2 ** 20 },
};

const truth: ReadonlyMap<number, number> = new Map([
  [1, 1],
  [2, 0],
]);

/** What a line of a table of families says of an object's values. */
export interface ReadingOptions {
  readonly values?: Readonly<Record<string, number>> | undefined;
  readonly unset?: 'zero' | 'negative' | undefined;
  readonly units?: string | undefined;
}

/** The reading of an object. */
export function readingOf(definition: ObjectDefinition, options: ReadingOptions = {}): Reading {
  const { divideBy = 1, multiplyBy = 1 } = scales[options.units ?? definition.units ?? ''] ?? {};
  return { divideBy, multiplyBy, values: valuesOf(definition, options), unset: options.unset };
}

function valuesOf(
  { kind, labels = {} }: ObjectDefinition,
  { values }: ReadingOptions,
): ReadonlyMap<number, number> | undefined {
  if (kind === 'boolean') return truth;
  if (values === undefined) return undefined;
  return new Map(Object.entries(values).map(([label, value]) => [labels[label] ?? Number.NaN, value]));
}

/** Reads one row of a column as it is in the current image. */
export type CellReader = (row: number) => number | bigint;

/** Reads the difference of two columns of the same rows; absent where one of them is. */
export function differenceReader(column: ImageColumn, minus: ImageColumn, reading: Reading): CellReader {
  const [whole, part] = [cellReader(column, reading), cellReader(minus, reading)];
  return (row) => Number(whole(row)) - Number(part(row));
}

/** The fastest reader of this kind of cells. It is of use for the current image only. */
export function cellReader(column: ImageColumn, reading: Reading): CellReader {
  const { cells, kind, clock } = column;
  const { divideBy, multiplyBy, values, unset } = reading;
  if (clock !== undefined) {
    const offsetMs = shownOffsetMs();
    return (row) => wallTimeOf(cells[row] ?? Number.NaN, offsetMs);
  }
  if (kind === 'octets') {
    const { texts } = column;
    return (row) => dateAndTime(texts, cells[row] ?? Number.NaN);
  }
  if (kind === 'long') return longReader(column, reading);
  if (values !== undefined) return (row) => values.get(cells[row] ?? Number.NaN) ?? Number.NaN;
  if (unset !== undefined) {
    const least = unset === 'zero' ? Number.MIN_VALUE : 0;
    return (row) => {
      const cell = cells[row] ?? Number.NaN;
      return cell >= least ? (cell * multiplyBy) / divideBy : Number.NaN;
    };
  }
  if (multiplyBy === 1 && divideBy === 1) return (row) => cells[row] ?? Number.NaN;
  return (row) => ((cells[row] ?? Number.NaN) * multiplyBy) / divideBy;
}

function longReader({ cells, lowerCells }: ImageColumn, reading: Reading): CellReader {
  const { divideBy, multiplyBy, unset } = reading;
  const isScaled = divideBy !== 1 || multiplyBy !== 1;
  return (row) => {
    const upper = cells[row] ?? Number.NaN;
    const lower = lowerCells[row] ?? 0;
    const value = upper * TWO_32 + lower;
    if (unset === 'zero' && value === 0) return Number.NaN;
    if (isScaled) return (value * multiplyBy) / divideBy;
    return upper >= BIG_FROM ? (BigInt(upper) << 32n) | BigInt(lower) : value;
  };
}

/** Less is the time between the reading of two clocks, in milliseconds. */
const offsetToleranceMs = 500;

let knownOffsetMs = 0;

/** How far the wall clock is ahead of moments, in milliseconds; the same until somebody sets it. */
export function shownOffsetMs(): number {
  const offsetMs = wallOffsetMs();
  if (Math.abs(offsetMs - knownOffsetMs) >= offsetToleranceMs) knownOffsetMs = offsetMs;
  return knownOffsetMs;
}

/** What the wall clock says now of a moment, in seconds. Moments that say "before everything" or "never" are none. */
function wallTimeOf(ms: number, offsetMs: number): number {
  return ms > 0 && ms < Number.POSITIVE_INFINITY ? (ms + offsetMs) / msPerSecond : Number.NaN;
}

/** DateAndTime (RFC 2579) of eleven octets in UTC, as the agent has it, in seconds since 1970. */
function dateAndTime(texts: Uint32Array, position: number): number {
  if (Number.isNaN(position)) return Number.NaN;
  const [high = 0, low = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0, tenths = 0] = octetsAt(
    texts,
    position,
  );
  return Date.UTC(high * 256 + low, month - 1, day, hour, minute, second, tenths * 100) / msPerSecond;
}
