import { writeFileSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import type { ServingOptions } from './messages.ts';
import { Server } from './server.ts';

// The program of the serving thread.
if (parentPort === null) throw new Error('this module is the program of a worker thread');
nameThread('agentx');
new Server(parentPort, workerData as ServingOptions);

/** For `top -H` and the like. Where there is no such file, threads have no names. */
function nameThread(name: string): void {
  try {
    writeFileSync('/proc/thread-self/comm', name);
  } catch {
    // Not Linux.
  }
}
