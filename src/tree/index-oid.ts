import { cutUtf8 } from '../bytes/cut-utf8.ts';

/** How one object of an INDEX clause becomes sub-identifiers (RFC 2578 section 7.7). */
export type IndexObject =
  | { readonly kind: 'number' }
  | { readonly kind: 'label'; readonly labels: Readonly<Record<string, number>> }
  /** A string of variable length: its length, then its octets. */
  | { readonly kind: 'text'; readonly maxBytes: number }
  /** A UUID, given as text: of fixed length, so that its octets stand alone. */
  | { readonly kind: 'uuid' };

/** Octets of a UUID. */
export const uuidOctetCount = 16;

/** The values of an index as sub-identifiers; texts are cut to `maxBytes` at a character boundary. */
export function encodeIndex(objects: readonly IndexObject[], values: readonly (number | string)[]): number[] {
  const subIds: number[] = [];
  for (const [position, object] of objects.entries()) {
    const value = values[position];
    if (object.kind === 'text') {
      const octets = indexOctets(String(value), object.maxBytes);
      subIds.push(octets.length, ...octets);
    } else if (object.kind === 'uuid') {
      subIds.push(...Buffer.from(String(value).replaceAll('-', ''), 'hex'));
    } else if (object.kind === 'label') {
      subIds.push(object.labels[String(value)] ?? 0);
    } else {
      subIds.push(Number(value) >>> 0);
    }
  }
  return subIds;
}

/** The values of an index from its sub-identifiers, or undefined if they do not fit the objects. */
export function decodeIndex(
  objects: readonly IndexObject[],
  subIds: ArrayLike<number>,
): (number | string)[] | undefined {
  const values: (number | string)[] = [];
  let at = 0;
  for (const object of objects) {
    if (object.kind === 'uuid') {
      const octets = octetsAt(subIds, at, uuidOctetCount);
      if (octets === undefined) return undefined;
      values.push(octets.toString('hex').replace(uuidGroups, '$1-$2-$3-$4-$5'));
      at += uuidOctetCount;
      continue;
    }
    const head = subIds[at++];
    if (head === undefined) return undefined;
    if (object.kind === 'number') {
      values.push(head);
    } else if (object.kind === 'label') {
      const label = Object.entries(object.labels).find(([, number]) => number === head)?.[0];
      values.push(label ?? head);
    } else {
      const octets = octetsAt(subIds, at, head);
      if (octets === undefined) return undefined;
      values.push(octets.toString('utf8'));
      at += head;
    }
  }
  return at === subIds.length ? values : undefined;
}

const uuidGroups = /^(.{8})(.{4})(.{4})(.{4})(.{12})$/;

/** Sub-identifiers that are octets, or undefined if one of them is none. */
function octetsAt(subIds: ArrayLike<number>, at: number, count: number): Buffer | undefined {
  if (at + count > subIds.length) return undefined;
  const octets = Array.from({ length: count }, (_, i) => subIds[at + i] ?? -1);
  return octets.some((octet) => octet < 0 || octet > 255) ? undefined : Buffer.from(octets);
}

/** The octets of an index text, cut at a character boundary. */
export function indexOctets(text: string, maxBytes: number): Uint8Array {
  return cutUtf8(Buffer.from(text, 'utf8'), maxBytes);
}
