import type { Logger, LogLevel } from '../log.ts';

/** A line of the log on its way to the main thread; its fields are plain data. */
export interface LogLine {
  readonly kind: 'log';
  readonly level: LogLevel;
  readonly fields: object;
  readonly message: string;
}

/** Hands log lines to the main thread, which writes them. */
export function threadLogger(post: (line: LogLine) => void): Logger {
  const writer =
    (level: LogLevel) =>
    (fields: object, message: string): void =>
      post({ kind: 'log', level, fields, message });
  const logger: Logger = {
    trace: writer('trace'),
    debug: writer('debug'),
    info: writer('info'),
    warn: writer('warn'),
    error: writer('error'),
    child: () => logger,
  };
  return logger;
}
