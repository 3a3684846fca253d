import type { Count, EpochMs, Percent, Ratio } from './scalar-types.ts';

/** The hypervisor host (lveHost, VM-MIB hypervisor scalars). */
export interface Host {
  readonly hostname: string | undefined;
  /** virConnectGetType: QEMU. */
  readonly hvSoftware: string | undefined;
  /** virConnectGetVersion: 7.2.0. */
  readonly hvVersion: string | undefined;
  /** vmHvObjectID as sub-identifiers. */
  readonly hvObjectId: readonly number[];
  /** Boot of the host: the hypervisor's last re-initialisation. */
  readonly bootedAt: EpochMs | undefined;
  readonly cpuModel: string | undefined;
  readonly cpusOnline: number | undefined;
  readonly cpusPresent: number | undefined;
  readonly mhz: number | undefined;
  readonly numaCells: number | undefined;
  readonly sockets: number | undefined;
  readonly cores: number | undefined;
  readonly threads: number | undefined;
  readonly userUs: Count | undefined;
  readonly kernelUs: Count | undefined;
  readonly idleUs: Count | undefined;
  readonly iowaitUs: Count | undefined;
  readonly intrUs: Count | undefined;
  readonly guestUs: Count | undefined;
  readonly cpuUtil: Percent | undefined;
  readonly memTotalBytes: Count | undefined;
  readonly memFreeBytes: Count | undefined;
  readonly memBuffersBytes: Count | undefined;
  readonly memCachedBytes: Count | undefined;
  readonly memAvailableBytes: Count | undefined;
  readonly memUsedPercent: Percent | undefined;
  readonly vcpusActive: number;
  readonly vcpusDefined: number;
  readonly cpuOvercommit: Ratio | undefined;
  readonly memActiveBytes: Count;
  readonly memDefinedBytes: Count;
  readonly memOvercommit: Ratio | undefined;
  readonly memRssBytes: Count | undefined;
  readonly ksmPagesShared: Count | undefined;
  readonly ksmPagesSharing: Count | undefined;
  readonly ksmPagesUnshared: Count | undefined;
  readonly ksmPagesVolatile: Count | undefined;
  readonly ksmFullScans: Count | undefined;
  readonly cpus: readonly HostCpu[];
  readonly cells: readonly NumaCell[];
  readonly hugePages: readonly HugePagePool[];
}

/** One processor of the host. */
export interface HostCpu {
  readonly number: number;
  readonly online: boolean;
  readonly cell: number | undefined;
  readonly userUs: Count | undefined;
  readonly kernelUs: Count | undefined;
  readonly idleUs: Count | undefined;
  readonly iowaitUs: Count | undefined;
  readonly busy: Percent | undefined;
  readonly pinnedVcpus: number | undefined;
  readonly runningVcpus: number | undefined;
}

/** One NUMA cell of the host. */
export interface NumaCell {
  readonly cell: number;
  readonly memTotalBytes: Count | undefined;
  readonly memFreeBytes: Count | undefined;
  readonly cpus: string | undefined;
}

/** Huge pages of one size in one NUMA cell. */
export interface HugePagePool {
  readonly cell: number;
  readonly sizeKib: number;
  readonly total: Count | undefined;
  readonly free: Count | undefined;
}
