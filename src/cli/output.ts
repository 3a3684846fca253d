import { Writable } from 'node:stream';
import { exitCodes } from './exit-codes.ts';

/**
 * Ends the process when its standard output takes no more: without a word where nobody reads any longer (`… | head -1`),
 * with one line where it cannot be written (a full disk). Never with 0 in either case, since something is missing.
 * Where standard error fails, there is nobody left to tell: a running agent goes on.
 */
export function endWhenOutputFails(): void {
  for (const name of ['stdout', 'stderr'] as const) {
    if (isClosed(name)) Object.defineProperty(process, name, { value: closedStream(process[name].fd) });
  }
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

/** In the environment where one of them was closed at the start: bin/libvirt-agentx says so. */
const closedMarks = { stdout: 'LVX_STDOUT', stderr: 'LVX_STDERR' } as const;

/** Whether there is no such output: Node.js opens /dev/null in the place of one that is closed. */
function isClosed(name: keyof typeof closedMarks): boolean {
  const mark = process.env[closedMarks[name]];
  // Not for what the program starts: its outputs are others.
  delete process.env[closedMarks[name]];
  return mark === 'closed';
}

function closedStream(fd: number): Writable {
  const stream = new Writable({ write: (_chunk, _encoding, done) => done(new Error('it is closed')) });
  return Object.assign(stream, { fd, isTTY: false });
}
