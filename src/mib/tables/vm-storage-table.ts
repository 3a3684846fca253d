import type { Disk } from '../../model/disk.ts';
import type { TableBinding } from '../bind.ts';
import { inUnits } from '../units.ts';
import { diskRows, domainsOf } from './domain-rows.ts';

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
  return inUnits(disk.capacityBytes, disk.vmSizeUnit) ?? UNKNOWN_SIZE;
}

function access(disk: Disk): 'unknown' | 'readwrite' | 'readonly' {
  if (disk.readOnly === undefined) return 'unknown';
  return disk.readOnly ? 'readonly' : 'readwrite';
}

/** VM-MIB: the disks of the present domains. */
export const vmStorageTable: TableBinding<'vmStorageTable', Disk> = {
  table: 'vmStorageTable',
  source: domainsOf,
  rows: diskRows,
  columns: {
    vmStorageParent: () => NOT_IN_HR_STORAGE_TABLE,
    vmStorageSourceType: (disk) => disk.vmSourceType,
    vmStorageSourceTypeString: (disk) => disk.format ?? disk.type,
    vmStorageResourceID: (disk) => disk.source,
    vmStorageAccess: (disk) => access(disk),
    vmStorageMediaType: (disk) => mediaTypes[disk.device ?? 'unknown'],
    vmStorageMediaTypeString: (disk) => disk.bus,
    vmStorageSizeUnit: (disk) => disk.vmSizeUnit,
    vmStorageDefinedSize: (disk) => definedSize(disk),
    vmStorageAllocatedSize: (disk) =>
      // RFC 7666 demands that both sizes be equal for these; lveDiskAllocation has the true use.
      disk.vmSourceType === 'block' || disk.vmSourceType === 'raw'
        ? definedSize(disk)
        : (inUnits(disk.allocationBytes, disk.vmSizeUnit) ?? UNKNOWN_SIZE),
    vmStorageReadIOs: (disk) => disk.readRequests,
    vmStorageWriteIOs: (disk) => disk.writeRequests,
    vmStorageReadOctets: (disk) => disk.readBytes,
    vmStorageWriteOctets: (disk) => disk.writeBytes,
    vmStorageReadLatency: (disk) => disk.readTimeUs,
    vmStorageWriteLatency: (disk) => disk.writeTimeUs,
  },
};
