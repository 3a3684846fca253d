import { Writable } from 'node:stream';
import { exitCodes } from './exit-codes.ts';

/**
 * Ends the process when its standard output takes no more: without a word where nobody reads any longer (`… | head -1`),
 * with one line where it cannot be written (a full disk). Never with 0 in either case, since something is missing.
 * Where standard error fails, there is nobody left to tell: a running agent goes on.
 */
export function endWhenOutputFails(): void {
  if (isClosed()) Object.defineProperty(process, 'stdout', { value: closedStream() });
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(exitCodes.brokenPipe);
    process.stderr.write(`libvirt-agentx: standard output cannot be written: ${error.message}\n`);
    process.exit(exitCodes.output);
  });
  process.stderr.on('error', () => {
    // Also where the code is not set yet: what was to be said has failed.
    if (process.exitCode === undefined || process.exitCode === exitCodes.ok)
      process.exitCode = exitCodes.output;
  });
}

/** In the environment where standard output was closed at the start: bin/libvirt-agentx says so. */
const closedMark = 'LVX_STDOUT';

/** Whether there is no standard output: Node.js opens /dev/null in the place of one that is closed. */
function isClosed(): boolean {
  const mark = process.env[closedMark];
  // Not for what the program starts: its standard output is another one.
  delete process.env[closedMark];
  return mark === 'closed';
}

function closedStream(): Writable {
  return new Writable({ write: (_chunk, _encoding, done) => done(new Error('it is closed')) });
}
