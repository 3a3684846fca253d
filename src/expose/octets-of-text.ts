const firstCapacity = 64 * 1024;

/** A character of a text has at most so many octets in UTF-8. */
const maxOctets = 3;

/** Encodes a long text piece by piece, in memory that is used again. */
export class OctetsOfText {
  #buffer = Buffer.allocUnsafe(firstCapacity);
  #length = 0;

  add(text: string): void {
    const needed = this.#length + text.length * maxOctets;
    if (needed > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(2 * needed);
      this.#buffer.copy(larger, 0, 0, this.#length);
      this.#buffer = larger;
    }
    this.#length += this.#buffer.write(text, this.#length);
  }

  /** All that was added since the last time. */
  take(): Buffer {
    const octets = Buffer.from(this.#buffer.subarray(0, this.#length));
    this.#length = 0;
    return octets;
  }
}
