#!/usr/bin/env node
/*
 * Imports nothing by itself: Node.js loads what a module imports before its first line, and where too few files may be
 * open ends with a trace. What the program says then stands in src/cli/open-files.ts as well, which may be what cannot be
 * loaded; exit code 69 is EX_UNAVAILABLE (src/cli/exit-codes.ts).
 */
try {
  // Loading the program takes a tenth of a second: signals are looked after first.
  const { ignoreEarlyHangUp } = await import('./cli/hang-up.ts');
  ignoreEarlyHangUp(process.argv.slice(2));
  await import('./cli/main.ts');
} catch (error) {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  if (code !== 'EMFILE' && code !== 'ENFILE') throw error;
  process.stderr.write(
    'libvirt-agentx: too many open files: the program needs 256 or more (ulimit -n, LimitNOFILE= of the service)\n',
  );
  process.exitCode = 69;
}

export {};
