import type { FamilyTable } from '../family-table.ts';

export const memFamilies: FamilyTable<'lveMemTable'> = {
  table: 'lveMemTable',
  prefix: 'libvirt_domain_',
  labels: { domain: 'lveDomName' },
  families: {
    lveMemCurrent: 'info_memory_usage_bytes',
    lveMemMaximum: 'info_maximum_memory_bytes',
    lveMemRss: 'memory_stats_rss_bytes',
    lveMemAvailable: 'memory_stats_available_bytes',
    lveMemUnused: 'memory_stats_unused_bytes',
    lveMemUsable: 'memory_stats_usable_bytes',
    lveMemDiskCaches: 'memory_stats_disk_caches_bytes',
    lveMemUsedPercent: 'memory_stats_used_ratio',
    lveMemSwapIn: 'memory_stats_swap_in_bytes_total',
    lveMemSwapOut: 'memory_stats_swap_out_bytes_total',
    lveMemMajorFaults: 'memory_stats_major_fault_total',
    lveMemMinorFaults: 'memory_stats_minor_fault_total',
    lveMemHugePageAllocs: 'memory_stats_hugetlb_pgalloc_total',
    lveMemHugePageFails: 'memory_stats_hugetlb_pgfail_total',
    lveMemLastUpdate: 'memory_stats_last_update_timestamp_seconds',
    lveMemUpdateAge: null,
    lveMemDirtyStatus: 'memory_stats_dirty_status',
    lveMemDirtyRate: 'memory_stats_dirty_bytes_per_second',
    lveMemDirtyPeriod: null,
  },
};
