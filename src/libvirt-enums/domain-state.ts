// What libvirt says of a domain at a moment, each list in the order of libvirt's numbers. Names are ours where the model
// or the configuration shows them. What a newer libvirt has beyond a list is `other` in the model.

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

/** virDomainRunningReason, virDomainPausedReason and so on. */
export const stateReasons = {
  nostate: ['unknown'],
  running: [
    'unknown',
    'booted',
    'migrated',
    'restored',
    'from_snapshot',
    'unpaused',
    'migration_canceled',
    'save_canceled',
    'wakeup',
    'crashed',
    'postcopy',
    'postcopy_failed',
  ],
  blocked: ['unknown'],
  paused: [
    'unknown',
    'user',
    'migration',
    'save',
    'dump',
    'ioerror',
    'watchdog',
    'from_snapshot',
    'shutting_down',
    'snapshot',
    'crashed',
    'starting_up',
    'postcopy',
    'postcopy_failed',
    'api_error',
  ],
  shutdown: ['unknown', 'user'],
  shutoff: [
    'unknown',
    'shutdown',
    'destroyed',
    'crashed',
    'migrated',
    'saved',
    'failed',
    'from_snapshot',
    'daemon',
  ],
  crashed: ['unknown', 'panicked'],
  pmsuspended: ['unknown'],
} as const satisfies Readonly<Record<(typeof domainStates)[number], readonly string[]>>;

/** virDomainControlState */
export const controlStates = ['ok', 'job', 'occupied', 'error'] as const;

/** virVcpuState */
export const vcpuStates = ['offline', 'running', 'blocked'] as const;

/** virDomainDiskErrorCode; 0 is no error. */
export const diskErrorCodes = [undefined, 'unspecified', 'noSpace'] as const;
