// Loaded into the agent before its program (node --import): its threads find that no more files can be opened, as they do
// when the limit is reached between the start of the program and theirs.
import { isMainThread } from 'node:worker_threads';

if (!isMainThread) {
  const error = new Error("EMFILE: too many open files, open 'worker.js'");
  throw Object.assign(error, { code: 'EMFILE', errno: -24, syscall: 'open' });
}
