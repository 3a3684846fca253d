/** A text that a {@link TextTable} knows: the same text always has the same object and id. */
export interface KnownText {
  /** 0, 1, 2 ... in the order of first sight; -1 if the table was full, or the text too long to be kept. */
  readonly id: number;
  readonly text: string;
}

/** Longer texts are decoded but not kept. libvirt's own limit for the name of a parameter is 80. */
const MAX_TEXT_OCTETS = 128;

const INITIAL_SLOTS = 4096;

type TextOf = (buffer: Buffer, start: number, end: number) => string;

const utf8: TextOf = (buffer, start, end) => buffer.toString('utf8', start, end);

/**
 * Open-addressed table from the octets of a text to its {@link KnownText}. A reply about a thousand
 * domains holds 140,000 names of parameters and a few hundred different ones, so making a string of each would
 * cost more than all other decoding.
 */
export class TextTable {
  readonly #maxTexts: number;
  readonly #textOf: TextOf;
  /** Index into the entries plus one; 0 is free. Its length is a power of two. */
  #slots = new Int32Array(INITIAL_SLOTS);
  readonly #texts: KnownText[] = [];
  readonly #hashes: number[] = [];
  readonly #lengths: number[] = [];
  /** Where the words of an entry's text start in `#words`. */
  readonly #starts: number[] = [];
  #words = new Uint32Array(INITIAL_SLOTS * 4);
  #wordCount = 0;
  /** Which entry followed an entry last time; records of a reply have the same names in the same order. */
  #next = new Int32Array(INITIAL_SLOTS).fill(-1);
  #last = 0;

  /**
   * @param maxTexts - how many texts are kept: a hostile or broken peer must not fill the memory with them.
   * @param textOf - makes the text of the octets from `start` to `end`; UTF-8 unless told otherwise.
   */
  constructor(maxTexts: number, textOf: TextOf = utf8) {
    this.#maxTexts = maxTexts;
    this.#textOf = textOf;
  }

  /** How many texts are kept. */
  get size(): number {
    return this.#texts.length;
  }

  /** The entry of this text; lets a consumer know its id before a reply holds it. */
  intern(text: string): KnownText {
    const length = Buffer.byteLength(text);
    const octets = Buffer.alloc((length + 3) & ~3);
    octets.write(text);
    return this.lookup(octets, new DataView(octets.buffer, octets.byteOffset, octets.byteLength), 0, length);
  }

  /**
   * The text in the octets `start` to `start + length` of a message. The caller has checked that the
   * text and its padding lie within the message.
   */
  lookup(buffer: Buffer, view: DataView, start: number, length: number): KnownText {
    const guess = this.#next[this.#last] ?? -1;
    if (guess >= 0 && this.#lengths[guess] === length && this.#matches(guess, view, start, length)) {
      this.#last = guess;
      return this.#texts[guess] as KnownText;
    }
    if (length > MAX_TEXT_OCTETS) {
      return { id: -1, text: this.#textOf(buffer, start, start + length) };
    }
    const hash = hashWords(view, start, length);
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    for (;;) {
      const entry = (this.#slots[slot] as number) - 1;
      if (entry < 0) {
        return this.#insert(buffer, view, start, length, hash);
      }
      if (
        this.#hashes[entry] === hash &&
        this.#lengths[entry] === length &&
        this.#matches(entry, view, start, length)
      ) {
        this.#next[this.#last] = entry;
        this.#last = entry;
        return this.#texts[entry] as KnownText;
      }
      slot = (slot + 1) & mask;
    }
  }

  #matches(entry: number, view: DataView, start: number, length: number): boolean {
    const words = this.#words;
    let at = this.#starts[entry] as number;
    const whole = start + (length & ~3);
    let offset = start;
    for (; offset < whole; offset += 4) {
      if (view.getUint32(offset) !== words[at++]) {
        return false;
      }
    }
    return (length & 3) === 0 || lastWord(view, offset, length) === words[at];
  }

  #insert(buffer: Buffer, view: DataView, start: number, length: number, hash: number): KnownText {
    const text = this.#textOf(buffer, start, start + length);
    const entry = this.#texts.length;
    if (entry >= this.#maxTexts) {
      return { id: -1, text };
    }
    const known: KnownText = { id: entry, text };
    this.#texts.push(known);
    this.#hashes.push(hash);
    this.#lengths.push(length);
    this.#starts.push(this.#wordCount);
    this.#storeWords(view, start, length);
    if ((entry + 1) * 2 > this.#slots.length) {
      this.#grow();
    } else {
      this.#place(entry, hash);
    }
    this.#next[this.#last] = entry;
    this.#last = entry;
    return known;
  }

  #storeWords(view: DataView, start: number, length: number): void {
    const count = (length + 3) >> 2;
    if (this.#wordCount + count > this.#words.length) {
      const grown = new Uint32Array(this.#words.length * 2);
      grown.set(this.#words);
      this.#words = grown;
    }
    for (let word = 0; word < count; word++) {
      const partial = word * 4 + 4 > length;
      this.#words[this.#wordCount++] = partial
        ? lastWord(view, start + word * 4, length)
        : view.getUint32(start + word * 4);
    }
  }

  #grow(): void {
    this.#slots = new Int32Array(this.#slots.length * 2);
    const next = new Int32Array(this.#slots.length).fill(-1);
    next.set(this.#next);
    this.#next = next;
    for (const [entry, hash] of this.#hashes.entries()) {
      this.#place(entry, hash);
    }
  }

  #place(entry: number, hash: number): void {
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    while (this.#slots[slot] !== 0) {
      slot = (slot + 1) & mask;
    }
    this.#slots[slot] = entry + 1;
  }
}

/** FNV-1a over words instead of octets, with a final mix because only low bits choose the slot. */
function hashWords(view: DataView, start: number, length: number): number {
  let hash = 0x811c_9dc5 ^ length;
  const whole = start + (length & ~3);
  let offset = start;
  for (; offset < whole; offset += 4) {
    hash = Math.imul(hash ^ view.getInt32(offset), 0x0100_0193);
    hash ^= hash >>> 15;
  }
  if ((length & 3) !== 0) {
    hash = Math.imul(hash ^ lastWord(view, offset, length), 0x0100_0193);
    hash ^= hash >>> 15;
  }
  return hash >>> 1;
}

/** The last, incomplete word of a text; what a peer wrote into the padding does not count. */
function lastWord(view: DataView, offset: number, length: number): number {
  const shift = 32 - (length & 3) * 8;
  return ((view.getUint32(offset) >>> shift) << shift) >>> 0;
}
