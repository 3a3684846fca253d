import { type Logger, silentLogger } from '../../src/log.ts';

export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly [field: string]: unknown;
}

/** A logger that keeps its lines, from info on. */
export function recordingLogger(): { readonly logger: Logger; readonly lines: readonly LogLine[] } {
  const lines: LogLine[] = [];
  const line = (level: string) => (fields: object, message: string) =>
    lines.push({ ...fields, level, message });
  const logger: Logger = {
    ...silentLogger,
    info: line('info'),
    warn: line('warn'),
    error: line('error'),
    child: () => logger,
  };
  return { logger, lines };
}
