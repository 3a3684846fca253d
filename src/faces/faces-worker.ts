import { parentPort, workerData } from 'node:worker_threads';
import { nameThread } from '../run/thread-name.ts';
import { Faces } from './faces.ts';
import type { FacesStart } from './messages.ts';

// The program of the thread that serves everything beside SNMP.
if (parentPort === null) throw new Error('this module is the program of a worker thread');
nameThread('faces');
new Faces(parentPort, workerData as FacesStart);
