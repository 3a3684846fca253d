import type { Count, EpochMs, Percent } from './scalar-types.ts';

/** Who a disk is and what the definition says of it: the same object until that changes. */
export interface DiskFacts {
  /** vmStorageIndex; bound to the target. */
  readonly index: number;
  /** vda */
  readonly target: string;
  readonly device: 'disk' | 'cdrom' | 'floppy' | 'lun' | 'other' | undefined;
  /** file, block, network, volume, ... */
  readonly type: string | undefined;
  /** Path, protocol:name or pool/volume; undefined for a drive without a medium. */
  readonly source: string | undefined;
  /** The storage pool, the Ceph pool or the name of the directory that holds the image. */
  readonly pool: string | undefined;
  /** The name of the image inside `pool`. */
  readonly image: string | undefined;
  readonly serial: string | undefined;
  readonly bus: string | undefined;
  readonly format: string | undefined;
  readonly cache: string | undefined;
  readonly discard: string | undefined;
  readonly shared: boolean | undefined;
  readonly readOnly: boolean | undefined;
  /** Images in the backing chain, the active one included; undefined where libvirt has not looked (inactive definition). */
  readonly chainDepth: number | undefined;
}

/** One disk of a domain, active or not. */
export interface Disk {
  readonly facts: DiskFacts;
  /** As the definition says, else as the statistics say. */
  readonly source: string | undefined;
  /** vmStorageSourceType, derived from type, format and allocation. */
  readonly vmSourceType: 'other' | 'block' | 'raw' | 'sparse' | 'network' | 'unknown';
  /** Unit of the sizes in vmStorageTable, in bytes; fixed while the row exists. */
  readonly vmSizeUnit: number;
  readonly capacityBytes: Count | undefined;
  readonly allocationBytes: Count | undefined;
  readonly physicalBytes: Count | undefined;
  readonly allocPercent: Percent | undefined;
  readonly thresholdBytes: Count | undefined;
  readonly readRequests: Count | undefined;
  readonly readBytes: Count | undefined;
  readonly readTimeUs: Count | undefined;
  readonly writeRequests: Count | undefined;
  readonly writeBytes: Count | undefined;
  readonly writeTimeUs: Count | undefined;
  readonly flushRequests: Count | undefined;
  readonly flushTimeUs: Count | undefined;
  /** Mean time of the requests completed between the last two refreshes. */
  readonly readLatencyUs: number | undefined;
  readonly writeLatencyUs: number | undefined;
  readonly flushLatencyUs: number | undefined;
  readonly ioErrors: Count | undefined;
}

/** A disk in error (virDomainGetDiskErrors). */
export interface DiskError {
  readonly diskIndex: number;
  readonly target: string;
  readonly code: 'unspecified' | 'noSpace' | 'other';
  readonly since: EpochMs;
}

/** Limits of a disk (virDomainGetBlockIoTune); a limit that is not set is undefined. */
export interface IoTune {
  readonly diskIndex: number;
  readonly target: string;
  readonly totalBytes: Count | undefined;
  readonly readBytes: Count | undefined;
  readonly writeBytes: Count | undefined;
  readonly totalIops: Count | undefined;
  readonly readIops: Count | undefined;
  readonly writeIops: Count | undefined;
  readonly totalBytesMax: Count | undefined;
  readonly readBytesMax: Count | undefined;
  readonly writeBytesMax: Count | undefined;
  readonly totalIopsMax: Count | undefined;
  readonly readIopsMax: Count | undefined;
  readonly writeIopsMax: Count | undefined;
  readonly totalBytesMaxLengthSec: number | undefined;
  readonly readBytesMaxLengthSec: number | undefined;
  readonly writeBytesMaxLengthSec: number | undefined;
  readonly totalIopsMaxLengthSec: number | undefined;
  readonly readIopsMaxLengthSec: number | undefined;
  readonly writeIopsMaxLengthSec: number | undefined;
  readonly sizeIopsBytes: Count | undefined;
  readonly groupName: string | undefined;
}

/** A running block job (virDomainGetBlockJobInfo). */
export interface BlockJob {
  readonly diskIndex: number;
  readonly target: string;
  readonly type: 'unknown' | 'pull' | 'copy' | 'commit' | 'activeCommit' | 'backup' | 'other';
  readonly current: Count;
  readonly end: Count;
  readonly percent: Percent | undefined;
  readonly bandwidthBytes: Count;
  readonly since: EpochMs;
}
