/**
 * libvirt's enumerations that calls and events need: flags, kinds, numbers of events. Those that are shown by name are in
 * `src/model/libvirt-names.ts`; the kinds of events of domains are in `events.ts`, beside what each brings.
 */

/** virConnectListAllDomainsFlags */
export const listDomainsFlags = { persistent: 1 << 2, managedSave: 1 << 8, autostart: 1 << 10 } as const;

/** virDomainXMLFlags */
export const xmlFlags = { live: 0, inactive: 2 } as const;

/** virDomainStatsTypes */
export const statsGroups = {
  state: 1,
  cpuTotal: 2,
  balloon: 4,
  vcpu: 8,
  interface: 16,
  block: 32,
  perf: 64,
  iothread: 128,
  memory: 256,
  dirtyRate: 512,
  vm: 1024,
} as const;

/** virConnectGetAllDomainStatsFlags. ENFORCE_STATS is never set: an older daemon would refuse the call. */
export const statsFlags = { noWait: 1 << 29, backing: 1 << 30 } as const;

/** virDomainGetJobStatsFlags: without the second, reading a completed job erases it for everybody. */
export const jobStatsFlags = { completed: 1, keepCompleted: 2 } as const;

/** virDomainBlockJobInfoFlags */
export const blockJobInfoFlags = { bandwidthBytes: 1 } as const;

/** virDomainGuestInfoTypes */
export const guestInfoTypes = {
  users: 1,
  os: 2,
  timezone: 4,
  hostname: 8,
  fileSystem: 16,
  load: 128,
} as const;

/** virDomainPausedReason */
export const pausedReasons = { ioError: 5 } as const;

/** virDomainEventType */
export const lifecycleEvents = { started: 2 } as const;

/** virNetworkEventID */
export const networkEvents = { lifecycle: 0 } as const;

/** virStoragePoolEventID */
export const poolEvents = { lifecycle: 0, refresh: 1 } as const;

/** virStoragePoolEventLifecycleType: libvirt reads a pool when it starts it. */
export const poolLifecycleEvents = { started: 2 } as const;
