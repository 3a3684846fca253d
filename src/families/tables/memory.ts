import type { FamilyTable } from '../family-table.ts';

export const memFamilies: FamilyTable<'lveMemTable'> = {
  table: 'lveMemTable',
  prefix: 'libvirt_domain_',
  labels: { domain: 'lveDomName' },
  rest: 'memory_stats_',
  families: {
    lveMemCurrent: 'info_memory_usage_bytes',
    lveMemMaximum: 'info_maximum_memory_bytes',
    lveMemMajorFaults: 'memory_stats_major_fault_total',
    lveMemMinorFaults: 'memory_stats_minor_fault_total',
    lveMemHugePageAllocs: 'memory_stats_hugetlb_pgalloc_total',
    lveMemHugePageFails: 'memory_stats_hugetlb_pgfail_total',
    lveMemUpdateAge: null,
    lveMemDirtyPeriod: null,
  },
};
