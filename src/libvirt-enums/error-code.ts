/** virErrorNumber, the ones that callers tell apart. */
export const virErrors = {
  internal: 1,
  noSupport: 3,
  invalidArg: 8,
  operationFailed: 9,
  operationDenied: 29,
  systemError: 38,
  rpc: 39,
  noNetwork: 43,
  noDomain: 42,
  authFailed: 45,
  noStoragePool: 49,
  noStorageVol: 50,
  operationInvalid: 55,
  configUnsupported: 67,
  operationTimeout: 68,
  noDomainSnapshot: 72,
  argumentUnsupported: 74,
  authCancelled: 79,
  noDomainMetadata: 80,
  operationUnsupported: 84,
  agentUnresponsive: 86,
  accessDenied: 88,
  authUnavailable: 94,
  agentUnsynced: 97,
  noDomainCheckpoint: 103,
  agentCommandTimeout: 112,
  agentCommandFailed: 113,
} as const;

/** virErrorDomain: which part of libvirt says so. */
export const errorDomains = { rpc: 7 } as const;

/** virErrorLevel */
export const errorLevels = { warning: 1, error: 2 } as const;
