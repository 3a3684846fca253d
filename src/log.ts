export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error';

/** What every line of a logger says. A child's own take the place of its parent's. */
export interface LogBindings {
  readonly component?: string;
  /** Its name, where there are several. */
  readonly hypervisor?: string;
}

/**
 * Logging seam. Layers below the composition root receive a {@link Logger}; only `src/cli` makes one
 * (pino, JSON to stderr; human-readable on a terminal). One line per state change, never one per poll.
 */
export interface Logger {
  trace(fields: object, message: string): void;
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  child(bindings: LogBindings): Logger;
}

/** A logger that writes nothing, for tests and one-shot commands. */
export const silentLogger: Logger = {
  trace() {},
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silentLogger,
};
