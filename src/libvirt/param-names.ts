import { type KnownText, TextTable } from './text-table.ts';

/** Name of a typed parameter: `cpu.time`. */
export type ParamName = KnownText;

/** A big host has a few thousand. */
const MAX_NAMES = 65_536;

/** The table all connections share, so that an id means the same name everywhere. */
export const paramNames = new TextTable(MAX_NAMES);
