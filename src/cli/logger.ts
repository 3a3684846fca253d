import { destination, type Logger as PinoLogger, pino } from 'pino';
import pretty from 'pino-pretty';
import type { Config } from '../config/config.ts';
import type { Logger } from '../log.ts';

/**
 * The program's logger: JSON lines to stderr for machines, readable lines on a terminal. Writes are
 * synchronous, so that nothing is lost at the end.
 */
export function makeLogger(options: Config['log'], terminal: boolean): Logger {
  const human = options.format === 'human' || (options.format === 'auto' && terminal);
  const stream = human
    ? pretty({
        destination: 2,
        sync: true,
        colorize: terminal,
        ignore: 'pid,hostname',
        translateTime: 'SYS:HH:MM:ss',
      })
    : destination({ dest: 2, sync: true });
  return wrap(pino({ level: options.level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, stream));
}

function wrap(logger: PinoLogger): Logger {
  return {
    trace: (fields, message) => logger.trace(fields, message),
    debug: (fields, message) => logger.debug(fields, message),
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    error: (fields, message) => logger.error(fields, message),
    child: (bindings) => wrap(logger.child(bindings)),
  };
}
