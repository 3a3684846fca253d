/**
 * The errors of the program. Every class carries a code of the closed union below, so that
 * callers branch on codes and never on texts. `docs/errors.md` explains each code to operators.
 */
export const errorCodes = [
  'CONFIG_INVALID',
  'USAGE',
  'STATE_UNUSABLE',
  'PROTOCOL_ERROR',
  'CONNECTION_FAILED',
  'CONNECTION_LOST',
  'CALL_TIMEOUT',
  'CALL_CANCELLED',
  'NOT_CALLED',
  'OVER_LIMIT',
  'LIBVIRT_ERROR',
  'AGENTX_ERROR',
  'MIB_INVALID',
] as const;

export type ErrorCode = (typeof errorCodes)[number];

/** Base of all errors this program throws on purpose. */
export class DaemonError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** A peer sent bytes that do not fit its protocol: that connection ends, the process does not. */
export class ProtocolError extends DaemonError {
  constructor(message: string, options?: ErrorOptions) {
    super('PROTOCOL_ERROR', message, options);
  }
}

/** Something that an operator can meet, declared once: `docs/check.md` lists all of them by their names. */
export interface Problem {
  /** What it means: the reference says so, not each message. */
  readonly cause: string;
  /** What to do about it; `{word}` stands for what was found. */
  readonly remedy: string;
}

/** What to tell the operator who has met a problem. */
export interface Advice {
  /** Name of the problem: `libvirt-socket-missing`. */
  readonly problem: string;
  /** A sentence or two. */
  readonly remedy: string;
}

/** Fills the remedy of a problem in with what was found. A word without a value is a fault in the program. */
export function advise<Table extends Readonly<Record<string, Problem>>>(
  table: Table,
  problem: keyof Table & string,
  found: Readonly<Record<string, string | number>> = {},
): Advice {
  const remedy = table[problem]?.remedy ?? '';
  return {
    problem,
    remedy: remedy.replaceAll(/\{(\w+)\}/g, (_whole, word: string) => {
      const value = found[word];
      if (value === undefined) throw new TypeError(`the remedy of ${problem} needs a value for ${word}`);
      return String(value);
    }),
  };
}

/** A connection could not be made. */
export class ConnectionFailedError extends DaemonError {
  /** Absent where nothing is known beyond the message. */
  readonly advice: Advice | undefined;

  constructor(message: string, advice?: Advice, options?: ErrorOptions) {
    super('CONNECTION_FAILED', message, options);
    this.advice = advice ?? adviceOnAny(options?.cause);
  }

  /** A sentence for the operator. */
  get remedy(): string | undefined {
    return this.advice?.remedy;
  }
}

/** A peer does not let us in, or we do not trust it: certificates, keys, passwords, permissions. */
export class AuthenticationFailedError extends ConnectionFailedError {}

/** The peer has turned away what we showed it: showing it again and again can lock an account. */
export class CredentialsRefusedError extends AuthenticationFailedError {}

/** A peer accepted a connection and then said nothing. */
export class NotAnsweringError extends ConnectionFailedError {}

/** An established connection ended; calls that were in flight are rejected with it. */
export class ConnectionLostError extends DaemonError {
  constructor(message: string, options?: ErrorOptions) {
    super('CONNECTION_LOST', message, options);
  }
}

/** There was no connection to send something by, so that the peer has nothing of it. */
export class NotSentError extends ConnectionLostError {}

/** What helps where no more files can be opened (EMFILE, ENFILE). */
export const openFilesRemedy =
  'let the program open more files, 256 at least: LimitNOFILE= of its service, or ulimit -n';

const noFilesLeft: Advice = { problem: 'no-files-left', remedy: openFilesRemedy };

/** What helps where no more processes can be started (EAGAIN of fork). */
export const processesRemedy =
  'let the program start more processes: TasksMax= of its service (libvirt-agentx contrib network.conf.example raises it), or ulimit -u';

const noProcessesLeft: Advice = { problem: 'no-processes-left', remedy: processesRemedy };

/** What helps where the unit of the service forbids the network (RestrictAddressFamilies= of systemd). */
export const networkRemedy =
  'the service may use UNIX sockets only, until a drop-in of its unit allows the network: libvirt-agentx contrib network.conf.example';

export const networkForbidden: Advice = { problem: 'network-forbidden', remedy: networkRemedy };

/** What helps whatever the connection was to; undefined where that is not known. */
export function adviceOnAny(cause: unknown): Advice | undefined {
  if (isOutOfFiles(cause)) return noFilesLeft;
  if (isOutOfProcesses(cause)) return noProcessesLeft;
  return isNetworkForbidden(cause) ? networkForbidden : undefined;
}

/** Whether an error, or what caused it, is that no more files can be opened. */
export function isOutOfFiles(error: unknown): boolean {
  return hasCode(error, ['EMFILE', 'ENFILE']);
}

/** Whether an error is that no more processes can be started. */
function isOutOfProcesses(error: unknown): boolean {
  return hasCode(error, ['EAGAIN']) && error instanceof Error && error.message.startsWith('spawn ');
}

/** Whether an error, or what caused it, is that this process may not have such a socket. */
function isNetworkForbidden(error: unknown): boolean {
  return hasCode(error, ['EAFNOSUPPORT']);
}

function hasCode(error: unknown, codes: readonly unknown[]): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ('code' in cause && codes.includes(cause.code)) return true;
  }
  return false;
}

/** The text of any thrown value, for logs and for MIB objects. */
export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The same of an error of the network, with what to do where the unit of the service is what forbids it. */
export function networkErrorText(error: unknown): string {
  return isNetworkForbidden(error) ? `${errorText(error)}; ${networkRemedy}` : errorText(error);
}
