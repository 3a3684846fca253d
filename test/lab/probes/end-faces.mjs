// Loaded into the agent before its program (node --import), in each of its threads: that of the faces ends itself, as if
// it had been killed, when the file END_FACES_FILE appears. The file is removed before.
import { existsSync, readFileSync, unlinkSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

const file = process.env['END_FACES_FILE'] ?? '';

function look() {
  if (readFileSync('/proc/thread-self/comm', 'latin1').trim() !== 'faces' || !existsSync(file)) return;
  unlinkSync(file);
  process.exit(9);
}

if (!isMainThread && file !== '') setInterval(look, 20).unref();
