import type { EpochMs } from '../model/scalar-types.ts';

/** A moment before every start of a master agent: a TimeStamp of 0. */
export const BEFORE_START: EpochMs = 0;

/** Whole seconds from a moment to now, at least 0; undefined if the moment is not known. */
export function secondsSince(moment: EpochMs | undefined, now: EpochMs): number | undefined {
  return moment === undefined ? undefined : Math.max(0, Math.floor((now - moment) / 1000));
}

/** TimeTicks (hundredths of a second) between two moments, at least 0; undefined if one is not known. */
export function ticksBetween(start: EpochMs | undefined, end: EpochMs | undefined): number | undefined {
  return start === undefined || end === undefined ? undefined : Math.max(0, Math.floor((end - start) / 10));
}
