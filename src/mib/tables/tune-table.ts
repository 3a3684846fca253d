import type { IoTune } from '../../model/disk.ts';
import type { TableBinding } from '../bind.ts';
import { rowName } from '../row-name.ts';
import { domainsOf } from './domain-rows.ts';
import { presentDomains } from './present-domains.ts';

/** The limits of the disks. */
export const tuneTable: TableBinding<'lveTuneTable', IoTune> = {
  table: 'lveTuneTable',
  source: domainsOf,
  rows: (snapshot, add) => {
    for (const domain of presentDomains(snapshot)) {
      for (const tune of domain.ioTunes) add(tune, domain.index, tune.diskIndex);
    }
  },
  columns: {
    lveTuneTotalBytes: (tune) => tune.totalBytes,
    lveTuneReadBytes: (tune) => tune.readBytes,
    lveTuneWriteBytes: (tune) => tune.writeBytes,
    lveTuneTotalIops: (tune) => tune.totalIops,
    lveTuneReadIops: (tune) => tune.readIops,
    lveTuneWriteIops: (tune) => tune.writeIops,
    lveTuneTotalBytesMax: (tune) => tune.totalBytesMax,
    lveTuneReadBytesMax: (tune) => tune.readBytesMax,
    lveTuneWriteBytesMax: (tune) => tune.writeBytesMax,
    lveTuneTotalIopsMax: (tune) => tune.totalIopsMax,
    lveTuneReadIopsMax: (tune) => tune.readIopsMax,
    lveTuneWriteIopsMax: (tune) => tune.writeIopsMax,
    lveTuneTotalBytesMaxLength: (tune) => tune.totalBytesMaxLengthSec,
    lveTuneReadBytesMaxLength: (tune) => tune.readBytesMaxLengthSec,
    lveTuneWriteBytesMaxLength: (tune) => tune.writeBytesMaxLengthSec,
    lveTuneTotalIopsMaxLength: (tune) => tune.totalIopsMaxLengthSec,
    lveTuneReadIopsMaxLength: (tune) => tune.readIopsMaxLengthSec,
    lveTuneWriteIopsMaxLength: (tune) => tune.writeIopsMaxLengthSec,
    lveTuneSizeIops: (tune) => tune.sizeIopsBytes,
    lveTuneGroupName: (tune) => tune.groupName,
    lveTuneRowName: rowName((tune) => tune.target),
  },
};
