import { ProtocolError } from '../errors.ts';

/** How a protocol marks where its messages end. */
export interface FrameRule {
  /** Octets that must be there before {@link frameLength} can tell. */
  readonly headerSize: number;
  /** Length in octets of the whole frame, header included, whose header begins at an offset. */
  readonly frameLength: (view: DataView, at: number) => number;
  readonly minLength: number;
  readonly maxLength: number;
}

/** Given one whole frame, whose octets are the taker's only during the call: they may be written over afterwards. */
export type TakeFrame = (frame: Uint8Array) => void;

/** Memory in octets that is kept for the next frame that spans chunks; longer frames get memory of their own. */
const KEPT_OCTETS = 1024 * 1024;

/**
 * Cuts a stream of chunks into frames. A frame that lies wholly in one chunk is a view of it; one that
 * spans chunks is copied once, into memory that is used again: megabytes that come and go with each reply
 * would have the garbage collector run for their sake alone. After a {@link ProtocolError} the stream has no
 * known boundary any more and the connection must end.
 */
export class Framer {
  readonly #rule: FrameRule;
  readonly #header: Uint8Array;
  #headerFilled = 0;
  /** Where frames that span chunks are put together. */
  #kept: Uint8Array = new Uint8Array(0);
  /** Frame under construction, once its length is known. */
  #partial: Uint8Array | undefined;
  #partialFilled = 0;
  /** All of the memory that the last header lay in: sockets read into the same again and again. */
  #view: DataView = new DataView(new ArrayBuffer(0));

  constructor(rule: FrameRule) {
    this.#rule = rule;
    this.#header = new Uint8Array(rule.headerSize);
  }

  /** Whether the stream stands between two frames: false means that an end now cuts a frame. */
  get atBoundary(): boolean {
    return this.#headerFilled === 0 && this.#partial === undefined;
  }

  /**
   * Adds a chunk and hands out the frames that are complete with it, in order.
   *
   * @throws ProtocolError if a length is outside the rule's limits; what `take` throws.
   */
  push(chunk: Uint8Array, take: TakeFrame): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#partial !== undefined) {
        at = this.#fillPartial(this.#partial, chunk, at, take);
      } else if (this.#headerFilled > 0 || chunk.length - at < this.#rule.headerSize) {
        at = this.#fillHeader(chunk, at, take);
      } else {
        const length = this.#lengthAt(chunk, at);
        if (chunk.length - at >= length) {
          take(chunk.subarray(at, at + length));
          at += length;
        } else {
          this.#startPartial(length, chunk.subarray(at));
          at = chunk.length;
        }
      }
    }
  }

  #lengthAt(bytes: Uint8Array, at: number): number {
    const { headerSize, minLength, maxLength, frameLength } = this.#rule;
    if (this.#view.buffer !== bytes.buffer) this.#view = new DataView(bytes.buffer);
    const length = frameLength(this.#view, bytes.byteOffset + at);
    if (!(length >= minLength && length <= maxLength && length >= headerSize)) {
      throw new ProtocolError(`frame length ${length} is outside ${minLength} to ${maxLength} octets`);
    }
    return length;
  }

  #startPartial(length: number, start: Uint8Array): void {
    const partial = this.#memory(length);
    partial.set(start);
    this.#partial = partial;
    this.#partialFilled = start.length;
  }

  /** Not zeroed: it is a frame only once every octet of it was written. */
  #memory(length: number): Uint8Array {
    if (length > KEPT_OCTETS) return Buffer.allocUnsafeSlow(length);
    if (length > this.#kept.length) {
      this.#kept = Buffer.allocUnsafeSlow(Math.min(KEPT_OCTETS, Math.max(length, this.#kept.length * 2)));
    }
    return this.#kept.subarray(0, length);
  }

  #fillHeader(chunk: Uint8Array, at: number, take: TakeFrame): number {
    const end = Math.min(chunk.length, at + this.#rule.headerSize - this.#headerFilled);
    this.#header.set(chunk.subarray(at, end), this.#headerFilled);
    this.#headerFilled += end - at;
    if (this.#headerFilled === this.#rule.headerSize) {
      this.#headerFilled = 0;
      const length = this.#lengthAt(this.#header, 0);
      if (length === this.#header.length) {
        take(this.#header);
      } else {
        this.#startPartial(length, this.#header);
      }
    }
    return end;
  }

  #fillPartial(partial: Uint8Array, chunk: Uint8Array, at: number, take: TakeFrame): number {
    const end = Math.min(chunk.length, at + partial.length - this.#partialFilled);
    partial.set(chunk.subarray(at, end), this.#partialFilled);
    this.#partialFilled += end - at;
    if (this.#partialFilled === partial.length) {
      this.#partial = undefined;
      take(partial);
    }
    return end;
  }
}
