import { writeUtf8 } from '../bytes/write-utf8.ts';
import { AGENTX_VERSION, HEADER_BYTES, PduFlag, type PduIds } from './pdu.ts';

const TWO_32 = 0x1_0000_0000;

/**
 * Composes PDUs in network byte order, one behind another, in a buffer that is used again and again: the
 * answers to everything that one read of the socket brought leave in one write.
 */
export class PduWriter {
  #bytes: Buffer;
  #view: DataView;
  #length = 0;

  constructor(capacity = 8192) {
    this.#bytes = Buffer.allocUnsafeSlow(capacity);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** Octets composed so far. */
  get length(): number {
    return this.#length;
  }

  /** Forgets everything from this offset on. */
  truncate(length: number): void {
    this.#length = length;
  }

  /** The octets composed so far, without a copy: valid until the next write after {@link truncate}. */
  composed(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  /** The octets composed so far; what is composed next goes into a new buffer. */
  detach(): Buffer {
    const composed = this.composed();
    this.#bytes = Buffer.allocUnsafeSlow(this.#bytes.length);
    this.#view = new DataView(this.#bytes.buffer);
    this.#length = 0;
    return composed;
  }

  u8(value: number): void {
    this.#ensure(1);
    this.#bytes[this.#length] = value;
    this.#length += 1;
  }

  u16(value: number): void {
    this.#ensure(2);
    this.#view.setUint16(this.#length, value);
    this.#length += 2;
  }

  /** Also writes a signed value, in two's complement. */
  u32(value: number): void {
    this.#ensure(4);
    this.#view.setUint32(this.#length, value);
    this.#length += 4;
  }

  /** Modulo 2^64. */
  u64(value: number | bigint): void {
    this.#ensure(8);
    if (typeof value === 'bigint') {
      this.#view.setBigUint64(this.#length, BigInt.asUintN(64, value));
    } else {
      this.#view.setUint32(this.#length, Math.floor(value / TWO_32));
      this.#view.setUint32(this.#length + 4, value);
    }
    this.#length += 8;
  }

  /** Overwrites four octets that were written before. */
  patchU32(at: number, value: number): void {
    this.#view.setUint32(at, value);
  }

  /** The elements of an array from `from` to `to`, as words. */
  range(words: Uint32Array, from: number, to: number): void {
    this.#ensure((to - from) * 4);
    let at = this.#length;
    for (let i = from; i < to; i++) {
      this.#view.setUint32(at, words[i] ?? 0);
      at += 4;
    }
    this.#length = at;
  }

  /** An object identifier (RFC 2741 section 5.1) of `length` sub-identifiers; a prefix 1.3.6.1.x is written in short. */
  oid(subIds: ArrayLike<number>, include = false, length = subIds.length): void {
    const prefix = internetPrefix(subIds, length);
    const skipped = prefix === 0 ? 0 : 5;
    this.#ensure(4 + length * 4);
    const view = this.#view;
    let at = this.#length;
    view.setUint32(at, ((length - skipped) << 24) | (prefix << 16) | (include ? 0x100 : 0));
    for (let i = skipped; i < length; i++) {
      at += 4;
      view.setUint32(at, subIds[i] ?? 0);
    }
    this.#length = at + 4;
  }

  /** An octet string (RFC 2741 section 5.3): length, octets, zeros up to a multiple of four. */
  octets(value: Uint8Array): void {
    this.#ensure(8 + value.length);
    this.#view.setUint32(this.#length, value.length);
    this.#bytes.set(value, this.#length + 4);
    this.#endString(value.length);
  }

  /** An octet string with the text in UTF-8. */
  text(value: string): void {
    this.#ensure(8 + value.length * 3);
    const written = writeUtf8(this.#bytes, this.#length + 4, value);
    this.#view.setUint32(this.#length, written);
    this.#endString(written);
  }

  /** Begins a PDU (RFC 2741 section 6.1) and returns its offset, for {@link endPdu}. */
  beginPdu(type: number, flags: number, ids: PduIds): number {
    const at = this.#length;
    this.#ensure(HEADER_BYTES);
    const view = this.#view;
    view.setUint32(at, (AGENTX_VERSION << 24) | (type << 16) | ((flags | PduFlag.networkByteOrder) << 8));
    view.setUint32(at + 4, ids.sessionId);
    view.setUint32(at + 8, ids.transactionId);
    view.setUint32(at + 12, ids.packetId);
    view.setUint32(at + 16, 0);
    this.#length = at + HEADER_BYTES;
    return at;
  }

  /** Ends the PDU that began at this offset: its payload is everything since. */
  endPdu(at: number): void {
    this.#view.setUint32(at + 16, this.#length - at - HEADER_BYTES);
  }

  /** The octets of a string are there: pads it and moves on. */
  #endString(size: number): void {
    let at = this.#length + 4 + size;
    const end = this.#length + 4 + ((size + 3) & ~3);
    while (at < end) {
      this.#bytes[at] = 0;
      at += 1;
    }
    this.#length = end;
  }

  #ensure(size: number): void {
    const needed = this.#length + size;
    if (needed <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}

/** x of an object identifier 1.3.6.1.x that can be written in short; 0 if this one cannot. */
export function internetPrefix(subIds: ArrayLike<number>, length = subIds.length): number {
  const fifth = length < 5 ? undefined : subIds[4];
  if (fifth === undefined || fifth < 1 || fifth > 255) return 0;
  return subIds[0] === 1 && subIds[1] === 3 && subIds[2] === 6 && subIds[3] === 1 ? fifth : 0;
}
