import { TextTable } from './text-table.ts';

/** Texts of one kind that are kept; a big host has some thousands. */
const MAX_TEXTS = 16_384;

/** Texts of what has gone are forgotten after this many milliseconds, if others have come since. */
const FORGET_MS = 600_000;

/**
 * Texts that come again with every reply, such as names and UUIDs: most of the time the string that was made
 * for the same octets before. It starts anew when it is full, or when it grows and has not been begun lately.
 */
export class TextCache {
  readonly #textOf: ((buffer: Buffer, start: number, end: number) => string) | undefined;
  #table: TextTable;
  #begunMs = performance.now();

  /** @param textOf - makes the text of the octets from `start` to `end`; UTF-8 unless told otherwise. */
  constructor(textOf?: (buffer: Buffer, start: number, end: number) => string) {
    this.#textOf = textOf;
    this.#table = new TextTable(MAX_TEXTS, textOf);
  }

  /** The caller has checked that the octets and their padding lie within the message. */
  text(buffer: Buffer, view: DataView, start: number, length: number): string {
    const known = this.#table.size;
    const { text } = this.#table.lookup(buffer, view, start, length);
    if (this.#table.size > known) this.#limit();
    return text;
  }

  /** How many texts are kept. */
  get size(): number {
    return this.#table.size;
  }

  #limit(): void {
    const nowMs = performance.now();
    if (this.#table.size < MAX_TEXTS && nowMs - this.#begunMs < FORGET_MS) return;
    this.#table = new TextTable(MAX_TEXTS, this.#textOf);
    this.#begunMs = nowMs;
  }
}
