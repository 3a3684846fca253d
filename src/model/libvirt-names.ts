/**
 * libvirt's enumerations that the model shows by name, each in the order of libvirt's numbers. What a newer libvirt has
 * beyond them is `other` in the model. Those that only calls need are in `src/libvirt/numbers.ts`.
 */

/** virDomainState */
export const domainStates = [
  'nostate',
  'running',
  'blocked',
  'paused',
  'shutdown',
  'shutoff',
  'crashed',
  'pmsuspended',
] as const;

/** virDomainControlState */
export const controlStates = ['ok', 'job', 'occupied', 'error'] as const;

/** virVcpuState */
export const vcpuStates = ['offline', 'running', 'blocked'] as const;

/** virStoragePoolState */
export const poolStates = ['inactive', 'building', 'running', 'degraded', 'inaccessible'] as const;

/** virDomainDiskErrorCode; 0 is no error. */
export const diskErrorCodes = [undefined, 'unspecified', 'noSpace'] as const;

/** virDomainBlockJobType */
export const blockJobTypes = ['unknown', 'pull', 'copy', 'commit', 'activeCommit', 'backup'] as const;

/** virDomainJobType */
export const jobTypes = ['none', 'bounded', 'unbounded', 'completed', 'failed', 'cancelled'] as const;

/** virDomainJobOperation */
export const jobOperations = [
  'unknown',
  'start',
  'save',
  'restore',
  'migrationIn',
  'migrationOut',
  'snapshot',
  'snapshotRevert',
  'dump',
  'backup',
  'snapshotDelete',
] as const;

/** virTypedParameterType; 0 is none. */
export const paramTypeNames = [
  'other',
  'int',
  'uint',
  'llong',
  'ullong',
  'double',
  'boolean',
  'string',
] as const;
