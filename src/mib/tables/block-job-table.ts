import type { BlockJob } from '../../model/disk.ts';
import type { TableBinding } from '../bind.ts';
import { rowName } from '../row-name.ts';
import { domainsOf } from './domain-rows.ts';
import { presentDomains } from './present-domains.ts';

/** The running block jobs. */
export const blockJobTable: TableBinding<'lveBlockJobTable', BlockJob> = {
  table: 'lveBlockJobTable',
  source: domainsOf,
  rows: (snapshot, add) => {
    for (const domain of presentDomains(snapshot)) {
      for (const job of domain.blockJobs) add(job, domain.index, job.diskIndex);
    }
  },
  columns: {
    lveBlockJobType: (job) => job.type,
    lveBlockJobCurrent: (job) => job.current,
    lveBlockJobEnd: (job) => job.end,
    lveBlockJobPercent: (job) => job.percent,
    lveBlockJobBandwidth: (job) => job.bandwidthBytes,
    lveBlockJobSince: (job) => job.since,
    lveBlockJobRowName: rowName((job) => job.target),
  },
};
