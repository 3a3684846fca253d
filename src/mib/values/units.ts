import type { Count } from '../../model/scalar-types.ts';

/** A size in whole units of `unitBytes`; undefined if the size is not known. */
export function inUnits(bytes: Count | undefined, unitBytes: number): number | undefined {
  if (bytes === undefined) return undefined;
  return typeof bytes === 'bigint' ? Number(bytes / BigInt(unitBytes)) : Math.floor(bytes / unitBytes);
}
