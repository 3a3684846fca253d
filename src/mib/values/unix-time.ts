import type { EpochMs } from '../../model/scalar-types.ts';
import { wallOffset } from '../../smi/convert.ts';

const maxTime = 2 ** 32 - 1;

/** Seconds since 1970 by the wall clock as it is now, as an Unsigned32 of an index has them: managers ask by theirs. */
export function unixTime(at: EpochMs): number {
  return Math.min(Math.max(Math.floor((at + wallOffset()) / 1000), 0), maxTime);
}
