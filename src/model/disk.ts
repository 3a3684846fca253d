import { percentOf } from './arithmetic.ts';
import type { FigureReader } from './figure-reader.ts';
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
  /**
   * Path, pool/volume, protocol:name or protocol://host:port/name, as the definition says, else as the statistics say;
   * undefined for a drive without a medium.
   */
  readonly source: string | undefined;
  /** The storage pool that has the image; a Ceph pool or a Gluster volume of a network source. */
  readonly pool: string | undefined;
  /** The last part of the path of the image. */
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
  /** Unit of the sizes in vmStorageTable, in bytes. */
  readonly vmSizeUnit: number;
}

/** How vmStorageSourceType (RFC 7666) calls what holds an image. */
export type VmSourceType = 'other' | 'block' | 'raw' | 'sparse' | 'network' | 'unknown';

const io = { live: true, selectors: ['disk'] } as const;
const firstIo = { live: true, selectors: ['disk'], asked: true } as const;
const latency = { selectors: ['disk'] } as const;
const allocation = { selectors: ['disk_allocation'] } as const;
const capacity = { selectors: ['disk_capacity'] } as const;
const physical = { selectors: ['disk_physical'] } as const;

/** One disk of a domain, active or not, with the parameters `block.N.` of its active image. */
export type Disk = Readonly<ReturnType<typeof diskRow>>;

export function diskRow(read: FigureReader, facts: DiskFacts) {
  const capacityBytes = read.count('capacity', capacity);
  const allocationBytes = read.count('allocation', allocation);
  return {
    facts,
    vmSourceType: vmSourceType(facts, allocationBytes, capacityBytes),
    capacityBytes,
    allocationBytes,
    allocPercent: percentOf(allocationBytes, capacityBytes),
    physicalBytes: read.count('physical', physical),
    thresholdBytes: read.count('threshold', io),
    readRequests: read.count('rd.reqs', firstIo),
    readBytes: read.count('rd.bytes', io),
    readTimeUs: read.nsToUs('rd.times', io),
    writeRequests: read.count('wr.reqs', io),
    writeBytes: read.count('wr.bytes', io),
    writeTimeUs: read.nsToUs('wr.times', io),
    flushRequests: read.count('fl.reqs', io),
    flushTimeUs: read.nsToUs('fl.times', io),
    ioErrors: read.count('errors', io),
    /** Mean time of the requests completed between the last two refreshes that completed any. */
    readLatencyUs: read.rate('=readLatency', latency),
    writeLatencyUs: read.rate('=writeLatency', latency),
    flushLatencyUs: read.rate('=flushLatency', latency),
  };
}

/** A thin raw file is sparse, one whose blocks are all allocated is raw. */
function vmSourceType(
  { type, format }: DiskFacts,
  allocationBytes: Count | undefined,
  capacityBytes: Count | undefined,
): VmSourceType {
  switch (type) {
    case undefined:
      return 'unknown';
    case 'block':
    case 'nvme':
    case 'vhostvdpa':
      return 'block';
    case 'network':
      return 'network';
    case 'file':
    case 'volume': {
      if (format !== undefined && format !== 'raw') return 'sparse';
      if (allocationBytes === undefined || capacityBytes === undefined) return 'other';
      return allocationBytes >= capacityBytes ? 'raw' : 'sparse';
    }
    default:
      return 'other';
  }
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
