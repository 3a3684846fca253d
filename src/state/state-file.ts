import { constants } from 'node:fs';
import { type FileHandle, link, lstat, mkdir, open, rename, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setImmediate as nextTick } from 'node:timers/promises';
import { errorText } from '../errors.ts';
import { backoffDelayMs, reconnectBackoff } from '../run/backoff.ts';
import { inFileTurn } from './file-turns.ts';
import type { StatePlace } from './state-place.ts';

/** Pieces of a JSON text in order: a string is taken as it is, anything else is serialised. */
export type JsonPiece = string | { readonly json: unknown };

export interface StateFileOptions {
  readonly place: StatePlace;
  /** Name of the file in that place. */
  readonly name: string;
  /** Describes the whole content at one moment; the values must not change afterwards. */
  readonly pieces: () => readonly JsonPiece[];
  /** Waiting time that merges changes into one write. */
  readonly delayMs?: number;
  /** Told once when writing begins to fail, and with undefined when it works again. */
  readonly onProblem: (problem: string | undefined) => void;
  /** Told when somebody has removed or changed the file, which is then written anew. */
  readonly onForeign?: (path: string) => void;
}

/** Result of reading a state file. */
export type StateFileContent =
  | { readonly kind: 'absent' }
  | { readonly kind: 'text'; readonly text: string; readonly sizeBytes: number }
  /** `error` is that of the system; undefined where what is there is no file, or too large. */
  | { readonly kind: 'unreadable'; readonly problem: string; readonly error: Error | undefined };

const defaultDelayMs = 250;
/** Serialised characters after which the event loop gets its turn. */
const sliceChars = 64 * 1024;
const fileMode = 0o600;
/** How much is read at a time, at least and at most. */
const chunkBytes = 16 * 1024;
const maxChunkBytes = 8 * 1024 * 1024;
const directoryMode = 0o750;

/** Names of files that are being written, by this version and by earlier ones: `.indexes.json.4711.tmp`. */
export const leftover = /^\.(?:indexes\.json|events\.jsonl)\.(?:\d+\.)?tmp$/;

/**
 * A small file that is always either the old or the new content: written beside its name, synchronised
 * and renamed. Writes are asynchronous and merged; a failure is reported once and tried again, also if nothing
 * changes any more. While its place may not be written, changes are kept until it may.
 */
export class StateFile {
  readonly path: string;
  readonly #place: StatePlace;
  readonly #pieces: () => readonly JsonPiece[];
  readonly #delayMs: number;
  readonly #onProblem: (problem: string | undefined) => void;
  readonly #onForeign: (path: string) => void;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> | undefined;
  #dirty = false;
  #closed = false;
  #failures = 0;
  #aside = false;
  /** Of what was read, or written last. */
  #sizeBytes: number | undefined;

  constructor(options: StateFileOptions) {
    this.path = join(options.place.path, options.name);
    this.#place = options.place;
    this.#pieces = options.pieces;
    this.#delayMs = options.delayMs ?? defaultDelayMs;
    this.#onProblem = options.onProblem;
    this.#onForeign = options.onForeign ?? (() => undefined);
    // Whatever is there now may be of another time, or nothing.
    this.#place.onWritable(() => this.markDirty());
    this.#place.onLook(async () => await this.#look());
  }

  /** Has the file written anew if somebody has removed or changed it: the next start would not have it. */
  async #look(): Promise<void> {
    const sizeBytes = this.#sizeBytes;
    if (sizeBytes === undefined) return;
    const isThere = await inFileTurn(this.#place.path, async () => await isAsWritten(this.path, sizeBytes));
    // It is being written, or there was no writing it.
    if (isThere || sizeBytes !== this.#sizeBytes || this.#dirty) return;
    this.#onForeign(this.path);
    this.markDirty();
  }

  /** What an earlier run left, if it has at most `maxBytes`. Never throws. */
  async read(maxBytes: number): Promise<StateFileContent> {
    const content = await inFileTurn(this.#place.path, async () => await readStateFile(this.path, maxBytes));
    if (content.kind === 'text') this.#sizeBytes = content.sizeBytes;
    return content;
  }

  /**
   * Has a file that cannot all be used written anew, and keeps the old one under another name: now or, where that is
   * not possible now, before it is written over. Returns that name, or undefined if there is none yet.
   */
  async setAside(): Promise<string | undefined> {
    const aside = await inFileTurn(this.#place.path, async () => await keepCopy(this.path));
    this.#aside = aside === undefined;
    this.markDirty();
    return aside;
  }

  /** Asks for a write soon. */
  markDirty(): void {
    this.#dirty = true;
    if (this.#closed || this.#timer !== undefined || this.#writing !== undefined) return;
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        void this.flush();
      },
      this.#failures === 0
        ? this.#delayMs
        : backoffDelayMs(this.#failures - 1, reconnectBackoff, Math.random),
    );
    this.#timer.unref();
  }

  /** Writes what has changed and waits until it is on disk, or until it is known to have failed. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    while (this.#writing !== undefined) await this.#writing;
    if (!this.#dirty || !this.#place.writable) return;
    this.#dirty = false;
    this.#writing = this.#write();
    try {
      await this.#writing;
    } finally {
      this.#writing = undefined;
    }
    // What changed during the write waits for its own turn, and what failed for another.
    if (this.#dirty) this.markDirty();
  }

  /** Writes what is left; later changes are ignored. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.flush();
    if (this.#dirty && this.#failures === 0) await this.flush();
  }

  async #write(): Promise<void> {
    try {
      await inFileTurn(this.#place.path, async () => {
        if (this.#aside) await keepCopy(this.path);
        this.#aside = false;
        this.#sizeBytes = await writeAtomically(this.path, this.#pieces());
      });
      if (this.#failures > 0) {
        this.#failures = 0;
        this.#onProblem(undefined);
      }
    } catch (error) {
      this.#dirty = true;
      this.#failures += 1;
      if (this.#failures === 1) this.#onProblem(`${this.path} cannot be written: ${errorText(error)}`);
    }
  }
}

/**
 * Reads a whole file of at most `maxBytes`. Anything that is no file, a FIFO for example, is never waited for.
 * Never throws.
 */
export async function readStateFile(path: string, maxBytes: number): Promise<StateFileContent> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const found = await handle.stat();
    if (!found.isFile()) {
      return { kind: 'unreadable', problem: `${path} is not a regular file`, error: undefined };
    }
    const octets = found.size > maxBytes ? undefined : await readAtMost(handle, found.size, maxBytes);
    if (octets === undefined) {
      const problem = `${path} is larger than ${maxBytes} bytes`;
      return { kind: 'unreadable', problem, error: undefined };
    }
    // Editors may put a byte order mark in front; it is no part of the text.
    const text = octets.toString('utf8').replace(/^\ufeff/, '');
    return { kind: 'text', text, sizeBytes: octets.length };
  } catch (error) {
    if (hasCode(error, 'ENOENT') && !(await isThere(path))) return { kind: 'absent' };
    // A socket cannot be opened at all, a dangling link not followed.
    const isFile = !hasCode(error, 'ENXIO') && !hasCode(error, 'ENOENT') && !hasCode(error, 'ELOOP');
    const problem = `${path} cannot be read: ${errorText(error)}`;
    return { kind: 'unreadable', problem, error: isFile ? (error as Error) : undefined };
  } finally {
    await handle?.close();
  }
}

/**
 * What a file holds; undefined if that is more than so many bytes. Its size says little: it may grow meanwhile, and files
 * of /proc that have no size never end.
 */
async function readAtMost(handle: FileHandle, size: number, maxBytes: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for (;;) {
    const chunk = Buffer.allocUnsafe(Math.min(Math.max(size - length, 0) + chunkBytes, maxChunkBytes));
    const { bytesRead } = await handle.read(chunk, 0, chunk.length, null);
    if (bytesRead === 0) return Buffer.concat(chunks, length);
    chunks.push(chunk.subarray(0, bytesRead));
    length += bytesRead;
    if (length > maxBytes) return undefined;
  }
}

/** Whether anything has this name, a link to nothing included. */
export async function isThere(path: string): Promise<boolean> {
  return await lstat(path).then(
    () => true,
    () => false,
  );
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

/**
 * The same, but a file stays in its place until another one is written over it: what of it can be used is used once more
 * if the process is killed before that.
 */
export async function keepCopy(path: string): Promise<string | undefined> {
  const temporary = join(dirname(path), `.${basename(path)}.tmp`);
  try {
    await makeRoom(temporary);
    await link(path, temporary);
    await rename(temporary, `${path}.corrupt`);
    return `${path}.corrupt`;
  } catch {
    // A directory, or a file system without links.
    return await keepAside(path);
  }
}

/** Whether a file is still there with the size that was written: nobody has removed, replaced or cut it. */
export async function isAsWritten(path: string, sizeBytes: number): Promise<boolean> {
  return await lstat(path).then(
    (found) => found.isFile() && found.size === sizeBytes,
    () => false,
  );
}

/**
 * Replaces a file by the given pieces: temporary file, fsync, rename, fsync of the directory. Returns its size in bytes.
 */
export async function writeAtomically(path: string, pieces: Iterable<JsonPiece>): Promise<number> {
  const directory = dirname(path);
  // One name, so that a process that is killed leaves one file at most, which the next one writes anew.
  const temporary = join(directory, `.${basename(path)}.tmp`);
  await makeRoom(temporary);
  const handle = await open(temporary, 'wx', fileMode);
  let sizeBytes: number;
  try {
    try {
      let slice = '';
      for (const piece of pieces) {
        slice += typeof piece === 'string' ? piece : JSON.stringify(piece.json);
        if (slice.length < sliceChars) continue;
        await handle.writeFile(slice);
        slice = '';
        await nextTick();
      }
      // Not `write`: where the room ends within what is to be written, that writes a part and says nothing.
      if (slice !== '') await handle.writeFile(slice);
      await handle.sync();
      sizeBytes = (await handle.stat()).size;
    } finally {
      await handle.close();
    }
    await renameOver(temporary, path);
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw error;
  }
  await syncDirectory(directory);
  return sizeBytes;
}

/** A directory, which somebody has put in the place of the file, is moved away. */
async function renameOver(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if (!hasCode(error, 'EISDIR') || (await keepAside(to)) === undefined) throw error;
    await rename(from, to);
  }
}

/** What a process that was killed has left is removed; a directory, which somebody else has put there, is moved away. */
async function makeRoom(temporary: string): Promise<void> {
  try {
    await unlink(temporary);
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) await keepAside(temporary);
  }
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
    if (hasCode(error, 'EEXIST')) return;
    const parent = dirname(path);
    if (!hasCode(error, 'ENOENT') || parent === path) throw error;
    await makeDirectory(parent);
    await mkdir(path, { mode: directoryMode });
  }
}

/** Whether an error is that of the system with this code: ENOENT. */
export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
