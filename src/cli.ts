#!/usr/bin/env node
import { ignoreEarlyHangUp } from './cli/hang-up.ts';
import { openFilesText } from './cli/open-files.ts';

// Loading the program takes a tenth of a second: signals are looked after first.
ignoreEarlyHangUp(process.argv.slice(2));
try {
  await import('./cli/main.ts');
} catch (error) {
  const text = openFilesText(error);
  if (text === undefined) throw error;
  process.stderr.write(`libvirt-agentx: ${text}\n`);
  // EX_UNAVAILABLE, as in exit-codes.ts, which may be what could not be loaded.
  process.exitCode = 69;
}
