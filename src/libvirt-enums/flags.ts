// What calls are told to do: bits, unless said otherwise.

/** virConnectFlags */
export const connectFlags = { readOnly: 1 } as const;

/** virTypedParameterFlags */
export const typedParamFlags = { stringOkay: 1 << 2 } as const;

/** virConnectListAllDomainsFlags */
export const listDomainsFlags = { persistent: 1 << 2, managedSave: 1 << 8, autostart: 1 << 10 } as const;

/** virDomainXMLFlags */
export const xmlFlags = { live: 0, inactive: 1 << 1 } as const;

/** virDomainModificationImpact: current is what holds now where the domain runs, else what its configuration says. */
export const impactFlags = { current: 0 } as const;

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

/** virDomainInterfaceAddressesSource, a number: the leases of libvirt's own DHCP servers, the guest agent, the host's ARP table. */
export const addressSources = { lease: 0, agent: 1, arp: 2 } as const;

/** virNodeGetCPUStatsAllCPUs and virNodeGetMemoryStatsAllCells, in the place of a number. */
export const allOfNode = -1;
