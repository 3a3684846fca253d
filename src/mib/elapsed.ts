import type { EpochMs } from '../model/scalar-types.ts';

/** A moment before every start of a master agent: a TimeStamp of 0. */
export const BEFORE_START: EpochMs = 0;

/** A moment that no time has passed since, whenever it is looked at: the elapsed time is 0. */
export const NEVER: EpochMs = Number.POSITIVE_INFINITY;

/**
 * A reader of an object that grows by itself, such as an age or an uptime: it tells the moment, and the value is
 * worked out when a request is answered.
 */
export interface ElapsedReader<Row> {
  readonly clock: 'seconds' | 'ticks';
  // A method, so that readers of narrower rows are assignable; see bind.ts.
  moment(this: void, row: Row): EpochMs | undefined;
}

/** Whole seconds since the moment, at least 0; absent if the moment is not known. */
export function secondsSince<Row>(moment: (row: Row) => EpochMs | undefined): ElapsedReader<Row> {
  return { clock: 'seconds', moment };
}

/** TimeTicks (hundredths of a second) since the moment, at least 0; absent if the moment is not known. */
export function ticksSince<Row>(moment: (row: Row) => EpochMs | undefined): ElapsedReader<Row> {
  return { clock: 'ticks', moment };
}

/** TimeTicks (hundredths of a second) between two moments, at least 0; undefined if one is not known. */
export function ticksBetween(start: EpochMs | undefined, end: EpochMs | undefined): number | undefined {
  return start === undefined || end === undefined ? undefined : Math.max(0, Math.floor((end - start) / 10));
}
