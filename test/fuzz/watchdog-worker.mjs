// Looks whether the number of the case grows: see watchdog.ts.
import { writeSync } from 'node:fs';
import { workerData } from 'node:worker_threads';

const words = new Int32Array(workerData.shared, 0, 2);
let last = -1;
setInterval(() => {
  const now = Atomics.load(words, 0);
  if (now === last && now > 0) {
    const hex = Buffer.from(workerData.shared, 8, words[1]).toString('hex');
    writeSync(2, `case ${now} does not end: ${hex}\n`);
    process.kill(process.pid, 'SIGKILL');
  }
  last = now;
}, workerData.hangMs);
