import { type KnownText, TextTable } from './text-table.ts';

/** Name of a typed parameter: `cpu.time`. The same text has the same object, unless the table has begun anew meanwhile. */
export type ParamName = KnownText;

/** A big host has a few thousand. */
const MAX_NAMES = 65_536;

/**
 * The table that all connections share. It begins anew when it is full: a daemon that makes names up must not leave the
 * others without room for theirs.
 */
class ParamNames {
  #table = new TextTable(MAX_NAMES);

  /** See {@link TextTable.lookup}. */
  lookup(buffer: Buffer, view: DataView, start: number, length: number): ParamName {
    const known = this.#table.lookup(buffer, view, start, length);
    if (this.#table.size >= MAX_NAMES) this.#table = new TextTable(MAX_NAMES);
    return known;
  }

  /** See {@link TextTable.intern}. */
  intern(text: string): ParamName {
    return this.#table.intern(text);
  }
}

export const paramNames = new ParamNames();
