/** A character of a text has at most so many octets in UTF-8. */
const maxOctets = 3;

/** A long text that is encoded piece by piece, in memory that can be used again. */
export class OctetsOfText {
  #buffer: Buffer;
  #length = 0;

  /** @param capacity octets that there is room for at first. */
  constructor(capacity = 64 * 1024) {
    this.#buffer = Buffer.allocUnsafe(capacity);
  }

  get length(): number {
    return this.#length;
  }

  add(text: string): void {
    this.#makeRoom(text.length * maxOctets);
    this.#length += this.#buffer.write(text, this.#length);
  }

  addOctets(octets: Uint8Array): void {
    this.#makeRoom(octets.length);
    this.#buffer.set(octets, this.#length);
    this.#length += octets.length;
  }

  /** Forgets what lies behind this octet. */
  cut(length: number): void {
    this.#length = length;
  }

  /** Some octets, as long as nothing else is written to where they are. */
  view(from: number, to: number): Buffer {
    return this.#buffer.subarray(from, to);
  }

  #makeRoom(octets: number): void {
    const needed = this.#length + octets;
    if (needed <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.ceil(1.5 * needed));
    this.#buffer.copy(larger, 0, 0, this.#length);
    this.#buffer = larger;
  }
}
