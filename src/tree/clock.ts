import type { ReadContext } from './tree.ts';

/**
 * How a value follows from a moment (milliseconds since 1970) when it is read: as whole seconds since, as
 * hundredths of a second since, or as the master's sysUpTime at that moment.
 */
export type Clock = 'seconds' | 'ticks' | 'timeStamp';

const TWO_32 = 2 ** 32;

/**
 * The value at the moment of `context`. A TimeStamp before the start of the master, or while that is not known, is 0; of a
 * moment that is still to come, because the clock was set back since, it is the present sysUpTime.
 */
export function clockValue(clock: Clock, moment: number, { now, masterStartedAt }: ReadContext): number {
  switch (clock) {
    case 'seconds':
      return Math.min(passed(now - moment, 1000), TWO_32 - 1);
    case 'ticks':
      return passed(now - moment, 10) % TWO_32;
    case 'timeStamp':
      return masterStartedAt === undefined ? 0 : passed(Math.min(moment, now) - masterStartedAt, 10) % TWO_32;
  }
}

function passed(ms: number, unitMs: number): number {
  return Math.max(0, Math.floor(ms / unitMs));
}
