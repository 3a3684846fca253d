import type { DiskError } from '../../model/disk.ts';
import type { TableBinding } from '../bind.ts';
import { rowName } from '../row-name.ts';
import { domainsOf } from './domain-rows.ts';
import { presentDomains } from './present-domains.ts';

/** The disks that are in error. */
export const diskErrorTable: TableBinding<'lveDiskErrTable', DiskError> = {
  table: 'lveDiskErrTable',
  source: domainsOf,
  rows: (snapshot, add) => {
    for (const domain of presentDomains(snapshot)) {
      for (const error of domain.diskErrors) add(error, domain.index, error.diskIndex);
    }
  },
  columns: {
    lveDiskErrCode: (error) => error.code,
    lveDiskErrTarget: (error) => error.target,
    lveDiskErrSince: (error) => error.since,
    lveDiskErrRowName: rowName((error) => error.target),
  },
};
