import { writeUtf8 } from '../bytes/write-utf8.ts';

const WORD = 4;

/**
 * Octet strings and object identifiers in shared memory, one behind another: a word with the length in octets, then the
 * octets, up to a whole word. They are only ever added, so that whoever reads an older image finds its texts where they
 * were. What is out of use is left behind when the others are copied to a new pool.
 */
export class TextPool {
  #words: Uint32Array;
  #bytes: Buffer;
  #used = 0;

  /** @param words room to begin with. */
  constructor(words = 256) {
    this.#words = sharedWords(words);
    this.#bytes = Buffer.from(this.#words.buffer);
  }

  /** The memory as it is now; it is replaced by larger memory with the same content when it no longer suffices. */
  get words(): Uint32Array {
    return this.#words;
  }

  /** Words taken, those of texts out of use included. */
  get used(): number {
    return this.#used;
  }

  /** Adds an octet string, characters in UTF-8, and returns its position in words. */
  add(text: string | Uint8Array): number {
    const at = this.#used;
    this.#ensure(at + 1 + Math.ceil((typeof text === 'string' ? text.length * 3 : text.length) / WORD));
    const start = (at + 1) * WORD;
    let length: number;
    if (typeof text === 'string') {
      length = writeUtf8(this.#bytes, start, text);
    } else {
      this.#bytes.set(text, start);
      length = text.length;
    }
    this.#words[at] = length;
    this.#used = at + 1 + Math.ceil(length / WORD);
    return at;
  }

  /** Adds sub-identifiers, a word each. */
  addOid(subIds: readonly number[]): number {
    const at = this.#used;
    this.#ensure(at + 1 + subIds.length);
    this.#words[at] = subIds.length * WORD;
    this.#words.set(subIds, at + 1);
    this.#used = at + 1 + subIds.length;
    return at;
  }

  /** Adds what lies at a position of another pool. */
  copy(from: TextPool, position: number): number {
    const at = this.#used;
    const size = 1 + Math.ceil((from.#words[position] ?? 0) / WORD);
    this.#ensure(at + size);
    this.#words.set(from.#words.subarray(position, position + size), at);
    this.#used = at + size;
    return at;
  }

  #ensure(words: number): void {
    if (words <= this.#words.length) return;
    const larger = sharedWords(Math.max(words, this.#words.length * 2));
    larger.set(this.#words.subarray(0, this.#used));
    this.#words = larger;
    this.#bytes = Buffer.from(larger.buffer);
  }
}

/** The octets of the octet string at a position of a pool's memory, without a copy. */
export function octetsAt(words: Uint32Array, position: number): Uint8Array {
  return new Uint8Array(words.buffer, (position + 1) * WORD, words[position] ?? 0);
}

/** The sub-identifiers at a position of a pool's memory. */
export function oidAt(words: Uint32Array, position: number): readonly number[] {
  const start = position + 1;
  return Array.from(words.subarray(start, start + (words[position] ?? 0) / WORD));
}

function sharedWords(words: number): Uint32Array {
  return new Uint32Array(new SharedArrayBuffer(words * WORD));
}
