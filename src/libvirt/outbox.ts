import { messageStatus, PROTOCOL_VERSION } from './protocol.ts';
import { XdrWriter } from './xdr.ts';

/** Writes octets to the daemon; `done` is called when more can be written. */
export type WriteOctets = (octets: Uint8Array, done: () => void) => void;

/**
 * Messages on their way to the daemon. Those of one turn of the event loop leave in one write: what a system
 * call costs is most of what a small message costs. With `oneByOne` each leaves in a write of its own, after
 * the one before: over TLS a daemon reads one message of a record only.
 */
export class Outbox {
  readonly #write: WriteOctets;
  #oneByOne: boolean;
  #writer: XdrWriter | undefined;
  /** One whose octets have been written, to be used again. */
  #spare: XdrWriter | undefined;
  /** Messages that wait until the one before is written. */
  readonly #waiting: Uint8Array[] = [];
  #writing = false;
  #closed = false;

  constructor(write: WriteOctets, oneByOne: boolean) {
    this.#write = write;
    this.#oneByOne = oneByOne;
  }

  /**
   * Adds a message: length, header, and the payload that `encode` writes of the arguments.
   *
   * @throws what `encode` throws; nothing is sent then.
   */
  add<Args>(
    program: number,
    procedure: number,
    type: number,
    serial: number,
    encode: (writer: XdrWriter, args: Args) => void,
    args: Args,
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
      encode(writer, args);
    } catch (error) {
      writer.truncate(start);
      throw error;
    }
    writer.patchU32(start, writer.length - start);
    if (this.#oneByOne) {
      this.#writer = undefined;
      this.#waiting.push(writer.finish());
      this.#writeNext();
    }
  }

  /** From now on each message leaves in a write of its own. */
  sendOneByOne(): void {
    const writer = this.#writer;
    this.#writer = undefined;
    this.#oneByOne = true;
    if (writer !== undefined && writer.length > 0) {
      this.#waiting.push(writer.finish());
      this.#writeNext();
    }
  }

  /** Drops what was not sent. */
  close(): void {
    this.#closed = true;
    this.#writer = undefined;
    this.#waiting.length = 0;
  }

  /** The stream may keep the octets of a write until it is done: its writer is used again only then. */
  #open(): XdrWriter {
    const writer = this.#spare ?? new XdrWriter({ capacity: 512 });
    this.#spare = undefined;
    this.#writer = writer;
    if (this.#oneByOne) return writer;
    process.nextTick(() => {
      if (this.#closed || this.#writer !== writer) return;
      this.#writer = undefined;
      if (writer.length === 0) return;
      this.#write(writer.finish(), () => {
        writer.truncate(0);
        this.#spare = writer;
      });
    });
    return writer;
  }

  #writeNext(): void {
    if (this.#writing || this.#closed) return;
    const message = this.#waiting.shift();
    if (message === undefined) return;
    this.#writing = true;
    this.#write(message, () => {
      this.#writing = false;
      this.#writeNext();
    });
  }
}
