import { ProtocolError } from '../errors.ts';

/** How a protocol marks where its messages end. */
export interface FrameRule {
  /** Octets that must be there before {@link frameLength} can tell. */
  readonly headerSize: number;
  /** Length in octets of the whole frame, header included. */
  readonly frameLength: (header: DataView) => number;
  readonly minLength: number;
  readonly maxLength: number;
}

/**
 * Cuts a stream of chunks into frames. A frame that lies wholly in one chunk is a view of it; one that
 * spans chunks is copied once. After a {@link ProtocolError} the stream has no known boundary any more
 * and the connection must end.
 */
export class Framer {
  readonly #rule: FrameRule;
  #header: Uint8Array;
  #headerFilled = 0;
  /** Frame under construction, once its length is known. */
  #partial: Uint8Array | undefined;
  #partialFilled = 0;

  constructor(rule: FrameRule) {
    this.#rule = rule;
    this.#header = new Uint8Array(rule.headerSize);
  }

  /** Whether the stream stands between two frames: false means that an end now cuts a frame. */
  get atBoundary(): boolean {
    return this.#headerFilled === 0 && this.#partial === undefined;
  }

  /**
   * Adds a chunk and returns the frames that are complete with it, in order.
   *
   * @throws ProtocolError if a length is outside the rule's limits.
   */
  push(chunk: Uint8Array): Uint8Array[] {
    const frames: Uint8Array[] = [];
    let at = 0;
    while (at < chunk.length) {
      if (this.#partial !== undefined) {
        at = this.#fillPartial(this.#partial, chunk, at, frames);
      } else if (this.#headerFilled > 0 || chunk.length - at < this.#rule.headerSize) {
        at = this.#fillHeader(chunk, at, frames);
      } else {
        const length = this.#lengthAt(chunk, at);
        if (chunk.length - at >= length) {
          frames.push(chunk.subarray(at, at + length));
          at += length;
        } else {
          this.#startPartial(length, chunk.subarray(at));
          at = chunk.length;
        }
      }
    }
    return frames;
  }

  #lengthAt(bytes: Uint8Array, at: number): number {
    const { headerSize, minLength, maxLength, frameLength } = this.#rule;
    const length = frameLength(new DataView(bytes.buffer, bytes.byteOffset + at, headerSize));
    if (!(length >= minLength && length <= maxLength && length >= headerSize)) {
      throw new ProtocolError(`frame length ${length} is outside ${minLength} to ${maxLength} octets`);
    }
    return length;
  }

  #startPartial(length: number, start: Uint8Array): void {
    // Not zeroed: it is a frame only once every octet of it was written.
    const partial = Buffer.allocUnsafeSlow(length);
    partial.set(start);
    this.#partial = partial;
    this.#partialFilled = start.length;
  }

  #fillHeader(chunk: Uint8Array, at: number, frames: Uint8Array[]): number {
    const end = Math.min(chunk.length, at + this.#rule.headerSize - this.#headerFilled);
    this.#header.set(chunk.subarray(at, end), this.#headerFilled);
    this.#headerFilled += end - at;
    if (this.#headerFilled === this.#rule.headerSize) {
      this.#headerFilled = 0;
      const length = this.#lengthAt(this.#header, 0);
      if (length === this.#header.length) {
        frames.push(this.#header);
        this.#header = new Uint8Array(this.#rule.headerSize);
      } else {
        this.#startPartial(length, this.#header);
      }
    }
    return end;
  }

  #fillPartial(partial: Uint8Array, chunk: Uint8Array, at: number, frames: Uint8Array[]): number {
    const end = Math.min(chunk.length, at + partial.length - this.#partialFilled);
    partial.set(chunk.subarray(at, end), this.#partialFilled);
    this.#partialFilled += end - at;
    if (this.#partialFilled === partial.length) {
      this.#partial = undefined;
      frames.push(partial);
    }
    return end;
  }
}
