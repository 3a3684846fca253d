import { messageStatus, PROTOCOL_VERSION } from './protocol.ts';
import { XdrWriter } from './xdr.ts';

/**
 * Messages on their way to the daemon. Those of one turn of the event loop leave in one write: what a system
 * call costs is most of what a small message costs.
 */
export class Outbox {
  readonly #write: (octets: Uint8Array) => void;
  #writer: XdrWriter | undefined;
  #closed = false;

  constructor(write: (octets: Uint8Array) => void) {
    this.#write = write;
  }

  /**
   * Adds a message: length, header, and the payload that `encode` writes.
   *
   * @throws what `encode` throws; nothing is sent then.
   */
  add(
    program: number,
    procedure: number,
    type: number,
    serial: number,
    encode: (writer: XdrWriter) => void,
  ): void {
    const writer = this.#writer ?? this.#open();
    const start = writer.length;
    try {
      writer.reserve(4);
      writer.u32(program);
      writer.u32(PROTOCOL_VERSION);
      writer.i32(procedure);
      writer.i32(type);
      writer.u32(serial);
      writer.i32(messageStatus.ok);
      encode(writer);
    } catch (error) {
      writer.truncate(start);
      throw error;
    }
    writer.patchU32(start, writer.length - start);
  }

  /** Drops what was not sent. */
  close(): void {
    this.#closed = true;
    this.#writer = undefined;
  }

  /** A new writer for each write, since the stream may keep the octets. */
  #open(): XdrWriter {
    const writer = new XdrWriter({ capacity: 512 });
    this.#writer = writer;
    process.nextTick(() => {
      if (this.#closed) return;
      this.#writer = undefined;
      if (writer.length > 0) this.#write(writer.finish());
    });
    return writer;
  }
}
