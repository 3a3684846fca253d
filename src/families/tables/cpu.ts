import { type FamilyTable, unlessNegative } from '../family-table.ts';

export const domCpuFamilies: FamilyTable<'lveDomCpuTable'> = {
  table: 'lveDomCpuTable',
  prefix: 'libvirt_domain_cpu_',
  labels: { domain: 'lveDomName' },
  families: {
    lveDomCpuUserTime: 'user_seconds_total',
    lveDomCpuSystemTime: 'system_seconds_total',
    lveDomCpuHostPercent: 'host_ratio',
    lveDomCpuPercent: 'used_ratio',
    lveDomCpuStealTime: 'steal_seconds_total',
    lveDomCpuStealPercent: 'steal_ratio',
    lveDomCpuWaitTime: 'wait_seconds_total',
    lveDomHaltPollSuccess: 'haltpoll_success_seconds_total',
    lveDomHaltPollFail: 'haltpoll_fail_seconds_total',
    lveDomCpuShares: 'shares',
    lveDomCpuQuota: unlessNegative('quota_seconds'),
    lveDomCpuPeriod: 'period_seconds',
  },
};

export const vcpuFamilies: FamilyTable<'lveVcpuTable'> = {
  table: 'lveVcpuTable',
  prefix: 'libvirt_domain_vcpu_',
  labels: { domain: 'lveDomName', vcpu: 'lveVcpuNumber' },
  families: {
    lveVcpuNumber: null,
    lveVcpuState: 'state',
    lveVcpuPercent: 'used_ratio',
    lveVcpuWaitTime: 'wait_seconds_total',
    lveVcpuDelayTime: 'delay_seconds_total',
    lveVcpuHalted: 'halted',
    lveVcpuHostCpu: 'cpu',
    lveVcpuPinned: 'pinned',
  },
};

export const vmCpuFamilies: FamilyTable<'vmCpuTable'> = {
  table: 'vmCpuTable',
  prefix: 'libvirt_domain_vcpu_',
  labels: { domain: 'lveDomName', vcpu: 'lveVcpuNumber' },
  families: {
    vmCpuCoreTime: 'time_seconds_total',
  },
};

export const affinityFamilies: FamilyTable<'vmCpuAffinityTable'> = {
  table: 'vmCpuAffinityTable',
  prefix: 'libvirt_domain_vcpu_',
  labels: {},
  families: {
    vmCpuAffinity: null,
  },
};

export const iothreadFamilies: FamilyTable<'lveIothreadTable'> = {
  table: 'lveIothreadTable',
  prefix: 'libvirt_domain_iothread_',
  labels: { domain: 'lveDomName', iothread: 'lveIothreadIndex' },
  families: {
    lveIothreadPollMax: 'poll_max_seconds',
    lveIothreadPollGrow: 'poll_grow',
    lveIothreadPollShrink: 'poll_shrink',
    lveIothreadPollWeight: 'poll_weight',
  },
};
