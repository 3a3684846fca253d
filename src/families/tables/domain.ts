import { began, type FamilyTable, oneOf } from '../family-table.ts';

export const domFamilies: FamilyTable<'lveDomTable'> = {
  table: 'lveDomTable',
  prefix: 'libvirt_domain_',
  labels: { domain: 'lveDomName' },
  families: {
    lveDomId: null,
    lveDomState: 'info_state',
    lveDomReason: 'info_state_reason',
    lveDomPresence: null,
    lveDomStateAge: null,
    lveDomStartTime: 'start_time_seconds',
    lveDomUptime: null,
    lveDomStartSource: null,
    lveDomStatsAge: began(
      'stats_timestamp_seconds',
      'The time at which the statistics of the domain were read.',
    ),
    lveDomControlTime: 'control_state_seconds',
    lveDomSnapshotOldestAge: began(
      'snapshot_oldest_timestamp_seconds',
      'The time at which the oldest snapshot was made.',
    ),
    lveDomLastEventSeq: null,
  },
};

export const specFamilies: FamilyTable<'lveSpecTable'> = {
  table: 'lveSpecTable',
  prefix: 'libvirt_domain_',
  labels: { domain: 'lveDomName' },
  rest: 'definition_',
  families: {
    lveSpecCpuSockets: null,
    lveSpecCpuCores: null,
    lveSpecCpuThreads: null,
    lveSpecNumaCells: null,
    lveSpecHugePageSize: 'huge_page_size_bytes',
    lveSpecHostDevices: 'host_devices',
    lveSpecLastChange: 'definition_change_timestamp_seconds',
  },
};

export const novaFamilies: FamilyTable<'lveNovaTable'> = {
  table: 'lveNovaTable',
  prefix: 'libvirt_domain_openstack_',
  labels: { domain: 'lveDomName' },
  families: {},
};

export const vmFamilies: FamilyTable<'vmTable'> = {
  table: 'vmTable',
  prefix: 'libvirt_domain_',
  labels: { domain: 'lveDomName' },
  families: {
    vmAdminState: null,
    vmOperState: 'oper_state',
    vmAutoStart: oneOf('autostart', { enabled: 1, disabled: 0 }),
    vmPersistent: oneOf('persistent', { persistent: 1, transient: 0 }),
    vmCurCpuNumber: 'info_virtual_cpus',
    vmMinCpuNumber: null,
    vmMaxCpuNumber: 'vcpu_maximum',
    vmMemUnit: null,
    vmCurMem: null,
    vmMinMem: null,
    vmMaxMem: null,
    vmUpTime: null,
    vmCpuTime: 'info_cpu_time_seconds_total',
  },
};
