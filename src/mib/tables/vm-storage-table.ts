import type { Disk, DiskFacts } from '../../model/disk.ts';
import type { TableBinding } from '../bind.ts';
import { inUnits } from '../values/units.ts';
import { diskFacts, diskRows, domainsOf } from './domain-rows.ts';

const NOT_IN_HR_STORAGE_TABLE = 0;
const UNKNOWN_SIZE = -1;

const mediaTypes = {
  disk: 'hardDisk',
  lun: 'hardDisk',
  cdrom: 'opticalDisk',
  floppy: 'floppyDisk',
  other: 'other',
  unknown: 'unknown',
} as const;

function definedSize(disk: Disk): number {
  return inUnits(disk.capacityBytes, disk.facts.vmSizeUnit) ?? UNKNOWN_SIZE;
}

function access({ readOnly }: DiskFacts): 'unknown' | 'readwrite' | 'readonly' {
  if (readOnly === undefined) return 'unknown';
  return readOnly ? 'readonly' : 'readwrite';
}

/** VM-MIB: the disks of the present domains. */
export const vmStorageTable: TableBinding<'vmStorageTable', Disk> = {
  table: 'vmStorageTable',
  source: domainsOf,
  rows: diskRows,
  columns: {
    vmStorageParent: diskFacts(() => NOT_IN_HR_STORAGE_TABLE),
    vmStorageSourceType: (disk) => disk.vmSourceType,
    vmStorageSourceTypeString: diskFacts(({ format, type }) => format ?? type),
    vmStorageResourceID: diskFacts(({ source }) => source),
    vmStorageAccess: diskFacts(access),
    vmStorageMediaType: diskFacts(({ device }) => mediaTypes[device ?? 'unknown']),
    vmStorageMediaTypeString: diskFacts(({ bus }) => bus),
    vmStorageSizeUnit: diskFacts(({ vmSizeUnit }) => vmSizeUnit),
    vmStorageDefinedSize: (disk) => definedSize(disk),
    vmStorageAllocatedSize: (disk) =>
      // RFC 7666 demands that both sizes be equal for these; lveDiskAllocation has the true use.
      disk.vmSourceType === 'block' || disk.vmSourceType === 'raw'
        ? definedSize(disk)
        : (inUnits(disk.allocationBytes, disk.facts.vmSizeUnit) ?? UNKNOWN_SIZE),
    vmStorageReadIOs: (disk) => disk.readRequests,
    vmStorageWriteIOs: (disk) => disk.writeRequests,
    vmStorageReadOctets: (disk) => disk.readBytes,
    vmStorageWriteOctets: (disk) => disk.writeBytes,
    vmStorageReadLatency: (disk) => disk.readTimeUs,
    vmStorageWriteLatency: (disk) => disk.writeTimeUs,
  },
};
