import { writeUtf8 } from './write-utf8.ts';

/** Growing buffer that messages are composed in. Lengths not yet known are reserved and patched. */
export class ByteWriter {
  #bytes: Buffer;
  #view: DataView;
  #length = 0;
  readonly #littleEndian: boolean;

  constructor(options: { readonly littleEndian?: boolean; readonly capacity?: number } = {}) {
    this.#bytes = Buffer.alloc(options.capacity ?? 256);
    this.#view = new DataView(this.#bytes.buffer);
    this.#littleEndian = options.littleEndian ?? false;
  }

  /** Octets written so far; the offset of the next one. */
  get length(): number {
    return this.#length;
  }

  u8(value: number): void {
    const at = this.reserve(1);
    this.#view.setUint8(at, value);
  }

  u16(value: number): void {
    const at = this.reserve(2);
    this.#view.setUint16(at, value, this.#littleEndian);
  }

  /** Also writes a signed value, in two's complement. */
  u32(value: number): void {
    const at = this.reserve(4);
    this.#view.setUint32(at, value, this.#littleEndian);
  }

  /** Also writes a signed value, in two's complement. */
  u64(value: bigint | number): void {
    const at = this.reserve(8);
    this.#view.setBigUint64(at, BigInt.asUintN(64, BigInt(value)), this.#littleEndian);
  }

  f64(value: number): void {
    const at = this.reserve(8);
    this.#view.setFloat64(at, value, this.#littleEndian);
  }

  bytes(value: Uint8Array): void {
    const at = this.reserve(value.length);
    this.#bytes.set(value, at);
  }

  /** Writes the text in UTF-8 and returns how many octets that were. */
  utf8(text: string): number {
    const at = this.reserve(text.length * 3);
    const written = writeUtf8(this.#bytes, at, text);
    // What lies behind is as it was: zero.
    this.#length = at + written;
    return written;
  }

  /** Fills up with zero octets until the length is a multiple of `boundary`. */
  align(boundary: number): void {
    const over = this.#length % boundary;
    if (over !== 0) {
      this.reserve(boundary - over);
    }
  }

  /** Leaves room for `size` zero octets and returns their offset, for {@link patchU32}. */
  reserve(size: number): number {
    const at = this.#length;
    const needed = at + size;
    if (needed > this.#bytes.length) {
      const grown = Buffer.alloc(Math.max(needed, this.#bytes.length * 2));
      grown.set(this.#bytes);
      this.#bytes = grown;
      this.#view = new DataView(grown.buffer);
    }
    this.#length = needed;
    return at;
  }

  /** Takes back what was written from `length` on. */
  truncate(length: number): void {
    if (length < 0 || length > this.#length) {
      throw new RangeError(`length ${length} is outside the ${this.#length} octets written`);
    }
    // What is reserved without being written must be zero.
    this.#bytes.fill(0, length, this.#length);
    this.#length = length;
  }

  /** Overwrites four octets that were written or reserved before. */
  patchU32(at: number, value: number): void {
    if (at < 0 || at + 4 > this.#length) {
      throw new RangeError(`offset ${at} is outside the ${this.#length} octets written`);
    }
    this.#view.setUint32(at, value, this.#littleEndian);
  }

  /** The octets written so far, without a copy; valid until the next write. */
  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }
}
