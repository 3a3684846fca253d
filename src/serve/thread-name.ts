import { writeFileSync } from 'node:fs';

/** Names the thread that calls it, for `top -H` and the like. Where there is no such file, threads have no names. */
export function nameThread(name: string): void {
  try {
    writeFileSync('/proc/thread-self/comm', name);
  } catch {
    // Not Linux.
  }
}
