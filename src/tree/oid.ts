import { compareRuns } from './lexicographic.ts';

/** An object identifier as its sub-identifiers. */
export type Oid = readonly number[];

/** Sub-identifiers an object identifier may have (RFC 2578 section 3.5). */
export const MAX_SUB_IDS = 128;

const MAX_SUB_ID = 2 ** 32 - 1;

/**
 * Parses the dotted form, with or without a leading dot: `1.3.6.1`.
 * @throws {RangeError} if the text is not an object identifier.
 */
export function parseOid(text: string): Oid {
  const parts = text.replace(/^\./, '').split('.');
  if (parts.length < 2 || parts.length > MAX_SUB_IDS) {
    throw new RangeError(`'${text}' is not an object identifier: it needs 2 to ${MAX_SUB_IDS} numbers`);
  }
  return parts.map((part) => {
    if (!/^(0|[1-9]\d{0,9})$/.test(part) || Number(part) > MAX_SUB_ID) {
      throw new RangeError(
        `'${text}' is not an object identifier: '${part}' is not a number up to ${MAX_SUB_ID}`,
      );
    }
    return Number(part);
  });
}

/** The dotted form without a leading dot: `1.3.6.1`. */
export function formatOid(oid: Iterable<number>): string {
  return Array.from(oid).join('.');
}

/** Lexicographical order (RFC 3416 section 4.2.2): negative if `a` comes first, 0 if they are equal. */
export function compareOids(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return compareRuns(a, 0, a.length, b, 0, b.length);
}

/** Whether `oid` is `prefix` or lies below it. */
export function isWithin(oid: ArrayLike<number>, prefix: ArrayLike<number>): boolean {
  if (oid.length < prefix.length) return false;
  for (let i = 0; i < prefix.length; i++) if (oid[i] !== prefix[i]) return false;
  return true;
}
