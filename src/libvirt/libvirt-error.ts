import { DaemonError } from '../errors.ts';
import { errorDomains, errorLevels, virErrors } from '../libvirt-enums/error-code.ts';
import { limits } from './protocol.ts';
import type { XdrReader } from './xdr.ts';

/** libvirt answered a call with an error (virNetMessageError). */
export class LibvirtError extends DaemonError {
  /** virErrorNumber */
  readonly virCode: number;
  /** virErrorDomain: which part of libvirt says so. */
  readonly virDomain: number;
  /** virErrorLevel */
  readonly level: number;
  /** Name of the call, as in libvirt's API. */
  readonly procedure: string;

  constructor(
    fields: {
      readonly virCode: number;
      readonly virDomain: number;
      readonly level: number;
      readonly procedure: string;
    },
    message: string,
  ) {
    super('LIBVIRT_ERROR', message);
    this.virCode = fields.virCode;
    this.virDomain = fields.virDomain;
    this.level = fields.level;
    this.procedure = fields.procedure;
  }
}

/**
 * Decodes virNetMessageError: i32 code, i32 domain, optional string message, i32 level; the object,
 * the untranslated texts and the integers that follow say nothing more to us.
 */
export function decodeLibvirtError(reader: XdrReader, procedure: string): LibvirtError {
  const virCode = reader.i32();
  const virDomain = reader.i32();
  const message = reader.optional((inner) =>
    inner.cutString(limits.stringOctets, limits.errorOctets, 'error message'),
  );
  const level = reader.i32();
  return new LibvirtError({ virCode, virDomain, level, procedure }, message ?? `libvirt error ${virCode}`);
}

function hasCode(error: unknown, ...codes: readonly number[]): error is LibvirtError {
  return error instanceof LibvirtError && codes.includes(error.virCode);
}

/**
 * This driver, hypervisor or libvirt version does not have the call: asking again is of no use.
 * An old daemon says of a procedure it does not know: error 39 of the RPC layer.
 */
export function isNotSupported(error: unknown): error is LibvirtError {
  return (
    hasCode(
      error,
      virErrors.noSupport,
      virErrors.operationUnsupported,
      virErrors.configUnsupported,
      virErrors.argumentUnsupported,
    ) || isUnknownProcedure(error)
  );
}

/**
 * The daemon is older than the procedure: error 39 of the RPC layer. The same pair also says that a
 * reply became too large, by octets or by entries, or that arguments were bad. A daemon speaks the language of its host: in
 * all of them this text alone has one number, that of the procedure, at its end.
 */
export function isUnknownProcedure(error: unknown): error is LibvirtError {
  return (
    hasCode(error, virErrors.rpc) &&
    error.virDomain === errorDomains.rpc &&
    /^\D*\d+\W*$/.test(error.message) &&
    !/payload|authentication|message/i.test(error.message)
  );
}

/** What a daemon that is too old for a procedure says of it, made without asking. */
export function unknownProcedure({ number, name }: { readonly number: number; readonly name: string }) {
  return new LibvirtError(
    { virCode: virErrors.rpc, virDomain: errorDomains.rpc, level: errorLevels.error, procedure: name },
    `unknown procedure: ${number}`,
  );
}

/**
 * What an internal error of the RPC layer has in every language if it says something else than that a connection is gone: a
 * number, the name of an argument or a limit, or `virError` where a driver failed without saying why.
 */
const ofSomethingElse = /^internal error|virError|nparams|ncpu|maxerrors|[\d_>]/i;

/**
 * A daemon in front of others (virtqemud before virtstoraged, virtproxyd before virtqemud) lost the one behind,
 * and goes on saying so for as long as this connection lasts, also when that one is back. Its English text is known; in
 * another language of its host it is guessed.
 *
 * @param wasAnswered - whether this connection has had an answer to the same call: else there was nothing to lose, and
 *   a new connection would be told the same.
 */
export function isSpentConnection(error: unknown, wasAnswered: boolean): boolean {
  if (!hasCode(error, virErrors.internal) || error.virDomain !== errorDomains.rpc) return false;
  const { message } = error;
  return /client socket is closed/i.test(message) || (wasAnswered && !ofSomethingElse.test(message));
}

/** The daemon in front cannot connect to the one that has the driver. Each language has the path of the socket. */
export function isAway(error: unknown): error is LibvirtError {
  return hasCode(error, virErrors.systemError) && /-sock(-ro)?\b/.test(error.message);
}

/** The daemon is older than the procedure, or the driver lacks it altogether; other refusals concern what was asked for. */
export function isMissing(error: unknown): error is LibvirtError {
  return isUnknownProcedure(error) || hasCode(error, virErrors.noSupport);
}

/** A read-only connection may not call it, whatever the domain; an access rule may concern one domain only. */
export function isForbidden(error: unknown): error is LibvirtError {
  return hasCode(error, virErrors.operationDenied);
}

/** The domain ceased to exist. */
export function isNoDomain(error: unknown): error is LibvirtError {
  return hasCode(error, virErrors.noDomain);
}

/** What was asked for ceased to exist since it was listed: a domain, a network, a pool, a snapshot, ... */
export function hasVanished(error: unknown): error is LibvirtError {
  return hasCode(
    error,
    virErrors.noDomain,
    virErrors.noNetwork,
    virErrors.noStoragePool,
    virErrors.noStorageVol,
    virErrors.noDomainSnapshot,
    virErrors.noDomainCheckpoint,
  );
}

/** Not in this state of the domain: it does not run, or is paused. */
export function isOperationInvalid(error: unknown): error is LibvirtError {
  return hasCode(error, virErrors.operationInvalid);
}

/** A read-only connection, an access rule or missing authentication forbids it. */
export function isAccessDenied(error: unknown): error is LibvirtError {
  return hasCode(
    error,
    virErrors.operationDenied,
    virErrors.accessDenied,
    virErrors.authFailed,
    virErrors.authCancelled,
    virErrors.authUnavailable,
  );
}

/** libvirt itself gave up waiting for the hypervisor, usually after 30 seconds. */
export function isTimeout(error: unknown): error is LibvirtError {
  return hasCode(error, virErrors.operationTimeout);
}

/** The guest agent is absent, hung or out of step. */
export function isAgentUnresponsive(error: unknown): error is LibvirtError {
  return hasCode(
    error,
    virErrors.agentUnresponsive,
    virErrors.agentUnsynced,
    virErrors.agentCommandTimeout,
    virErrors.agentCommandFailed,
  );
}
