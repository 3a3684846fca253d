import type { FamilyTable } from '../family-table.ts';

export const jobFamilies: FamilyTable<'lveJobTable'> = {
  table: 'lveJobTable',
  prefix: 'libvirt_domain_job_',
  labels: { domain: 'lveDomName', kind: 'lveJobKind' },
  families: {
    lveJobType: 'type',
    lveJobOperation: 'operation',
    lveJobElapsed: 'elapsed_seconds',
    lveJobRemaining: 'remaining_seconds',
    lveJobPercent: 'progress_ratio',
    lveJobDataTotal: 'data_total_bytes',
    lveJobDataProcessed: 'data_processed_bytes',
    lveJobDataRemaining: 'data_remaining_bytes',
    lveJobMemoryBps: 'memory_bytes_per_second',
    lveJobDirtyRate: 'dirty_pages_per_second',
    lveJobIteration: 'iteration',
    lveJobDowntime: 'downtime_seconds',
    lveJobThrottle: 'throttle_ratio',
    lveJobSuccess: 'success',
    lveJobTime: 'end_time_seconds',
  },
};

export const jobStatFamilies: FamilyTable<'lveJobStatTable'> = {
  table: 'lveJobStatTable',
  prefix: 'libvirt_domain_job_stat_',
  labels: {},
  families: {
    lveJobStatValue: null,
    lveJobStatMilli: null,
  },
};
