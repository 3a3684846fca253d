import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/** Files that a person writes for a program (settings, secrets, certificates) are smaller. */
const maxFileBytes = 1024 * 1024;
/** What is no file (`<(command)`) must have been written after this many milliseconds. */
const patienceMs = 10_000;
const lookEveryMs = 20;
const chunkBytes = 64 * 1024;

export interface SmallFileOptions {
  readonly maxBytes?: number;
  readonly patienceMs?: number;
}

/**
 * The text of a file whose name is in the settings. It may be a FIFO, or a device such as /dev/null, but it neither holds
 * up the program nor fills its memory, whatever it is.
 *
 * @throws RangeError if it is larger than the limit, or not at its end in time; the system's error otherwise.
 */
export async function readSmallFile(path: string, options: SmallFileOptions = {}): Promise<string> {
  const { maxBytes = maxFileBytes } = options;
  // Opening a FIFO waits for whoever writes it, in a thread of the process that nothing can call back.
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const found = await handle.stat();
    if (found.isDirectory()) throw new RangeError('it is a directory');
    if (found.isFile() && found.size > maxBytes) throw tooLarge(maxBytes);
    const untilMs = performance.now() + (options.patienceMs ?? patienceMs);
    const chunks: Uint8Array[] = [];
    let length = 0;
    for (;;) {
      const chunk = await readSome(handle);
      if (chunk !== undefined && chunk.length > 0) {
        chunks.push(chunk);
        length += chunk.length;
        if (length > maxBytes) throw tooLarge(maxBytes);
        continue;
      }
      // A FIFO that nobody has opened for writing yet is at its end as well.
      if (chunk !== undefined && (length > 0 || !found.isFIFO())) break;
      if (performance.now() >= untilMs) {
        throw new RangeError('it is no file, and nobody has written it to its end');
      }
      await sleep(lookEveryMs);
    }
    return Buffer.concat(chunks).toString('utf8');
  } finally {
    await handle.close();
  }
}

/** What comes next, empty at the end; undefined if nothing is there yet. */
async function readSome(handle: FileHandle): Promise<Uint8Array | undefined> {
  const buffer = new Uint8Array(chunkBytes);
  try {
    const { bytesRead } = await handle.read(buffer, 0, chunkBytes, null);
    return buffer.subarray(0, bytesRead);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EAGAIN') return undefined;
    throw error;
  }
}

function tooLarge(maxBytes: number): RangeError {
  return new RangeError(`it is larger than ${maxBytes} octets`);
}
