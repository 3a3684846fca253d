import { type FileHandle, mkdir, open, rename, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setImmediate as nextTick } from 'node:timers/promises';
import { errorText } from '../errors.ts';

/** Pieces of a JSON text in order: a string is taken as it is, anything else is serialised. */
export type JsonPiece = string | { readonly json: unknown };

export interface StateFileOptions {
  readonly path: string;
  /** Describes the whole content at one moment; the values must not change afterwards. */
  readonly pieces: () => readonly JsonPiece[];
  /** Waiting time that merges changes into one write. */
  readonly delayMs?: number;
  /** Told once when writing begins to fail, and with undefined when it works again. */
  readonly onProblem: (problem: string | undefined) => void;
}

/** Result of reading a state file. */
export type StateFileContent =
  | { readonly kind: 'absent' }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'unreadable'; readonly problem: string };

const defaultDelayMs = 250;
/** Serialised characters after which the event loop gets its turn. */
const sliceChars = 64 * 1024;
const fileMode = 0o600;
const directoryMode = 0o750;

/**
 * A small file that is always either the old or the new content: written beside its name, synchronised
 * and renamed. Writes are asynchronous and merged; a failure is reported and tried again with the next
 * change.
 */
export class StateFile {
  readonly path: string;
  readonly #pieces: () => readonly JsonPiece[];
  readonly #delayMs: number;
  readonly #onProblem: (problem: string | undefined) => void;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> | undefined;
  #dirty = false;
  #closed = false;
  #failed = false;

  constructor(options: StateFileOptions) {
    this.path = options.path;
    this.#pieces = options.pieces;
    this.#delayMs = options.delayMs ?? defaultDelayMs;
    this.#onProblem = options.onProblem;
  }

  /** Asks for a write soon. */
  markDirty(): void {
    this.#dirty = true;
    if (this.#closed || this.#timer !== undefined || this.#writing !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.flush();
    }, this.#delayMs);
    this.#timer.unref();
  }

  /** Writes what has changed and waits until it is on disk, or until it is known to have failed. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    while (this.#writing !== undefined) await this.#writing;
    if (!this.#dirty) return;
    this.#dirty = false;
    this.#writing = this.#write();
    try {
      await this.#writing;
    } finally {
      this.#writing = undefined;
    }
    // What changed during the write waits for its own turn.
    if (this.#dirty && !this.#failed) this.markDirty();
  }

  /** Writes what is left; later changes are ignored. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.flush();
    if (this.#dirty && !this.#failed) await this.flush();
  }

  async #write(): Promise<void> {
    try {
      await writeAtomically(this.path, this.#pieces());
      if (this.#failed) {
        this.#failed = false;
        this.#onProblem(undefined);
      }
    } catch (error) {
      this.#dirty = true;
      if (!this.#failed) {
        this.#failed = true;
        this.#onProblem(`${this.path} cannot be written: ${errorText(error)}`);
      }
    }
  }
}

/** Reads a whole file of at most `maxBytes`. Never throws. */
export async function readStateFile(path: string, maxBytes: number): Promise<StateFileContent> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, 'r');
    const { size } = await handle.stat();
    if (size > maxBytes) {
      return { kind: 'unreadable', problem: `${path} has ${size} bytes; the limit is ${maxBytes}` };
    }
    return { kind: 'text', text: await handle.readFile('utf8') };
  } catch (error) {
    if (isCode(error, 'ENOENT')) return { kind: 'absent' };
    return { kind: 'unreadable', problem: `${path} cannot be read: ${errorText(error)}` };
  } finally {
    await handle?.close();
  }
}

/**
 * Moves a file that cannot be understood out of the way, to `<name>.corrupt`, so that nothing is thrown
 * away that a person may want to see. Returns the new name, or undefined if it could not be moved.
 */
export async function keepAside(path: string): Promise<string | undefined> {
  const aside = `${path}.corrupt`;
  try {
    await rename(path, aside);
    return aside;
  } catch {
    return undefined;
  }
}

/** Replaces a file by the given pieces: temporary file, fsync, rename, fsync of the directory. */
export async function writeAtomically(path: string, pieces: Iterable<JsonPiece>): Promise<void> {
  const directory = dirname(path);
  const temporary = join(directory, `.${basename(path)}.${process.pid}.tmp`);
  const handle = await open(temporary, 'w', fileMode);
  try {
    try {
      let slice = '';
      for (const piece of pieces) {
        slice += typeof piece === 'string' ? piece : JSON.stringify(piece.json);
        if (slice.length < sliceChars) continue;
        await handle.write(slice);
        slice = '';
        await nextTick();
      }
      if (slice !== '') await handle.write(slice);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw error;
  }
  await syncDirectory(directory);
}

/** Makes a rename durable. File systems that cannot synchronise a directory are left alone. */
async function syncDirectory(directory: string): Promise<void> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(directory, 'r');
    await handle.sync();
  } catch {
    // The content is in place; only its survival of a power cut is in question.
  } finally {
    await handle?.close();
  }
}

/**
 * Creates a directory and its parents. Not `mkdir` with `recursive`: Node.js 20 never returns from that
 * where the kernel answers ENOENT although the parent exists, as /proc does.
 */
export async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: directoryMode });
  } catch (error) {
    if (isCode(error, 'EEXIST')) return;
    const parent = dirname(path);
    if (!isCode(error, 'ENOENT') || parent === path) throw error;
    await makeDirectory(parent);
    await mkdir(path, { mode: directoryMode });
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
