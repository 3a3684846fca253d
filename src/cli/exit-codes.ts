import { DaemonError, type ErrorCode, isOutOfFiles } from '../errors.ts';

/** Exit codes, after sysexits.h; `docs/errors.md` explains them. */
export const exitCodes = {
  ok: 0,
  usage: 64,
  unavailable: 69,
  bug: 70,
  /** Standard output cannot be written. */
  output: 74,
  config: 78,
  /** Nobody reads standard output any longer: what a shell reports of a program that SIGPIPE ended. */
  brokenPipe: 141,
} as const;

const codeOf: Readonly<Record<ErrorCode, number>> = {
  CONFIG_INVALID: exitCodes.config,
  USAGE: exitCodes.usage,
  STATE_UNUSABLE: exitCodes.config,
  PROTOCOL_ERROR: exitCodes.unavailable,
  CONNECTION_FAILED: exitCodes.unavailable,
  CONNECTION_LOST: exitCodes.unavailable,
  CALL_TIMEOUT: exitCodes.unavailable,
  CALL_CANCELLED: exitCodes.unavailable,
  NOT_CALLED: exitCodes.unavailable,
  OVER_LIMIT: exitCodes.unavailable,
  LIBVIRT_ERROR: exitCodes.unavailable,
  AGENTX_ERROR: exitCodes.unavailable,
  MIB_INVALID: exitCodes.bug,
};

/** The exit code for an error that ends the program. */
export function exitCodeOf(error: unknown): number {
  // Whatever was being opened then: neither it nor the program is to blame.
  if (isOutOfFiles(error)) return exitCodes.unavailable;
  return error instanceof DaemonError ? codeOf[error.code] : exitCodes.bug;
}
