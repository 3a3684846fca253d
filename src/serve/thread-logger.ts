import type { Logger, LogLevel } from '../log.ts';
import type { FromServing } from './messages.ts';

/** Hands log lines to the main thread, which writes them. */
export function threadLogger(post: (message: FromServing) => void): Logger {
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
