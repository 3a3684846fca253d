import { cutUtf8 } from '../bytes/cut-utf8.ts';
import { ByteReader } from '../bytes/reader.ts';
import { ByteWriter } from '../bytes/writer.ts';
import { ProtocolError } from '../errors.ts';
import { TextCache } from './text-cache.ts';

const uuids = new TextCache((buffer, start, end) => {
  const hex = buffer.toString('hex', start, end);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
});

/** XDR (RFC 4506) on top of the byte cursor; every item of variable length has a maximum. */
export class XdrReader extends ByteReader {
  /** The same octets, for code that reads many texts at once. */
  readonly buffer: Buffer;

  constructor(bytes: Uint8Array, offset = 0) {
    super(bytes, { offset });
    this.buffer =
      bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  bool(): boolean {
    return this.i32() !== 0;
  }

  /** Signed 64-bit integer; a bigint only where a number would lose digits. */
  i64Count(): number | bigint {
    const value = this.i64();
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value;
  }

  /**
   * Number of items that follow.
   *
   * @throws ProtocolError above the maximum, or if so many items cannot be in the octets left.
   */
  count(max: number, what: string): number {
    const at = this.offset;
    const count = this.u32();
    if (count > max) {
      throw new ProtocolError(`${count} ${what} at offset ${at}, but at most ${max} are allowed`);
    }
    if (count * 4 > this.remaining) {
      throw new ProtocolError(
        `${count} ${what} at offset ${at} do not fit into the ${this.remaining} octets left`,
      );
    }
    return count;
  }

  array<Item>(max: number, what: string, decode: (reader: this) => Item): Item[] {
    const count = this.count(max, what);
    const items: Item[] = [];
    for (let index = 0; index < count; index++) {
      items.push(decode(this));
    }
    return items;
  }

  /** Variable-length opaque data, copied out of the message. */
  opaque(max: number, what: string): Uint8Array {
    const length = this.#lengthOf(max, what);
    const octets = this.copy(length);
    this.take(paddedLength(length) - length);
    return octets;
  }

  /** UTF-8 text; octets that are not UTF-8 become U+FFFD. */
  string(max: number, what: string): string {
    const length = this.#lengthOf(max, what);
    const start = this.take(paddedLength(length));
    return this.buffer.toString('utf8', start, start + length);
  }

  /** UTF-8 text of a kind that comes again and again; what is longer than `keep` octets is cut. */
  cachedString(max: number, what: string, cache: TextCache, keep = max): string {
    const length = this.#lengthOf(max, what);
    const start = this.take(paddedLength(length));
    const kept = length <= keep ? length : cutUtf8(this.buffer.subarray(start, start + length), keep).length;
    return cache.text(this.buffer, this.view, start, kept);
  }

  /** UTF-8 text of which at most `keep` octets are of use. */
  cutString(max: number, keep: number, what: string): string {
    const length = this.#lengthOf(max, what);
    const start = this.take(paddedLength(length));
    const kept = length <= keep ? length : cutUtf8(this.buffer.subarray(start, start + length), keep).length;
    return this.buffer.toString('utf8', start, start + kept);
  }

  optional<Item>(decode: (reader: this) => Item): Item | undefined {
    const at = this.offset;
    const present = this.u32();
    if (present > 1) {
      throw new ProtocolError(`presence flag ${present} at offset ${at} is neither 0 nor 1`);
    }
    return present === 1 ? decode(this) : undefined;
  }

  /** 16 octets as the lower-case text of 36 characters. */
  uuid(): string {
    return uuids.text(this.buffer, this.view, this.take(16), 16);
  }

  /** `length` characters of 4 octets each, as libvirt sends a fixed char array; ends at the first NUL. */
  charArray(length: number): string {
    const octets: number[] = [];
    let ended = false;
    for (let index = 0; index < length; index++) {
      const octet = this.i32() & 0xff;
      ended ||= octet === 0;
      if (!ended) {
        octets.push(octet);
      }
    }
    return Buffer.from(octets).toString('utf8');
  }

  #lengthOf(max: number, what: string): number {
    const at = this.offset;
    const length = this.u32();
    if (length > max) {
      throw new ProtocolError(`${what} of ${length} octets at offset ${at}, but at most ${max} are allowed`);
    }
    return length;
  }
}

/** XDR (RFC 4506) on top of the growing buffer. */
export class XdrWriter extends ByteWriter {
  i32(value: number): void {
    this.u32(value);
  }

  bool(value: boolean): void {
    this.u32(value ? 1 : 0);
  }

  string(text: string): void {
    const at = this.reserve(4);
    this.patchU32(at, this.utf8(text));
    this.align(4);
  }

  opaque(octets: Uint8Array): void {
    this.u32(octets.length);
    this.bytes(octets);
    this.align(4);
  }

  optional<Item>(item: Item | undefined, encode: (writer: this, item: Item) => void): void {
    this.bool(item !== undefined);
    if (item !== undefined) {
      encode(this, item);
    }
  }

  optionalString(text: string | undefined): void {
    this.optional(text, (writer, present) => writer.string(present));
  }

  array<Item>(items: readonly Item[], encode: (writer: this, item: Item) => void): void {
    this.u32(items.length);
    for (const item of items) {
      encode(this, item);
    }
  }

  /** @throws RangeError if the text is not a UUID. */
  uuid(text: string): void {
    const start = this.length;
    let high = -1;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code === hyphen) continue;
      const digit = hexDigit(code);
      if (digit < 0) throw new RangeError(`"${text}" is not a UUID`);
      if (high < 0) {
        high = digit;
      } else {
        this.u8(high * 16 + digit);
        high = -1;
      }
    }
    if (this.length - start !== 16 || high >= 0) {
      throw new RangeError(`"${text}" is not a UUID`);
    }
  }
}

const hyphen = 0x2d;

/** Value of a hexadecimal digit by its character code; -1 if it is none. */
function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}

/** Octets that an item of `length` octets takes with its padding. */
export function paddedLength(length: number): number {
  return (length + 3) & ~3;
}
