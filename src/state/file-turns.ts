import { Places } from '../run/places.ts';

/**
 * Threads of the process that may wait for state directories at a time. Node.js has four for all files, names and
 * compression: with none left, reading /proc would wait as well, and with it every refresh.
 */
const maxThreads = 3;

const threads = new Places(maxThreads);

/** Only while somebody uses it. */
const directories = new Map<string, { readonly turn: Places; users: number }>();

/**
 * Does something with the files of a state directory when it is its turn: one thing at a time for each directory, and
 * never so many that a file system which does not answer takes all threads. Must not be called within a turn.
 */
export async function inFileTurn<T>(directory: string, task: () => Promise<T>): Promise<T> {
  const lane = directories.get(directory) ?? { turn: new Places(1), users: 0 };
  directories.set(directory, lane);
  lane.users += 1;
  await lane.turn.enter();
  await threads.enter();
  try {
    return await task();
  } finally {
    threads.leave();
    lane.turn.leave();
    lane.users -= 1;
    if (lane.users === 0) directories.delete(directory);
  }
}
