import { stat } from 'node:fs/promises';
import { readSmallFile } from '../run/small-file.ts';

/** What tells one state of a file from another. */
interface Stamp {
  readonly mtimeMs: number;
  readonly ino: number;
  readonly size: number;
}

/** A file whose content is read again when it has changed. */
export class WatchedFile<Content> {
  readonly path: string;
  readonly #parse: (text: string) => Content;
  #stamp: Stamp | undefined;
  #content: Content | undefined;

  /** @param parse throws RangeError for what cannot be used. */
  constructor(path: string, parse: (text: string) => Content) {
    this.path = path;
    this.#parse = parse;
  }

  /** What was read last. Undefined before {@link refresh}. */
  get content(): Content | undefined {
    return this.#content;
  }

  /**
   * Reads the file if it has changed. Resolves with whether it has.
   *
   * @throws if it cannot be read or used; the content stays what it was.
   */
  async refresh(): Promise<boolean> {
    const { mtimeMs, ino, size } = await stat(this.path);
    const known = this.#stamp;
    if (known?.mtimeMs === mtimeMs && known.ino === ino && known.size === size) return false;
    this.#content = this.#parse(await readSmallFile(this.path));
    this.#stamp = { mtimeMs, ino, size };
    return true;
  }
}
