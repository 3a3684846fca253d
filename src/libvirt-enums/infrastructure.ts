// Storage pools, networks and the connection itself, each list in the order of libvirt's numbers.

/** virStoragePoolState */
export const poolStates = ['inactive', 'building', 'running', 'degraded', 'inaccessible'] as const;

/** virStoragePoolEventID */
export const poolEvents = { lifecycle: 0, refresh: 1 } as const;

/** virStoragePoolEventLifecycleType */
export const poolLifecycleEvents = [
  'defined',
  'undefined',
  'started',
  'stopped',
  'created',
  'deleted',
] as const;

/** virNetworkEventID */
export const networkEvents = { lifecycle: 0 } as const;

/** virNetworkEventLifecycleType */
export const networkLifecycleEvents = ['defined', 'undefined', 'started', 'stopped'] as const;

/** remote_auth_type of the RPC protocol: how a daemon wants to know who asks. */
export const authTypes = { none: 0, sasl: 1, polkit: 2 } as const;

/** virConnectCloseReason */
export const closeReasons = ['error', 'eof', 'keepalive', 'client'] as const;
