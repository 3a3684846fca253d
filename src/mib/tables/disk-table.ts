import type { Disk } from '../../model/disk.ts';
import type { TableBinding } from '../bind.ts';
import { BEFORE_START } from '../elapsed.ts';
import { fixedRowName } from '../row-name.ts';
import { diskFacts, diskRows, domainsOf } from './domain-rows.ts';

/** The disks of the present domains, beyond what vmStorageTable has. */
export const diskTable: TableBinding<'lveDiskTable', Disk> = {
  table: 'lveDiskTable',
  source: domainsOf,
  rows: diskRows,
  columns: {
    lveDiskTarget: diskFacts(({ target }) => target),
    lveDiskDevice: diskFacts(({ device }) => device),
    lveDiskType: diskFacts(({ type }) => type),
    lveDiskSource: diskFacts(({ source }) => source),
    lveDiskPool: diskFacts(({ pool }) => pool),
    lveDiskImage: diskFacts(({ image }) => image),
    lveDiskSerial: diskFacts(({ serial }) => serial),
    lveDiskBus: diskFacts(({ bus }) => bus),
    lveDiskFormat: diskFacts(({ format }) => format),
    lveDiskCache: diskFacts(({ cache }) => cache),
    lveDiskDiscard: diskFacts(({ discard }) => discard),
    lveDiskShared: diskFacts(({ shared }) => shared),
    lveDiskChainDepth: diskFacts(({ chainDepth }) => chainDepth),
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
    lveDiskDiscontinuityTime: diskFacts(({ discontinuityAt }) => discontinuityAt ?? BEFORE_START),
    lveDiskRowName: fixedRowName(({ facts }) => facts.target),
  },
};
