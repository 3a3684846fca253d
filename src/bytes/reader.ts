import { ProtocolError } from '../errors.ts';

const TWO_32 = 0x1_0000_0000;

/**
 * Bounds-checked cursor over received bytes, in either byte order. Every read past the end throws a
 * {@link ProtocolError} that names the offset and the size that was wanted.
 */
export class ByteReader {
  readonly bytes: Uint8Array;
  /** The same octets, for code that reads many numbers at once. */
  readonly view: DataView;
  #littleEndian: boolean;
  #offset = 0;

  constructor(
    bytes: Uint8Array,
    options: { readonly littleEndian?: boolean; readonly offset?: number } = {},
  ) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#littleEndian = options.littleEndian ?? false;
    this.#offset = options.offset ?? 0;
  }

  /** Offset of the next byte to read. */
  get offset(): number {
    return this.#offset;
  }

  /** Octets that have not been read. */
  get remaining(): number {
    return this.bytes.length - this.#offset;
  }

  get littleEndian(): boolean {
    return this.#littleEndian;
  }

  /** Byte order of all later reads; AgentX chooses it per PDU (RFC 2741 section 6.1). */
  setLittleEndian(littleEndian: boolean): void {
    this.#littleEndian = littleEndian;
  }

  /**
   * Claims `size` octets and returns where they start; the cursor is then behind them.
   *
   * @throws ProtocolError if fewer are left.
   */
  take(size: number): number {
    const start = this.#offset;
    if (size < 0 || size > this.bytes.length - start) {
      throw new ProtocolError(
        `wanted ${size} octets at offset ${start}, but the message has only ${this.bytes.length - start} left`,
      );
    }
    this.#offset = start + size;
    return start;
  }

  skip(size: number): void {
    this.take(size);
  }

  u8(): number {
    return this.view.getUint8(this.take(1));
  }

  u16(): number {
    return this.view.getUint16(this.take(2), this.#littleEndian);
  }

  u32(): number {
    return this.view.getUint32(this.take(4), this.#littleEndian);
  }

  i32(): number {
    return this.view.getInt32(this.take(4), this.#littleEndian);
  }

  u64(): bigint {
    return this.view.getBigUint64(this.take(8), this.#littleEndian);
  }

  i64(): bigint {
    return this.view.getBigInt64(this.take(8), this.#littleEndian);
  }

  /** An unsigned 64-bit integer; a bigint only where a number would lose digits. */
  u64Count(): number | bigint {
    const at = this.take(8);
    const high = this.view.getUint32(this.#littleEndian ? at + 4 : at, this.#littleEndian);
    if (high < 0x20_0000) {
      return high * TWO_32 + this.view.getUint32(this.#littleEndian ? at : at + 4, this.#littleEndian);
    }
    return this.view.getBigUint64(at, this.#littleEndian);
  }

  f64(): number {
    return this.view.getFloat64(this.take(8), this.#littleEndian);
  }

  /** A view of the next octets, without a copy: it lives as long as the whole message. */
  subarray(size: number): Uint8Array {
    const start = this.take(size);
    return this.bytes.subarray(start, start + size);
  }

  /** A copy of the next octets. */
  copy(size: number): Uint8Array {
    const start = this.take(size);
    // A Buffer's own slice() is a view.
    return new Uint8Array(this.bytes.subarray(start, start + size));
  }

  /** @throws ProtocolError if octets are left. */
  expectEnd(): void {
    if (this.remaining !== 0) {
      throw new ProtocolError(
        `${this.remaining} octets are left at offset ${this.#offset}, the end of the message`,
      );
    }
  }
}
