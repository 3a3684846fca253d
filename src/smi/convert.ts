import { cutUtf8 } from '../bytes/cut-utf8.ts';
import type { WireValue } from '../tree/tree.ts';
import type { ObjectDefinition } from './definition.ts';
import type { BoundValue } from './values.ts';

/**
 * Turns the value of a binding into what is kept: what is sent, or for a TimeStamp the moment. Undefined if the
 * object cannot represent it.
 */
export type Converter = (value: BoundValue) => WireValue | undefined;

const TWO_32 = 2 ** 32;
const MAX_64 = 2n ** 64n - 1n;

/** The conversion for an object; it depends on the kind of its values and on its limits only. */
export function converterOf(definition: ObjectDefinition): Converter {
  switch (definition.kind) {
    case 'integer':
      return clamping(definition, -(2 ** 31), 2 ** 31 - 1);
    case 'gauge':
      return clamping(definition, 0, TWO_32 - 1);
    case 'counter':
    case 'timeTicks':
      return wrap32;
    case 'counter64':
      return (value) => counter64(value, (big) => BigInt.asUintN(64, big));
    case 'gauge64':
      return (value) => counter64(value, (big) => (big > MAX_64 ? MAX_64 : big));
    case 'boolean':
      return (value) => (value === true ? 1 : 2);
    case 'dateAndTime':
      return (value) => (typeof value === 'number' ? dateAndTime(value + wallOffsetMs) : undefined);
    case 'timeStamp':
      return keepMoment;
    case 'enum':
      return labelled(definition.labels ?? {});
    case 'text':
      return fitting(definition, cutUtf8);
    case 'cpuList':
      return fitting(definition, cutList);
    case 'octets':
      return fitting(definition, (octets) => octets);
    case 'oid':
      return (value) => (Array.isArray(value) ? (value as readonly number[]) : undefined);
  }
}

function clamping(definition: ObjectDefinition, lowest: number, highest: number): Converter {
  const limits = definition.limits ?? [[lowest, highest]];
  const min = Math.max(lowest, Math.min(...limits.map((limit) => limit[0])));
  const max = Math.min(highest, Math.max(...limits.map((limit) => limit[1])));
  return (value) => {
    if (typeof value !== 'number' || Number.isNaN(value)) return undefined;
    return value <= min ? min : value >= max ? max : Math.trunc(value);
  };
}

function wrap32(value: BoundValue): number | undefined {
  if (typeof value !== 'number' || !Number.isFinite(value)) return undefined;
  return value <= 0 ? 0 : Math.trunc(value) % TWO_32;
}

function counter64(value: BoundValue, limit: (big: bigint) => bigint): number | bigint | undefined {
  if (typeof value === 'bigint') return value < 0n ? 0n : limit(value);
  if (typeof value !== 'number' || Number.isNaN(value)) return undefined;
  if (value <= 0) return 0;
  if (value <= Number.MAX_SAFE_INTEGER) return Math.trunc(value);
  return value === Number.POSITIVE_INFINITY ? MAX_64 : limit(BigInt(Math.trunc(value)));
}

/** A moment, in milliseconds since 1970. */
export function keepMoment(value: BoundValue): number | undefined {
  return typeof value === 'number' && !Number.isNaN(value) ? value : undefined;
}

/** What the wall clock is ahead of moments, in milliseconds: somebody has set the time of day since the start. */
let wallOffsetMs = 0;

/** Has moments shown as the wall clock counts them now. */
export function setWallOffset(ms: number): void {
  wallOffsetMs = ms;
}

/** What was set last. */
export function wallOffset(): number {
  return wallOffsetMs;
}

/**
 * The eleven octets of DateAndTime (RFC 2579) in UTC.
 * @param epochMs milliseconds since 1970; years outside 0..65535 cannot be represented.
 */
export function dateAndTime(epochMs: number): Uint8Array | undefined {
  const date = new Date(epochMs);
  const year = date.getUTCFullYear();
  if (!(year >= 0 && year <= 65535)) return undefined;
  return Uint8Array.of(
    year >> 8,
    year & 0xff,
    date.getUTCMonth() + 1,
    date.getUTCDate(),
    date.getUTCHours(),
    date.getUTCMinutes(),
    date.getUTCSeconds(),
    Math.trunc(date.getUTCMilliseconds() / 100),
    0x2b,
    0,
    0,
  );
}

function labelled(labels: Readonly<Record<string, number>>): Converter {
  const numbers = new Map(Object.entries(labels));
  return (value) => (typeof value === 'string' ? numbers.get(value) : undefined);
}

/** Strings that fit one of the sizes; longer ones are cut by `cut`, what then fits no size is absent. */
function fitting(
  definition: ObjectDefinition,
  cut: (octets: Uint8Array, max: number) => Uint8Array,
): Converter {
  const limits = definition.limits ?? [[0, 65535]];
  const max = Math.max(...limits.map((limit) => limit[1]));
  const anySize = limits.some((limit) => limit[0] === 0 && limit[1] === max);
  return (value) => {
    if (typeof value !== 'string' && !(value instanceof Uint8Array)) return undefined;
    // A UTF-16 unit needs at most three octets of UTF-8.
    if (anySize && value.length * (typeof value === 'string' ? 3 : 1) <= max) return value;
    const octets = typeof value === 'string' ? Buffer.from(value, 'utf8') : value;
    const short = octets.length > max ? cut(octets, max) : octets;
    if (!limits.some((limit) => short.length >= limit[0] && short.length <= limit[1])) return undefined;
    return short === octets ? value : short;
  };
}

/** At most `max` octets of a list whose elements are separated by commas, without a broken element. */
function cutList(octets: Uint8Array, max: number): Uint8Array {
  const comma = octets.lastIndexOf(0x2c, max);
  return octets.subarray(0, Math.max(comma, 0));
}
