/**
 * SIGHUP asks a running agent to read its configuration anew. It may come before the agent is ready: from the first
 * line of the program on it no longer ends the process, and since the configuration is read afterwards there is
 * nothing else to do. Other commands leave the signal its usual meaning.
 */
const otherCommands: ReadonlySet<string> = new Set([
  'check',
  'config',
  'contrib',
  'dump',
  'help',
  'mib',
  'version',
]);

function ignored(): void {
  // The configuration is about to be read.
}

/** To be called before anything else is loaded. */
export function ignoreEarlyHangUp(args: readonly string[]): void {
  if (!args.some((argument) => otherCommands.has(argument))) process.on('SIGHUP', ignored);
}

/** From now on a SIGHUP calls the listener. */
export function onHangUp(listener: () => void | Promise<void>): void {
  process.on('SIGHUP', () => void listener());
  process.removeListener('SIGHUP', ignored);
}
