/**
 * Ends the process now. A file system that does not answer (a network mount) would keep the ordinary exit waiting for
 * the thread that waits for it: then only SIGKILL ends the process, and the exit code is that of the signal.
 */
export function endAtOnce(exitCode: number): void {
  const waits = process.getActiveResourcesInfo().some((resource) => resource.startsWith('FSReq'));
  if (waits) process.kill(process.pid, 'SIGKILL');
  process.exit(exitCode);
}
