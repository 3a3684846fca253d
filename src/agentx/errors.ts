import { DaemonError } from '../errors.ts';

/** res.error: the errors of SNMP (RFC 3416 section 3) and those of AgentX (RFC 2741 section 6.2.16). */
export const ResponseError = {
  noError: 0,
  tooBig: 1,
  noSuchName: 2,
  badValue: 3,
  readOnly: 4,
  genErr: 5,
  noAccess: 6,
  wrongType: 7,
  wrongLength: 8,
  wrongEncoding: 9,
  wrongValue: 10,
  noCreation: 11,
  inconsistentValue: 12,
  resourceUnavailable: 13,
  commitFailed: 14,
  undoFailed: 15,
  authorizationError: 16,
  notWritable: 17,
  inconsistentName: 18,
  openFailed: 256,
  notOpen: 257,
  indexWrongType: 258,
  indexAlreadyAllocated: 259,
  indexNoneAvailable: 260,
  indexNotAllocated: 261,
  unsupportedContext: 262,
  duplicateRegistration: 263,
  unknownRegistration: 264,
  unknownAgentCaps: 265,
  parseError: 266,
  requestDenied: 267,
  processingError: 268,
} as const;

export type ResponseErrorName = keyof typeof ResponseError;

const names = new Map<number, ResponseErrorName>(
  Object.entries(ResponseError).map(([name, code]) => [code, name as ResponseErrorName]),
);

/** The name of a res.error, or its number where the RFCs give none. */
export function responseErrorName(code: number): string {
  return names.get(code) ?? `error ${code}`;
}

/** The master refused a PDU of ours. */
export class AgentxError extends DaemonError {
  /** The PDU that was refused. */
  readonly what: string;
  /** res.error of its response. */
  readonly resError: number;
  readonly resErrorName: string;

  constructor(what: string, resError: number) {
    const name = responseErrorName(resError);
    super('AGENTX_ERROR', `the master refused ${what}: ${name}`);
    this.what = what;
    this.resError = resError;
    this.resErrorName = name;
  }
}

/** The master did not answer a PDU of ours in time. */
export class AgentxTimeoutError extends DaemonError {
  constructor(what: string, timeoutMs: number) {
    super('CALL_TIMEOUT', `the master did not answer ${what} within ${timeoutMs} ms`);
  }
}
