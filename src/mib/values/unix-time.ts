import type { EpochMs } from '../../model/scalar-types.ts';

const maxTime = 2 ** 32 - 1;

/** Seconds since 1970, as an Unsigned32 of an index has them. */
export function unixTime(at: EpochMs): number {
  return Math.min(Math.max(Math.floor(at / 1000), 0), maxTime);
}
