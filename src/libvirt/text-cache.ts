import { TextTable } from './text-table.ts';

/** Texts of one kind that are kept; a big host has some thousands. */
const MAX_TEXTS = 16_384;

/**
 * Texts that come again with every reply, such as names and UUIDs: most of the time the string that was made
 * for the same octets before. When it is full, it starts anew.
 */
export class TextCache {
  readonly #textOf: ((buffer: Buffer, start: number, end: number) => string) | undefined;
  #table: TextTable;

  /** @param textOf - makes the text of the octets from `start` to `end`; UTF-8 unless told otherwise. */
  constructor(textOf?: (buffer: Buffer, start: number, end: number) => string) {
    this.#textOf = textOf;
    this.#table = new TextTable(MAX_TEXTS, textOf);
  }

  /** The caller has checked that the octets and their padding lie within the message. */
  text(buffer: Buffer, view: DataView, start: number, length: number): string {
    if (this.#table.size >= MAX_TEXTS) this.#table = new TextTable(MAX_TEXTS, this.#textOf);
    return this.#table.lookup(buffer, view, start, length).text;
  }
}
