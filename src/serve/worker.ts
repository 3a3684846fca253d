import { parentPort, workerData } from 'node:worker_threads';
import { nameThread } from '../run/thread-name.ts';
import type { ServingOptions } from './messages.ts';
import { Server } from './server.ts';

// The program of the serving thread.
if (parentPort === null) throw new Error('this module is the program of a worker thread');
nameThread('agentx');
new Server(parentPort, workerData as ServingOptions);
