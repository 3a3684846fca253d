import type { ObjectName, TableName } from '../mib/bind.ts';
import { definitions } from '../mib/definitions.ts';
import type { Family } from './family.ts';
import type { LabelSources } from './family-table.ts';
import { readingOf } from './reading.ts';

/** A family under the name that another exporter gives it. */
interface Alias {
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  readonly help: string;
  readonly table: TableName | undefined;
  readonly object: ObjectName;
  readonly labels: LabelSources;
  /** Where its unit is not the base unit that follows from UNITS. */
  readonly scale?: { readonly divideBy?: number; readonly multiplyBy?: number };
}

const domain: LabelSources = { domain: 'lveDomName' };
const uuid: LabelSources = { uuid: 'lveDomUuid' };
const nic: LabelSources = { uuid: 'lveDomUuid', interface: ['lveNicTarget', 'lveNicMac'] };
const disk: LabelSources = { uuid: 'lveDomUuid', device: 'lveDiskTarget' };

function alias(
  type: Alias['type'],
  name: string,
  table: TableName | undefined,
  object: ObjectName,
  labels: LabelSources,
  help: string,
  scale: Alias['scale'] = {},
): Alias {
  return { type, name, table, object, labels, help, scale };
}

const milliseconds = { divideBy: 1000 };

/** Names of other exporters beside our own, for dashboards and rules that query them. Units are as the names say. */
const aliases = {
  // github.com/inovex/prometheus-libvirt-exporter, where its names are not those that all have in common.
  inovex: [
    alias('gauge', 'libvirt_domains', undefined, 'lveDomainsActive', {}, 'The number of active domains.'),
    alias(
      'gauge',
      'libvirt_domain_vcpu_current',
      'vmTable',
      'vmCurCpuNumber',
      domain,
      'The current number of vCPUs.',
    ),
    alias(
      'gauge',
      'libvirt_domain_memory_stats_current_balloon_bytes',
      'lveMemTable',
      'lveMemCurrent',
      domain,
      'The memory assigned to the guest.',
    ),
    alias(
      'gauge',
      'libvirt_domain_memory_stats_maximum_bytes',
      'lveMemTable',
      'lveMemMaximum',
      domain,
      'The maximum memory of the guest.',
    ),
    alias(
      'gauge',
      'libvirt_domain_memory_stats_swap_in_bytes',
      'lveMemTable',
      'lveMemSwapIn',
      domain,
      'The data read from the swap space of the guest.',
    ),
    alias(
      'gauge',
      'libvirt_domain_memory_stats_swap_out_bytes',
      'lveMemTable',
      'lveMemSwapOut',
      domain,
      'The data written to the swap space of the guest.',
    ),
    alias(
      'gauge',
      'libvirt_domain_memory_stats_used_percent',
      'lveMemTable',
      'lveMemUsedPercent',
      domain,
      'The memory used in the guest, in percent.',
      { divideBy: 100 },
    ),
  ],
  // github.com/kubevirt/vAdvisor
  vadvisor: [
    alias(
      'gauge',
      'vm_up',
      'lveDomTable',
      'lveDomUp',
      uuid,
      '1 if the machine runs, else 0; 0 for a while after it vanished.',
    ),
    alias('counter', 'vm_cpu_milliseconds_total', 'vmTable', 'vmCpuTime', uuid, 'CPU time.', milliseconds),
    alias(
      'counter',
      'vm_cpu_system_milliseconds_total',
      'lveDomCpuTable',
      'lveDomCpuSystemTime',
      uuid,
      'CPU time in the kernel.',
      milliseconds,
    ),
    alias(
      'counter',
      'vm_cpu_user_milliseconds_total',
      'lveDomCpuTable',
      'lveDomCpuUserTime',
      uuid,
      'CPU time in user mode.',
      milliseconds,
    ),
    alias(
      'gauge',
      'vm_memory_bytes',
      'lveMemTable',
      'lveMemCurrent',
      uuid,
      'The memory assigned to the machine.',
    ),
    alias(
      'counter',
      'vm_network_receive_bytes_total',
      'lveNicTable',
      'lveNicRxBytes',
      nic,
      'Octets received.',
    ),
    alias(
      'counter',
      'vm_network_receive_packets_total',
      'lveNicTable',
      'lveNicRxPackets',
      nic,
      'Packets received.',
    ),
    alias(
      'counter',
      'vm_network_receive_dropped_packets_total',
      'lveNicTable',
      'lveNicRxDrops',
      nic,
      'Packets dropped in receiving.',
    ),
    alias(
      'counter',
      'vm_network_receive_errors_total',
      'lveNicTable',
      'lveNicRxErrors',
      nic,
      'Errors in receiving.',
    ),
    alias('counter', 'vm_network_transmit_bytes_total', 'lveNicTable', 'lveNicTxBytes', nic, 'Octets sent.'),
    alias(
      'counter',
      'vm_network_transmit_packets_total',
      'lveNicTable',
      'lveNicTxPackets',
      nic,
      'Packets sent.',
    ),
    alias(
      'counter',
      'vm_network_transmit_dropped_packets_total',
      'lveNicTable',
      'lveNicTxDrops',
      nic,
      'Packets dropped in sending.',
    ),
    alias(
      'counter',
      'vm_network_transmit_errors_total',
      'lveNicTable',
      'lveNicTxErrors',
      nic,
      'Errors in sending.',
    ),
    alias(
      'counter',
      'vm_disk_write_requests_total',
      'vmStorageTable',
      'vmStorageWriteIOs',
      disk,
      'Write requests.',
    ),
    alias(
      'counter',
      'vm_disk_write_bytes_total',
      'vmStorageTable',
      'vmStorageWriteOctets',
      disk,
      'Octets written.',
    ),
    alias(
      'counter',
      'vm_disk_read_requests_total',
      'vmStorageTable',
      'vmStorageReadIOs',
      disk,
      'Read requests.',
    ),
    alias(
      'counter',
      'vm_disk_read_bytes_total',
      'vmStorageTable',
      'vmStorageReadOctets',
      disk,
      'Octets read.',
    ),
    alias(
      'counter',
      'vm_vcpu_milliseconds_total',
      'vmCpuTable',
      'vmCpuCoreTime',
      { uuid: 'lveDomUuid', cpu: 'lveVcpuNumber' },
      'CPU time of the vCPU.',
      milliseconds,
    ),
  ],
  // Statistics of libvirt by its own names, as far as no other family has them.
  stat: [
    alias(
      'gauge',
      'libvirt_domain_stat',
      'lveStatTable',
      'lveStatValue',
      { domain: 'lveDomName', stat: 'lveStatName' },
      'A statistic of libvirt that no other family has, by its name.',
    ),
  ],
} as const satisfies Readonly<Record<string, readonly Alias[]>>;

/** Sets of families; `libvirt` are our own. */
export const familySets = ['libvirt', 'inovex', 'vadvisor', 'stat'] as const;
export type FamilySet = (typeof familySets)[number];

/** The families of a set of aliases. */
export function aliasFamilies(set: Exclude<FamilySet, 'libvirt'>): readonly Family[] {
  return aliases[set].map(({ name, type, help, table, object, labels, scale = {} }: Alias) => {
    const base = readingOf(definitions[object]);
    const isOwn = scale.divideBy !== undefined || scale.multiplyBy !== undefined;
    const reading = isOwn
      ? { ...base, divideBy: scale.divideBy ?? 1, multiplyBy: scale.multiplyBy ?? 1 }
      : base;
    return { name, type, help, unit: undefined, series: [{ object, table, labels, fixed: {}, reading }] };
  });
}
