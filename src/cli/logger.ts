import { constants, openSync } from 'node:fs';
import { type DestinationStream, destination, type Logger as PinoLogger, pino } from 'pino';
import type { Config } from '../config/config.ts';
import type { LogBindings, Logger, LogLevel } from '../log.ts';
import { maskUserInfo } from '../mask.ts';
import { withPriority } from '../systemd/journal.ts';

/** Where log lines go; a file descriptor, 2 unless told otherwise. */
export interface LogTarget {
  readonly fd?: number;
  /** Whether it is a terminal: people read there. */
  readonly terminal: boolean;
  /** Whether it is the journal: each line has its priority in front, which the journal takes off. */
  readonly journal?: boolean;
}

/** A logger whose level can be changed while it is in use, its children's included. */
export interface AdjustableLogger extends Logger {
  setLevel(level: LogLevel): void;
}

/** Levels by rank: a message is written if its rank is not below the one in force. */
const ranks: Readonly<Record<LogLevel, number>> = {
  trace: 10,
  debug: 20,
  info: 30,
  warn: 40,
  error: 50,
};

const levelOf: Readonly<Record<number, LogLevel>> = Object.fromEntries(
  Object.entries(ranks).map(([level, rank]) => [rank, level as LogLevel]),
);

/**
 * The program's logger: JSON lines for machines, readable lines on a terminal, both to stderr. Writes are
 * synchronous, so that nothing is lost at the end. User information in URIs is masked.
 */
export async function makeLogger(options: Config['log'], target: LogTarget): Promise<AdjustableLogger> {
  const fd = target.terminal ? patientTerminal(target.fd ?? 2) : (target.fd ?? 2);
  const human = options.format === 'human' || (options.format === 'auto' && target.terminal);
  const out = written(fd, (lines) => root.warn({ lines }, 'lines of the log were lost: nobody took them'));
  const readable = human ? await forPeople(target.terminal) : (line: string): string => line;
  const stream = new Lines((line, level) => {
    const text = readable(line);
    out.write(target.journal === true ? withPriority(text, level) : text);
  });
  const root = pino(
    {
      // The gate below decides; children of pino would keep the level they were born with.
      level: 'trace',
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }), log: masked },
      serializers: { err: pino.stdSerializers.err, error: errorValue },
    },
    stream,
  );
  const gate = { rank: ranks[options.level] };
  return {
    ...wrap(root, gate),
    setLevel: (level) => {
      gate.rank = ranks[level];
    },
  };
}

/** Lines that cannot be written (a full disk, a reader that is gone or reads no more) wait up to this size, and are then lost. */
const maxWaitingBytes = 64 * 1024;
/** When they are tried again, in milliseconds, if there is no other line before. */
const retryMs = 1000;

/**
 * Where lines go. What happens there is no reason for an agent to end or to wait, and there is nobody to tell: a pipe that
 * nobody reads, or a journal that hangs, would stop everything else.
 *
 * @param onLost - told how many lines were lost, once lines can be written again.
 */
function written(fd: number, onLost: (lines: number) => void): DestinationStream {
  const stream = destination({
    dest: fd,
    sync: true,
    maxLength: maxWaitingBytes,
    // Node.js has made pipes and sockets so that they refuse what they have no room for.
    retryEAGAIN: () => false,
  });
  let lost = 0;
  let retry: NodeJS.Timeout | undefined;
  stream.on('drop', () => {
    lost += 1;
  });
  stream.on('drain', () => {
    if (lost > 0) onLost(lost);
    lost = 0;
  });
  stream.on('error', () => {
    retry ??= setTimeout(() => {
      retry = undefined;
      stream.write('');
    }, retryMs);
    retry.unref();
  });
  return stream;
}

/** A terminal may be stopped (Ctrl-S, a connection that hangs): opened anew it refuses what it has no room for. */
function patientTerminal(fd: number): number {
  try {
    return openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    // That of another user, perhaps.
    return fd;
  }
}

/** Lines for people. What makes them takes some memory, which a service has no use for: it is loaded here. */
async function forPeople(terminal: boolean): Promise<(line: string) => string> {
  const { prettyFactory } = await import('pino-pretty');
  return prettyFactory({
    colorize: terminal,
    ignore: 'pid,hostname',
    translateTime: 'SYS:yyyy-mm-dd HH:MM:ss',
    singleLine: true,
    errorLikeObjectKeys: ['err'],
  });
}

/** By this pino knows that it is to say of which level a line is. */
const metadata: unique symbol = Symbol.for('pino.metadata');

/** Where pino writes its lines; it says of which level each is. */
class Lines implements DestinationStream {
  readonly [metadata] = true;
  lastLevel = ranks.info;
  readonly #onLine: (line: string, level: LogLevel) => void;

  constructor(onLine: (line: string, level: LogLevel) => void) {
    this.#onLine = onLine;
  }

  write(line: string): void {
    this.#onLine(line, levelOf[this.lastLevel] ?? 'error');
  }
}

function wrap(
  logger: PinoLogger,
  gate: { readonly rank: number },
  root: PinoLogger = logger,
  inherited: LogBindings = {},
): Logger {
  const write =
    (level: LogLevel) =>
    (fields: object, message: string): void => {
      if (ranks[level] >= gate.rank) logger[level](fields, maskUserInfo(message));
    };
  return {
    trace: write('trace'),
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    // From the root: the component of a part replaces that of the part it belongs to.
    child: (bindings) => {
      const all = { ...inherited, ...bindings };
      return wrap(root.child(all), gate, root, all);
    },
  };
}

function masked(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      typeof value === 'string' ? maskUserInfo(value) : value,
    ]),
  );
}

/** `error` is a text in most places; where it is an Error, its text, code and stack are logged. */
function errorValue(value: unknown): unknown {
  return value instanceof Error ? pino.stdSerializers.err(value) : value;
}
