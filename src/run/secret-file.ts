import { open } from 'node:fs/promises';

/** A file that holds a secret has no business being larger. */
const MAX_OCTETS = 64 * 1024;

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
    const [line = ''] = (await readSmallFile(this.#path)).split('\n', 1);
    return line.trim();
  }
}

/**
 * The text of a file of secrets.
 *
 * @throws if it cannot be read, is larger than such files are, or is no file that ends.
 */
export async function readSmallFile(path: string): Promise<string> {
  await using file = await open(path, 'r');
  const status = await file.stat();
  if (status.isDirectory()) throw new Error(`${path} is a directory`);
  const text = Buffer.alloc(MAX_OCTETS + 1);
  const { bytesRead } = await file.read(text, 0, text.length, 0);
  if (bytesRead > MAX_OCTETS) throw new Error(`${path} is larger than ${MAX_OCTETS} octets`);
  return text.toString('utf8', 0, bytesRead);
}
