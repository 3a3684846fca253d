import { readSmallFile } from './small-file.ts';

/** A file that holds a secret has no business being larger. */
const maxBytes = 64 * 1024;

/** A file with one secret, read each time it is needed: it may be replaced meanwhile. */
export class SecretFile {
  readonly #path: string;

  /** @param path empty for no secret. */
  constructor(path: string) {
    this.#path = path;
  }

  /**
   * The first line; undefined if there is no file.
   *
   * @throws if the file cannot be read.
   */
  async read(): Promise<string | undefined> {
    if (this.#path === '') return undefined;
    const [line = ''] = (await readSmallFile(this.#path, { maxBytes })).split('\n', 1);
    return line.trim();
  }
}
