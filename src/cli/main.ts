import { CommanderError } from 'commander';
import { ConnectionFailedError, DaemonError, errorText } from '../errors.ts';
import { StateDirectoryError } from '../state/state-directory-error.ts';
import { leadsToJournal, withPriority } from '../systemd/journal.ts';
import { exitCodeOf, exitCodes } from './exit-codes.ts';
import { openFilesText } from './open-files.ts';
import { endWhenOutputFails } from './output.ts';
import { makeProgram } from './program.ts';
import { programVersion } from './version.ts';

/** How long somebody has, in milliseconds, to read what the program ended with. */
const lastWordsMs = 5000;

endWhenOutputFails();

const program = makeProgram({
  version: programVersion(),
  onDone: (exitCode) => {
    process.exitCode = exitCode;
  },
});

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  } else {
    const isAdvised = error instanceof ConnectionFailedError || error instanceof StateDirectoryError;
    const remedy = isAdvised && error.remedy !== undefined ? `\n${error.remedy}` : '';
    const detail =
      openFilesText(error) ??
      (error instanceof DaemonError ? errorText(error) : ((error as Error)?.stack ?? String(error)));
    // Peers and files have a say in these texts: nothing of theirs is a command to the terminal.
    const text = `libvirt-agentx: ${detail}${remedy}`.replaceAll(/(?!\n)\p{Cc}/gu, ' ');
    process.stderr.write(`${leadsToJournal(process.stderr.fd) ? withPriority(text, 'error') : text}\n`);
    process.exitCode = exitCodeOf(error);
    // What nobody reads would keep the process waiting: a journal that hangs must not keep a service from ending.
    setTimeout(() => process.exit(), lastWordsMs).unref();
  }
}
