import type { ImageFeed, ImageReader } from '../image/image-feed.ts';
import type { ToFaces } from './messages.ts';

/** An image that is not taken within this many milliseconds is not going to be: the thread hangs. */
const hangsAfterMs = 30_000;

/** What one thread of the faces reads: takes images to it, and minds whether it takes them. */
export class FacesReaders {
  readonly #post: (message: ToFaces) => void;
  readonly #onHang: (afterMs: number) => void;
  readonly #readers = new Map<number, ImageReader>();
  /** Of images that are on their way, by source. */
  readonly #watchdogs = new Map<number, NodeJS.Timeout>();

  constructor(post: (message: ToFaces) => void, onHang: (afterMs: number) => void) {
    this.#post = post;
    this.#onHang = onHang;
  }

  /** The thread has been told of this source: it gets all images from now on. */
  add(source: number, images: ImageFeed): void {
    const reader = images.addReader((image) => {
      this.#post({ kind: 'image', source, image });
      clearTimeout(this.#watchdogs.get(source));
      const watchdog = setTimeout(() => this.#onHang(hangsAfterMs), hangsAfterMs).unref();
      this.#watchdogs.set(source, watchdog);
    });
    this.#readers.set(source, reader);
  }

  /** The thread has taken the last image of a source. */
  shown(source: number): void {
    clearTimeout(this.#watchdogs.get(source));
    this.#readers.get(source)?.shown();
  }

  /** The thread reads nothing of this source any more. */
  release(source: number): void {
    clearTimeout(this.#watchdogs.get(source));
    this.#watchdogs.delete(source);
    this.#readers.get(source)?.close();
    this.#readers.delete(source);
  }

  /** The thread has ended: only then is it certain that it reads nothing any more. */
  close(): void {
    for (const source of [...this.#readers.keys()]) this.release(source);
  }
}
