import type { Host, HostCpu, HugePagePool, NumaCell } from '../../model/host.ts';

/** What the host collectors learn; sums over domains are added when a snapshot is built. */
export type HostFacts = Omit<
  Host,
  | 'vcpusActive'
  | 'vcpusDefined'
  | 'cpuOvercommit'
  | 'memActiveBytes'
  | 'memDefinedBytes'
  | 'memOvercommit'
  | 'memRssBytes'
  | 'cpus'
  | 'cells'
  | 'hugePages'
>;

/** The working record of the host: collectors replace parts of it with {@link set}. */
export class HostRecord {
  #facts: HostFacts;
  /** Processors without the figures that come from domains. */
  cpus: readonly Omit<HostCpu, 'pinnedVcpus' | 'runningVcpus'>[] = [];
  cells: readonly NumaCell[] = [];
  hugePages: readonly HugePagePool[] = [];

  constructor(hvObjectId: readonly number[]) {
    this.#facts = { ...nothing, hvObjectId };
  }

  get facts(): HostFacts {
    return this.#facts;
  }

  get cpusOnline(): number | undefined {
    return this.#facts.cpusOnline;
  }

  set(parts: Partial<HostFacts>): void {
    this.#facts = { ...this.#facts, ...parts };
  }
}

const nothing: Omit<HostFacts, 'hvObjectId'> = {
  hostname: undefined,
  hvSoftware: undefined,
  hvVersion: undefined,
  bootedAt: undefined,
  cpuModel: undefined,
  cpusOnline: undefined,
  cpusPresent: undefined,
  mhz: undefined,
  numaCells: undefined,
  sockets: undefined,
  cores: undefined,
  threads: undefined,
  userUs: undefined,
  kernelUs: undefined,
  idleUs: undefined,
  iowaitUs: undefined,
  intrUs: undefined,
  guestUs: undefined,
  cpuUtil: undefined,
  memTotalBytes: undefined,
  memFreeBytes: undefined,
  memBuffersBytes: undefined,
  memCachedBytes: undefined,
  memAvailableBytes: undefined,
  memUsedPercent: undefined,
  ksmPagesShared: undefined,
  ksmPagesSharing: undefined,
  ksmPagesUnshared: undefined,
  ksmPagesVolatile: undefined,
  ksmFullScans: undefined,
};
