/** What systemd passes to a service that it wants to hear from (sd_notify(3), sd_watchdog_enabled(3)). */
export interface ServiceEnvironment {
  /** Path or abstract name of the socket for notifications. */
  readonly socket: string;
  /** Without a sign of life for so many milliseconds the service is ended; undefined if nobody watches. */
  readonly watchdogMs: number | undefined;
}

/**
 * Takes it out of the environment: what the program starts has nothing to say there. Undefined where no service manager
 * has started it.
 */
export function takeServiceEnvironment(
  environment: NodeJS.ProcessEnv = process.env,
  pid = process.pid,
): ServiceEnvironment | undefined {
  const { NOTIFY_SOCKET: socket, WATCHDOG_USEC: usec, WATCHDOG_PID: watched } = environment;
  for (const name of ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID']) delete environment[name];
  if (socket === undefined || socket === '') return undefined;
  const isMeant = watched === undefined || watched === String(pid);
  const watchdogMs = isMeant && /^[1-9]\d{0,15}$/.test(usec ?? '') ? Number(usec) / 1000 : undefined;
  return { socket, watchdogMs };
}
