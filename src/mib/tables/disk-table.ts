import type { Disk } from '../../model/disk.ts';
import type { TableBinding } from '../bind.ts';
import { diskRows, domainsOf } from './domain-rows.ts';

/** The disks of the present domains, beyond what vmStorageTable has. */
export const diskTable: TableBinding<'lveDiskTable', Disk> = {
  table: 'lveDiskTable',
  source: domainsOf,
  rows: diskRows,
  columns: {
    lveDiskTarget: (disk) => disk.target,
    lveDiskDevice: (disk) => disk.device,
    lveDiskType: (disk) => disk.type,
    lveDiskSource: (disk) => disk.source,
    lveDiskPool: (disk) => disk.pool,
    lveDiskImage: (disk) => disk.image,
    lveDiskSerial: (disk) => disk.serial,
    lveDiskBus: (disk) => disk.bus,
    lveDiskFormat: (disk) => disk.format,
    lveDiskCache: (disk) => disk.cache,
    lveDiskDiscard: (disk) => disk.discard,
    lveDiskShared: (disk) => disk.shared,
    lveDiskChainDepth: (disk) => disk.chainDepth,
    lveDiskCapacity: (disk) => disk.capacityBytes,
    lveDiskAllocation: (disk) => disk.allocationBytes,
    lveDiskPhysical: (disk) => disk.physicalBytes,
    lveDiskAllocPercent: (disk) => disk.allocPercent,
    lveDiskThreshold: (disk) => disk.thresholdBytes,
    lveDiskFlushRequests: (disk) => disk.flushRequests,
    lveDiskFlushTime: (disk) => disk.flushTimeUs,
    lveDiskReadLatency: (disk) => disk.readLatencyUs,
    lveDiskWriteLatency: (disk) => disk.writeLatencyUs,
    lveDiskFlushLatency: (disk) => disk.flushLatencyUs,
    lveDiskIoErrors: (disk) => disk.ioErrors,
  },
};
