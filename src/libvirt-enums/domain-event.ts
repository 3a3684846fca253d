// Events of domains, up to date with libvirt 12, each list in the order of libvirt's numbers.

/** Kinds of events by virDomainEventID, with libvirt's first version that has each. */
export const domainEvents = [
  ['lifecycle', 5000],
  ['reboot', 8000],
  ['rtcChange', 8000],
  ['watchdog', 8000],
  ['ioError', 8000],
  ['graphics', 8000],
  ['ioErrorReason', 8001],
  ['controlError', 9002],
  ['blockJob', 9004],
  ['diskChange', 9004],
  ['trayChange', 9011],
  ['pmWakeup', 9011],
  ['pmSuspend', 9011],
  ['balloonChange', 10_000],
  ['pmSuspendDisk', 1_000_000],
  ['deviceRemoved', 1_001_001],
  ['blockJob2', 1_002_006],
  ['tunable', 1_002_009],
  ['agentLifecycle', 1_002_011],
  ['deviceAdded', 1_002_015],
  ['migrationIteration', 1_003_002],
  ['jobCompleted', 1_003_003],
  ['deviceRemovalFailed', 1_003_004],
  ['metadataChange', 3_000_000],
  ['blockThreshold', 3_002_000],
  ['memoryFailure', 6_009_000],
  ['memoryDeviceSizeChange', 7_009_000],
  ['nicMacChange', 11_002_000],
] as const satisfies readonly (readonly [kind: string, since: number])[];

/** virDomainEventType, and of each virDomainEventDefinedDetailType or its sibling. */
export const lifecycleEvents = {
  defined: ['added', 'updated', 'renamed', 'from_snapshot'],
  undefined: ['removed', 'renamed'],
  started: ['booted', 'migrated', 'restored', 'from_snapshot', 'wakeup', 'recreated'],
  suspended: [
    'paused',
    'migrated',
    'ioerror',
    'watchdog',
    'restored',
    'from_snapshot',
    'api_error',
    'postcopy',
    'postcopy_failed',
    'guest_shutdown',
  ],
  resumed: ['unpaused', 'migrated', 'from_snapshot', 'postcopy', 'postcopy_failed'],
  stopped: ['shutdown', 'destroyed', 'crashed', 'migrated', 'saved', 'failed', 'from_snapshot', 'recreated'],
  shutdown: ['finished', 'guest', 'host'],
  pmsuspended: ['memory', 'disk'],
  crashed: ['panicked', 'crashloaded'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

export type LifecycleEvent = keyof typeof lifecycleEvents;

/** virDomainEventType alone. */
export const lifecycleEventNames = Object.keys(lifecycleEvents) as readonly LifecycleEvent[];

/** virDomainEventWatchdogAction */
export const watchdogActions = [
  'none',
  'pause',
  'reset',
  'poweroff',
  'shutdown',
  'debug',
  'inject_nmi',
] as const;

/** virDomainEventIOErrorAction */
export const ioErrorActions = ['none', 'pause', 'report'] as const;

/** virDomainEventGraphicsPhase */
export const graphicsPhases = ['connect', 'initialize', 'disconnect'] as const;

/** virConnectDomainEventDiskChangeReason */
export const diskChangeReasons = ['missing_on_start', 'dropped_on_start'] as const;

/** virDomainEventTrayChangeReason */
export const trayChangeReasons = ['open', 'close'] as const;

/** virConnectDomainEventAgentLifecycleState */
export const agentStates = ['unknown', 'connected', 'disconnected'] as const;

/** virConnectDomainEventAgentLifecycleReason */
export const agentReasons = ['unknown', 'domainStarted', 'channel'] as const;

/** virDomainMetadataType */
export const metadataTypes = ['description', 'title', 'element'] as const;

/** virDomainMemoryFailureRecipientType */
export const memoryFailureRecipients = ['hypervisor', 'guest'] as const;

/** virDomainMemoryFailureActionType */
export const memoryFailureActions = ['ignore', 'inject', 'fatal', 'reset'] as const;

/** virDomainMemoryFailureFlags */
export const memoryFailureFlags = { actionRequired: 1, recursive: 2 } as const;
