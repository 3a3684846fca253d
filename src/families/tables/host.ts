import { began, type FamilyGroup, type FamilyTable } from '../family-table.ts';

export const hostFamilies: FamilyGroup<'lveHost'> = {
  group: 'lveHost',
  prefix: 'libvirt_host_',
  help: {
    cpu_seconds_total: 'The time all processors of the host spent in each mode.',
    ksm_pages: 'The pages of kernel same-page merging by state.',
  },
  families: {
    lveHostCpus: 'cpus_online',
    lveHostMhz: 'cpu_frequency_hertz',
    lveHostNumaCells: 'numa_nodes',
    lveHostSockets: null,
    lveHostCores: null,
    lveHostThreads: null,
    lveHostCpuUserTime: ['cpu_seconds_total', { mode: 'user' }],
    lveHostCpuKernelTime: ['cpu_seconds_total', { mode: 'system' }],
    lveHostCpuIdleTime: ['cpu_seconds_total', { mode: 'idle' }],
    lveHostCpuIowaitTime: ['cpu_seconds_total', { mode: 'iowait' }],
    lveHostCpuIntrTime: ['cpu_seconds_total', { mode: 'irq' }],
    lveHostCpuGuestTime: ['cpu_seconds_total', { mode: 'guest' }],
    lveHostCpuUtil: 'cpu_used_ratio',
    lveHostMemTotal: 'memory_total_bytes',
    lveHostMemFree: 'memory_free_bytes',
    lveHostMemBuffers: 'memory_buffers_bytes',
    lveHostMemCached: 'memory_cached_bytes',
    lveHostMemAvailable: 'memory_available_bytes',
    lveHostMemUsedPercent: 'memory_used_ratio',
    lveHostMemActive: 'memory_active_bytes',
    lveHostMemDefined: 'memory_defined_bytes',
    lveHostMemOvercommit: 'memory_overcommit_ratio',
    lveHostMemRss: 'memory_domains_rss_bytes',
    lveHostKsmPagesShared: ['ksm_pages', { state: 'shared' }],
    lveHostKsmPagesSharing: ['ksm_pages', { state: 'sharing' }],
    lveHostKsmPagesUnshared: ['ksm_pages', { state: 'unshared' }],
    lveHostKsmPagesVolatile: ['ksm_pages', { state: 'volatile' }],
  },
};

export const hypervisorFamilies: FamilyGroup<'vmHypervisor'> = {
  group: 'vmHypervisor',
  prefix: 'libvirt_host_',
  families: {
    vmHvUpTime: began(
      'boot_time_seconds',
      'The time at which the host booted; absent if it is another than that of the agent.',
    ),
  },
};

export const vmObjectFamilies: FamilyGroup<'vmObjects'> = {
  group: 'vmObjects',
  prefix: 'libvirt_',
  rest: null,
  families: {},
};

export const hostCpuFamilies: FamilyTable<'lveHostCpuTable'> = {
  table: 'lveHostCpuTable',
  prefix: 'libvirt_host_core_',
  labels: { cpu: 'lveHostCpuNumber' },
  help: { seconds_total: 'The time the processor spent in each mode.' },
  families: {
    lveHostCpuNumber: null,
    lveHostCpuCell: null,
    lveHostCpuUser: ['seconds_total', { mode: 'user' }],
    lveHostCpuKernel: ['seconds_total', { mode: 'system' }],
    lveHostCpuIdle: ['seconds_total', { mode: 'idle' }],
    lveHostCpuIowait: ['seconds_total', { mode: 'iowait' }],
    lveHostCpuBusy: 'used_ratio',
  },
};

export const numaFamilies: FamilyTable<'lveNumaTable'> = {
  table: 'lveNumaTable',
  prefix: 'libvirt_host_numa_',
  labels: { node: 'lveNumaCell' },
  families: {
    lveNumaCell: null,
    lveNumaMemTotal: 'memory_total_bytes',
    lveNumaMemFree: 'memory_free_bytes',
  },
};

export const hugePageFamilies: FamilyTable<'lveHugePageTable'> = {
  table: 'lveHugePageTable',
  prefix: 'libvirt_host_',
  labels: { node: 'lveNumaCell', page_kib: 'lveHugePageSize' },
  rest: 'huge_page_',
  families: {
    lveHugePageTotal: 'huge_pages',
    lveHugePageFree: 'huge_pages_free',
  },
};
