import type { Count, Percent, Ratio } from './scalar-types.ts';

/** Exact arithmetic on 64-bit counts: a bigint appears only where a number would round. */

/** Nanoseconds to microseconds, rounded down. */
export function nsToUs(ns: Count | undefined): Count | undefined {
  if (ns === undefined) return undefined;
  return typeof ns === 'number' ? Math.floor(ns / 1000) : exact(ns / 1000n);
}

/** KiB to bytes. */
export function kibToBytes(kib: Count | undefined): Count | undefined {
  if (kib === undefined) return undefined;
  const bytes = typeof kib === 'number' ? kib * 1024 : Number.MAX_VALUE;
  return bytes <= Number.MAX_SAFE_INTEGER ? bytes : exact(BigInt(kib) * 1024n);
}

/** The number itself where it is exact, else the bigint. */
export function exact(value: bigint): Count {
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
}

/** Sum of the known values; undefined if none is known. */
export function sumKnown(values: Iterable<Count | undefined>): Count | undefined {
  let sum: Count | undefined;
  for (const value of values) {
    if (value !== undefined) sum = sum === undefined ? value : add(sum, value);
  }
  return sum;
}

/** a + b */
export function add(a: Count, b: Count): Count {
  if (typeof a === 'number' && typeof b === 'number') {
    const sum = a + b;
    if (sum <= Number.MAX_SAFE_INTEGER) return sum;
  }
  return exact(BigInt(a) + BigInt(b));
}

/** later - earlier as a number (differences between refreshes are small); undefined if it went backwards. */
export function increase(later: Count | undefined, earlier: Count | undefined): number | undefined {
  if (later === undefined || earlier === undefined) return undefined;
  const difference =
    typeof later === 'number' && typeof earlier === 'number'
      ? later - earlier
      : Number(BigInt(later) - BigInt(earlier));
  return difference >= 0 ? difference : undefined;
}

/** part / whole in hundredths of a percent; undefined where either is not known or the whole is zero. */
export function percentOf(part: Count | undefined, whole: Count | undefined): Percent | undefined {
  if (part === undefined || whole === undefined || Number(whole) <= 0) return undefined;
  return Math.round((Number(part) / Number(whole)) * 10_000);
}

/** part / whole in hundredths. */
export function ratioOf(part: Count | undefined, whole: Count | undefined): Ratio | undefined {
  if (part === undefined || whole === undefined || Number(whole) <= 0) return undefined;
  return Math.round((Number(part) / Number(whole)) * 100);
}
