import type { FileSystem } from '../../model/guest.ts';
import type { TableBinding } from '../bind.ts';
import { rowName } from '../row-name.ts';
import { domainsOf } from './domain-rows.ts';
import { presentDomains } from './present-domains.ts';

/** The file systems of the guests. */
export const fsTable: TableBinding<'lveFsTable', FileSystem> = {
  table: 'lveFsTable',
  source: domainsOf,
  rows: (snapshot, add) => {
    for (const domain of presentDomains(snapshot)) {
      for (const fileSystem of domain.fileSystems) add(fileSystem, domain.index, fileSystem.index);
    }
  },
  columns: {
    lveFsMountPoint: (fileSystem) => fileSystem.mountPoint,
    lveFsDevice: (fileSystem) => fileSystem.device,
    lveFsType: (fileSystem) => fileSystem.type,
    lveFsDisks: (fileSystem) => fileSystem.disks,
    lveFsTotal: (fileSystem) => fileSystem.totalBytes,
    lveFsUsed: (fileSystem) => fileSystem.usedBytes,
    lveFsUsedPercent: (fileSystem) => fileSystem.usedPercent,
    lveFsRowName: rowName((fileSystem) => fileSystem.mountPoint),
  },
};
