/** A non-negative 64-bit integer, exact: a `number` up to 2^53 - 1, a `bigint` beyond. */
export type Count = number | bigint;
