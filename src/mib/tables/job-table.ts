import type { Job } from '../../model/job.ts';
import type { TableBinding } from '../bind.ts';
import { rowName } from '../row-name.ts';
import { domainsOf } from './domain-rows.ts';
import { presentDomains } from './present-domains.ts';

/** The running job and the job completed last, by kind. */
export const jobTable: TableBinding<'lveJobTable', Job> = {
  table: 'lveJobTable',
  source: domainsOf,
  rows: (snapshot, add) => {
    for (const domain of presentDomains(snapshot)) {
      for (const job of domain.jobs) add(job, domain.index, job.kind);
    }
  },
  columns: {
    lveJobType: (job) => job.type,
    lveJobOperation: (job) => job.operation,
    lveJobElapsed: (job) => job.elapsedMs,
    lveJobRemaining: (job) => job.remainingMs,
    lveJobPercent: (job) => job.percent,
    lveJobDataTotal: (job) => job.dataTotalBytes,
    lveJobDataProcessed: (job) => job.dataProcessedBytes,
    lveJobDataRemaining: (job) => job.dataRemainingBytes,
    lveJobMemoryBps: (job) => job.memoryBytesPerSec,
    lveJobDirtyRate: (job) => job.dirtyPagesPerSec,
    lveJobIteration: (job) => job.iteration,
    lveJobDowntime: (job) => job.downtimeMs,
    lveJobThrottle: (job) => job.throttle,
    lveJobSuccess: (job) => job.success,
    lveJobErrorText: (job) => job.errorText,
    lveJobTime: (job) => job.time,
    lveJobRowName: rowName((job) => job.kind),
  },
};
