import { formatOid } from '../tree/oid.ts';
import type { WireValue } from '../tree/tree.ts';
import type { ObjectDefinition } from './definition.ts';

const typeNames = {
  Integer32: 'INTEGER',
  OctetString: 'STRING',
  ObjectIdentifier: 'OID',
  IpAddress: 'IpAddress',
  Counter32: 'Counter32',
  Gauge32: 'Gauge32',
  TimeTicks: 'Timeticks',
  Counter64: 'Counter64',
} as const;

/** A value as the tools of Net-SNMP print it with the module at hand: `INTEGER: running(1)`. */
export function displayValue(definition: ObjectDefinition, value: WireValue): string {
  const { syntax, units } = definition;
  if (syntax === 'ObjectIdentifier') return `OID: .${formatOid(value as readonly number[])}`;
  if (syntax === 'OctetString') {
    const octets = octetsOf(value);
    if (definition.kind === 'text' || definition.kind === 'cpuList') return `STRING: ${printable(octets)}`;
    return definition.hint === undefined
      ? `Hex-STRING: ${hex(octets, ' ')}`
      : `STRING: ${hinted(octets, definition.hint)}`;
  }
  if (syntax === 'TimeTicks') return `Timeticks: (${String(value)}) ${duration(Number(value))}`;
  const label = definition.labels === undefined ? undefined : labelOf(definition.labels, Number(value));
  const shown = label === undefined ? String(value) : `${label}(${String(value)})`;
  return `${typeNames[syntax]}: ${shown}${units === undefined ? '' : ` ${units}`}`;
}

/** A value for JSON: labels, booleans, texts and ISO 8601 times instead of their encodings. */
export function jsonValue(definition: ObjectDefinition, value: WireValue): string | number | boolean {
  if (definition.kind === 'boolean') return value === 1;
  if (definition.kind === 'enum') return labelOf(definition.labels ?? {}, Number(value)) ?? Number(value);
  if (definition.kind === 'dateAndTime') return isoTime(octetsOf(value));
  if (definition.syntax === 'ObjectIdentifier') return formatOid(value as readonly number[]);
  if (definition.syntax === 'OctetString') {
    const octets = octetsOf(value);
    if (definition.kind !== 'octets') return Buffer.from(octets).toString('utf8');
    return definition.hint === undefined ? hex(octets, '') : hinted(octets, definition.hint);
  }
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
}

/** The label of a number, if it has one. */
export function labelOf(labels: Readonly<Record<string, number>>, value: number): string | undefined {
  return Object.keys(labels).find((label) => labels[label] === value);
}

/** Octets by a DISPLAY-HINT (RFC 2579 section 3.1) of the formats x, d, a and t. */
export function hinted(octets: Uint8Array, hint: string): string {
  const specs = [...hint.matchAll(/(\d+)([xdat])([^\d*]?)/g)];
  let text = '';
  let at = 0;
  for (let i = 0; at < octets.length && specs.length > 0; i++) {
    const [, count, format, separator] = specs[Math.min(i, specs.length - 1)] ?? [];
    const part = octets.subarray(at, at + Math.max(Number(count), 1));
    at += part.length;
    if (format === 'x') text += hex(part, '');
    else if (format === 'd') text += part.reduce((sum, octet) => sum * 256 + octet, 0);
    else text += Buffer.from(part).toString('utf8');
    if (at < octets.length) text += separator ?? '';
  }
  return text;
}

function octetsOf(value: WireValue): Uint8Array {
  if (value instanceof Uint8Array) return value;
  return Buffer.from(typeof value === 'string' ? value : '', 'utf8');
}

/** A text on one line, without characters that a terminal would obey. */
function printable(octets: Uint8Array): string {
  const text = Buffer.from(octets).toString('utf8');
  return text.replaceAll(/\p{Cc}/gu, (character) => `\\x${hex(Uint8Array.of(character.charCodeAt(0)), '')}`);
}

function hex(octets: Uint8Array, separator: string): string {
  return Array.from(octets, (octet) => octet.toString(16).padStart(2, '0')).join(separator);
}

function duration(hundredths: number): string {
  const days = Math.floor(hundredths / 8_640_000);
  const two = (number: number): string => String(number).padStart(2, '0');
  const hours = Math.floor(hundredths / 360_000) % 24;
  const minutes = Math.floor(hundredths / 6_000) % 60;
  const seconds = Math.floor(hundredths / 100) % 60;
  const time = `${hours}:${two(minutes)}:${two(seconds)}.${two(hundredths % 100)}`;
  if (days === 0) return time;
  return `${days} ${days === 1 ? 'day' : 'days'}, ${time}`;
}

/** DateAndTime of eleven octets in UTC, as the agent sends it. */
function isoTime(octets: Uint8Array): string {
  const [high = 0, low = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0, tenths = 0] = octets;
  return new Date(
    Date.UTC(high * 256 + low, month - 1, day, hour, minute, second, tenths * 100),
  ).toISOString();
}
