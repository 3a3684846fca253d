import type { blockJobTypes } from '../libvirt-enums/domain-job.ts';
import type { diskErrorCodes } from '../libvirt-enums/domain-state.ts';
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
  /** Last discontinuity of its counters alone; those of the domain apply as well. */
  readonly discontinuityAt: EpochMs | undefined;
}

/** How vmStorageSourceType (RFC 7666) calls what holds an image. */
export type VmSourceType = 'other' | 'block' | 'raw' | 'sparse' | 'network' | 'unknown';

const io = { live: true, selectors: ['disk'], counter: true } as const;
const firstIo = { live: true, selectors: ['disk'], counter: true, asked: true } as const;
const threshold = { live: true, selectors: ['disk'] } as const;
const latency = { selectors: ['disk'] } as const;
const highest = { selectors: ['disk_allocation'] } as const;
const capacity = { selectors: ['disk_capacity', 'disk_allocation'] } as const;
const physical = { selectors: ['disk_physical', 'disk_allocation'] } as const;

/** One disk of a domain, active or not, with the parameters `block.N.` of its active image. */
export type Disk = Readonly<ReturnType<typeof diskRow>>;

export function diskRow(read: FigureReader, facts: DiskFacts) {
  const length = read.count('capacity', capacity);
  const physicalBytes = read.count('physical', physical);
  const allocationBytes = allocated(read, facts, read.count('allocation', highest), length, physicalBytes);
  const capacityBytes = read.shows('disk_capacity') ? length : undefined;
  return {
    facts,
    vmSourceType: vmSourceType(facts, allocationBytes, capacityBytes),
    capacityBytes,
    allocationBytes,
    allocPercent: percentOf(allocationBytes, capacityBytes),
    physicalBytes: read.shows('disk_physical') ? physicalBytes : undefined,
    thresholdBytes: read.count('threshold', threshold),
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

/** Types of disks whose image is a whole device of the host. */
const deviceTypes: ReadonlySet<string | undefined> = new Set([
  'block',
  'nvme',
  'vdpa',
  'vhostuser',
  'vhostvdpa',
]);

/**
 * What the image takes on the host. libvirt's `allocation` is that only while the domain is off; while it runs it is
 * the highest offset written since its start, 0 at first, and `physical` is what a file takes. What is written of a
 * device is known from that offset alone, once there is one.
 *
 * Of a file that takes nothing libvirt (11.3 as well: qemuDomainGetStatsOneBlock) takes the 0 for unknown and says how
 * long the file is instead. An empty thin image then looks like a whole one, until something is written to it.
 */
function allocated(
  read: FigureReader,
  { type, readOnly }: DiskFacts,
  allocation: Count | undefined,
  capacityBytes: Count | undefined,
  physicalBytes: Count | undefined,
): Count | undefined {
  if (!read.shows('disk_allocation')) return undefined;
  if (deviceTypes.has(type)) return allocation === 0 ? undefined : allocation;
  // libvirt leaves out what is 0 of a domain that is off.
  if (!read.active) return allocation ?? (capacityBytes === undefined ? undefined : 0);
  const mayBeEmpty = allocation === 0 && physicalBytes === capacityBytes && readOnly !== true;
  return mayBeEmpty ? undefined : physicalBytes;
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
  readonly code: NonNullable<(typeof diskErrorCodes)[number]> | 'other';
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
  readonly type: (typeof blockJobTypes)[number] | 'other';
  readonly current: Count;
  readonly end: Count;
  readonly percent: Percent | undefined;
  readonly bandwidthBytes: Count;
  readonly since: EpochMs;
}
