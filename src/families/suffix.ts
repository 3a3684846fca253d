import type { ObjectDefinition } from '../smi/definition.ts';

// What an object is called as a metric where nobody has chosen another name. It follows from what never changes: the
// object's name and its UNITS.

/** How names end by UNITS, in base units, and the last words of an object's name that such an ending takes the place of. */
const endings: Readonly<Record<string, readonly [ending: string, ...replaces: readonly string[]]>> = {
  seconds: ['seconds', 'time'],
  milliseconds: ['seconds', 'time'],
  microseconds: ['seconds', 'time'],
  microsecond: ['seconds', 'time'],
  nanoseconds: ['seconds', 'time'],
  bytes: ['bytes', 'bytes'],
  'bytes per second': ['bytes_per_second', 'bytes', 'rate'],
  'MiB per second': ['bytes_per_second', 'bytes', 'rate'],
  'requests per second': ['requests_per_second', 'requests', 'rate'],
  'pages per second': ['pages_per_second', 'pages', 'rate'],
  'hundredths of a percent': ['ratio', 'percent'],
  hundredths: ['ratio'],
  MHz: ['hertz', 'mhz'],
  pages: ['pages', 'pages'],
};

const moment = ['timestamp_seconds', 'time', 'since'] as const;

/**
 * The end of the name of an object's family: `lveDomCpuUserTime` of lveDomCpuTable is `user_seconds_total`.
 *
 * @param part - name of its table or group.
 */
export function suffixOf(object: string, part: string, { kind, units = '' }: ObjectDefinition): string {
  const words = wordsOf(object.slice(part.replace(/Table$/, '').length));
  const [ending, ...replaces] = (kind === 'dateAndTime' ? moment : endings[units]) ?? [''];
  if (replaces.includes(words.at(-1) ?? '')) words.pop();
  const isCounter = kind === 'counter' || kind === 'counter64';
  return [...words, ending, isCounter ? 'total' : ''].filter((word) => word !== '').join('_');
}

/** `DiskIoErrors` is disk, io, errors. */
function wordsOf(name: string): string[] {
  return name
    .replaceAll(/(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/g, ' ')
    .toLowerCase()
    .split(' ');
}
