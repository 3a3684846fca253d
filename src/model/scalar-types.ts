/**
 * Building blocks of the model. The model is plain readonly data, without I/O.
 *
 * Conventions: `undefined` means "not known" and becomes noSuchInstance; units are part of the field
 * name (`Us` microseconds, `Bytes`, `Sec`, `Ms`); percentages and ratios are in hundredths.
 */

/** Milliseconds since 1970-01-01T00:00:00Z. */
export type EpochMs = number;

export type { Count } from '../bytes/count.ts';

/** Hundredths of one percent: 1234 is 12.34 percent (LvePercent). */
export type Percent = number;

/** Hundredths: 150 is 1.50 (LveRatio). */
export type Ratio = number;

/** Severity of a condition (LveSeverity). */
export type Severity = 'okay' | 'warning' | 'failure';
