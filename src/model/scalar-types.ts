/**
 * Building blocks of the model. The model is plain readonly data: no I/O, no imports from other layers.
 *
 * Conventions: `undefined` means "not known" and becomes noSuchInstance; units are part of the field
 * name (`Us` microseconds, `Bytes`, `Sec`, `Ms`); percentages and ratios are in hundredths.
 */

/** Milliseconds since 1970-01-01T00:00:00Z. */
export type EpochMs = number;

/** A non-negative 64-bit integer, exact: a `number` up to 2^53 - 1, a `bigint` beyond. */
export type Count = number | bigint;

/** Hundredths of one percent: 1234 is 12.34 percent (LvePercent). */
export type Percent = number;

/** Hundredths: 150 is 1.50 (LveRatio). */
export type Ratio = number;

/** Severity of a condition (LveSeverity). */
export type Severity = 'okay' | 'warning' | 'failure';
