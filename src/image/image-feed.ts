import type { BoundTree, Slot } from '../tree/bound-tree.ts';
import type { OnUnreadable } from './block-writer.ts';
import type { Image, ImageShape } from './image.ts';
import { ImageWriter } from './image-writer.ts';

/** A tree with what was said of it when it was pushed: readers get that word back with its image. */
interface PushedTree {
  readonly tree: BoundTree;
  readonly word: number;
}

/** Hands an image to a reader in another thread. */
export type SendImage = (image: Image, word: number) => void;

/** One of those who read the images. */
export interface ImageReader {
  /** The last image that was sent is in use; nothing of the ones before is read any more. */
  shown(): void;
  /** Reads nothing any more, for example because its thread has ended. */
  close(): void;
}

class Reader implements ImageReader {
  readonly send: SendImage;
  /** Whether an image is on its way: until it is shown, the memory of the one before is in use. */
  isBehind = false;
  readonly #feed: (reader: Reader, isClosed: boolean) => void;

  constructor(send: SendImage, onChange: (reader: Reader, isClosed: boolean) => void) {
    this.send = send;
    this.#feed = onChange;
  }

  shown(): void {
    this.isBehind = false;
    this.#feed(this, false);
  }

  close(): void {
    this.isBehind = false;
    this.#feed(this, true);
  }
}

/**
 * One writer of images and several threads that read them. Memory is written again only when every reader uses a later
 * image: one that takes its time delays how fresh the others' values are, never their answers. A reader that comes
 * later begins with all there is.
 */
export class ImageFeed {
  readonly #writer: ImageWriter;
  readonly #readers = new Set<Reader>();
  #waiting: PushedTree | undefined;
  /** The word of the last image; undefined while there is none. */
  #lastWord: number | undefined;

  /** @param slots the objects served, ascending by OID. */
  constructor(slots: readonly Slot[], onUnreadable: OnUnreadable) {
    this.#writer = new ImageWriter(slots, onUnreadable);
  }

  get shape(): ImageShape {
    return this.#writer.shape;
  }

  /** Shows this tree as soon as every reader is ready for it; of several that wait only the last is shown. */
  push(tree: BoundTree, word = 0): void {
    this.#waiting = { tree, word };
    this.#next();
  }

  /** Adds a reader; if there is an image already, it is sent all of it at once. */
  addReader(send: SendImage): ImageReader {
    const reader = new Reader(send, (changed, isClosed) => {
      if (isClosed) this.#readers.delete(changed);
      this.#next();
    });
    this.#readers.add(reader);
    if (this.#lastWord !== undefined) {
      reader.isBehind = true;
      send(this.#writer.whole(), this.#lastWord);
    } else {
      this.#next();
    }
    return reader;
  }

  #next(): void {
    const next = this.#waiting;
    if (next === undefined || this.#readers.size === 0) return;
    for (const { isBehind } of this.#readers) if (isBehind) return;
    this.#waiting = undefined;
    const image = this.#writer.write(next.tree);
    this.#lastWord = next.word;
    for (const reader of this.#readers) {
      reader.isBehind = true;
      reader.send(image, next.word);
    }
  }
}
