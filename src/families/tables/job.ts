import type { FamilyTable } from '../family-table.ts';

export const jobFamilies: FamilyTable<'lveJobTable'> = {
  table: 'lveJobTable',
  prefix: 'libvirt_domain_job_',
  labels: { domain: 'lveDomName', kind: 'lveJobKind' },
  families: {
    lveJobPercent: 'progress_ratio',
    lveJobMemoryBps: 'memory_bytes_per_second',
    lveJobTime: 'end_time_seconds',
  },
};

export const jobStatFamilies: FamilyTable<'lveJobStatTable'> = {
  table: 'lveJobStatTable',
  prefix: 'libvirt_domain_job_stat_',
  labels: {},
  rest: null,
  families: {},
};
