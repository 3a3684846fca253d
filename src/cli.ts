#!/usr/bin/env node
import { CommanderError } from 'commander';
import { exitCodeOf, exitCodes } from './cli/exit-codes.ts';
import { makeProgram } from './cli/program.ts';
import { programVersion } from './cli/version.ts';
import { ConnectionFailedError, DaemonError, errorText } from './errors.ts';

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
    const remedy =
      error instanceof ConnectionFailedError && error.remedy !== undefined ? `\n${error.remedy}` : '';
    const detail =
      error instanceof DaemonError ? errorText(error) : ((error as Error)?.stack ?? String(error));
    process.stderr.write(`libvirt-agentx: ${detail}${remedy}\n`);
    process.exitCode = exitCodeOf(error);
  }
}
