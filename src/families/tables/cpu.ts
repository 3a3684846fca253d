import { type FamilyTable, unlessNegative } from '../family-table.ts';

export const domCpuFamilies: FamilyTable<'lveDomCpuTable'> = {
  table: 'lveDomCpuTable',
  prefix: 'libvirt_domain_cpu_',
  labels: { domain: 'lveDomName' },
  families: {
    lveDomCpuPercent: 'used_ratio',
    lveDomHaltPollSuccess: 'haltpoll_success_seconds_total',
    lveDomHaltPollFail: 'haltpoll_fail_seconds_total',
    lveDomCpuQuota: unlessNegative('quota_seconds'),
  },
};

export const vcpuFamilies: FamilyTable<'lveVcpuTable'> = {
  table: 'lveVcpuTable',
  prefix: 'libvirt_domain_vcpu_',
  labels: { domain: 'lveDomName', vcpu: 'lveVcpuNumber' },
  families: {
    lveVcpuNumber: null,
    lveVcpuPercent: 'used_ratio',
    lveVcpuHostCpu: 'cpu',
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
  rest: null,
  families: {},
};

export const iothreadFamilies: FamilyTable<'lveIothreadTable'> = {
  table: 'lveIothreadTable',
  prefix: 'libvirt_domain_iothread_',
  labels: { domain: 'lveDomName', iothread: 'lveIothreadIndex' },
  families: {},
};
