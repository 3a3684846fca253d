import { ByteReader } from '../bytes/reader.ts';
import { ProtocolError } from '../errors.ts';
import { HEADER_BYTES, MAX_OID_SUB_IDS, PduFlag } from './pdu.ts';

/** An object identifier of a request, read into storage that is used again for the next one. */
export class RequestOid {
  readonly subIds = new Uint32Array(MAX_OID_SUB_IDS);
  length = 0;
  /** Whether a search may yield this very name (RFC 2741 section 5.2). */
  include = false;
}

/** Reads requests in place, without an object per field: the hot path of the subagent. */
export class RequestReader {
  #bytes: Uint8Array = new Uint8Array(0);
  #littleEndian = false;
  #at = 0;
  type = 0;
  flags = 0;
  sessionId = 0;
  transactionId = 0;
  packetId = 0;

  /** Starts with a whole PDU, whose header the framer has checked. */
  begin(bytes: Uint8Array): void {
    this.#bytes = bytes;
    this.type = bytes[1] ?? 0;
    this.flags = bytes[2] ?? 0;
    this.#littleEndian = (this.flags & PduFlag.networkByteOrder) === 0;
    this.#at = 4;
    this.sessionId = this.u32();
    this.transactionId = this.u32();
    this.packetId = this.u32();
    this.#at = HEADER_BYTES;
  }

  /** Whether everything has been read. */
  get atEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  /** What has not been read yet, for a reader that makes values of it. */
  rest(): ByteReader {
    const reader = new ByteReader(this.#bytes.subarray(this.#at));
    reader.setLittleEndian(this.#littleEndian);
    return reader;
  }

  /** Offset of the next octet. */
  get offset(): number {
    return this.#at;
  }

  /** Goes back to an offset that was read before. */
  rewind(offset: number): void {
    this.#at = offset;
  }

  /** @throws ProtocolError behind the end. */
  u16(): number {
    const at = this.#take(2);
    const bytes = this.#bytes;
    const first = bytes[at] ?? 0;
    const second = bytes[at + 1] ?? 0;
    return this.#littleEndian ? (second << 8) | first : (first << 8) | second;
  }

  /** @throws ProtocolError behind the end. */
  u32(): number {
    return word(this.#bytes, this.#take(4), this.#littleEndian);
  }

  /** An octet string as text. @throws ProtocolError behind the end. */
  text(): string {
    const size = this.u32();
    const at = this.#take(size);
    this.#take(-size & 3);
    return Buffer.from(this.#bytes.buffer, this.#bytes.byteOffset + at, size).toString('utf8');
  }

  /**
   * An object identifier (RFC 2741 section 5.1), written out in full.
   *
   * @throws ProtocolError behind the end or if it is too long.
   */
  oid(into: RequestOid): void {
    const at = this.#take(4);
    const bytes = this.#bytes;
    const count = bytes[at] ?? 0;
    const prefix = bytes[at + 1] ?? 0;
    into.include = bytes[at + 2] !== 0;
    const { subIds } = into;
    let length = 0;
    if (prefix !== 0) {
      subIds[0] = 1;
      subIds[1] = 3;
      subIds[2] = 6;
      subIds[3] = 1;
      subIds[4] = prefix;
      length = 5;
    }
    if (length + count > MAX_OID_SUB_IDS) {
      throw new ProtocolError(`an object identifier has more than ${MAX_OID_SUB_IDS} sub-identifiers`);
    }
    let from = this.#take(count * 4);
    const littleEndian = this.#littleEndian;
    for (const end = length + count; length < end; length++) {
      subIds[length] = word(bytes, from, littleEndian);
      from += 4;
    }
    into.length = length;
  }

  #take(size: number): number {
    const at = this.#at;
    if (size > this.#bytes.length - at) {
      throw new ProtocolError(
        `wanted ${size} octets at offset ${at}, but the PDU has only ${this.#bytes.length - at} left`,
      );
    }
    this.#at = at + size;
    return at;
  }
}

/** Four octets as an unsigned number; stored into a Uint32Array its sign would not matter. */
function word(bytes: Uint8Array, at: number, littleEndian: boolean): number {
  const a = bytes[at] ?? 0;
  const b = bytes[at + 1] ?? 0;
  const c = bytes[at + 2] ?? 0;
  const d = bytes[at + 3] ?? 0;
  return (littleEndian ? (d << 24) | (c << 16) | (b << 8) | a : (a << 24) | (b << 16) | (c << 8) | d) >>> 0;
}
