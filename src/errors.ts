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

/** A connection could not be made. `remedy` is a sentence for the operator. */
export class ConnectionFailedError extends DaemonError {
  readonly remedy: string | undefined;

  constructor(message: string, remedy?: string, options?: ErrorOptions) {
    super('CONNECTION_FAILED', message, options);
    this.remedy = remedy ?? (isOutOfFiles(options?.cause) ? openFilesRemedy : undefined);
  }
}

/** A peer does not let us in, or we do not trust it: certificates, keys, passwords, permissions. */
export class AuthenticationFailedError extends ConnectionFailedError {}

/** The peer has turned away what we showed it: showing it again and again can lock an account. */
export class CredentialsRefusedError extends AuthenticationFailedError {}

/** An established connection ended; calls that were in flight are rejected with it. */
export class ConnectionLostError extends DaemonError {
  constructor(message: string, options?: ErrorOptions) {
    super('CONNECTION_LOST', message, options);
  }
}

/** What helps where no more files can be opened (EMFILE, ENFILE). */
export const openFilesRemedy =
  'let the program open more files, 256 at least: LimitNOFILE= of its service, or ulimit -n';

/** Whether an error, or what caused it, is that no more files can be opened. */
export function isOutOfFiles(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const code = 'code' in cause ? cause.code : undefined;
    if (code === 'EMFILE' || code === 'ENFILE') return true;
  }
  return false;
}

/** The text of any thrown value, for logs and for MIB objects. */
export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
