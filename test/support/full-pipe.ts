import { execFileSync } from 'node:child_process';
import { constants, openSync, writeSync } from 'node:fs';

/** A pipe, made as a FIFO at this path, that nobody reads and that has no room left; opened for reading and writing. */
export function fullPipe(path: string): number {
  execFileSync('mkfifo', [path]);
  const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  for (const size of [4096, 1]) while (takes(fd, size));
  return fd;
}

function takes(fd: number, size: number): boolean {
  try {
    return writeSync(fd, '.'.repeat(size)) > 0;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EAGAIN') return false;
    throw error;
  }
}
