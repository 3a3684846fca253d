import { aliasesOf } from '../alias.ts';

const uuid = { uuid: 'lveDomUuid' };
const dom = aliasesOf('lveDomTable', uuid);
const vm = aliasesOf('vmTable', uuid);
const cpu = aliasesOf('lveDomCpuTable', uuid);
const memory = aliasesOf('lveMemTable', uuid);
const vcpu = aliasesOf('vmCpuTable', { ...uuid, cpu: 'lveVcpuNumber' });
const nic = aliasesOf('lveNicTable', { ...uuid, interface: ['lveNicTarget', 'lveNicMac'] });
const disk = aliasesOf('vmStorageTable', { ...uuid, device: 'lveDiskTarget' });

const milliseconds = { scale: { divideBy: 1000 } };

/** Names of github.com/kubevirt/vAdvisor. Units are as the names say. */
export const vadvisorAliases = [
  dom.gauge('vm_up', 'lveDomUp', '1 if the machine runs, else 0; 0 for a while after it vanished.'),
  vm.counter('vm_cpu_milliseconds_total', 'vmCpuTime', 'CPU time.', milliseconds),
  cpu.counter(
    'vm_cpu_system_milliseconds_total',
    'lveDomCpuSystemTime',
    'CPU time in the kernel.',
    milliseconds,
  ),
  cpu.counter('vm_cpu_user_milliseconds_total', 'lveDomCpuUserTime', 'CPU time in user mode.', milliseconds),
  memory.gauge('vm_memory_bytes', 'lveMemCurrent', 'The memory assigned to the machine.'),
  nic.counter('vm_network_receive_bytes_total', 'lveNicRxBytes', 'Octets received.'),
  nic.counter('vm_network_receive_packets_total', 'lveNicRxPackets', 'Packets received.'),
  nic.counter('vm_network_receive_dropped_packets_total', 'lveNicRxDrops', 'Packets dropped in receiving.'),
  nic.counter('vm_network_receive_errors_total', 'lveNicRxErrors', 'Errors in receiving.'),
  nic.counter('vm_network_transmit_bytes_total', 'lveNicTxBytes', 'Octets sent.'),
  nic.counter('vm_network_transmit_packets_total', 'lveNicTxPackets', 'Packets sent.'),
  nic.counter('vm_network_transmit_dropped_packets_total', 'lveNicTxDrops', 'Packets dropped in sending.'),
  nic.counter('vm_network_transmit_errors_total', 'lveNicTxErrors', 'Errors in sending.'),
  disk.counter('vm_disk_write_requests_total', 'vmStorageWriteIOs', 'Write requests.'),
  disk.counter('vm_disk_write_bytes_total', 'vmStorageWriteOctets', 'Octets written.'),
  disk.counter('vm_disk_read_requests_total', 'vmStorageReadIOs', 'Read requests.'),
  disk.counter('vm_disk_read_bytes_total', 'vmStorageReadOctets', 'Octets read.'),
  vcpu.counter('vm_vcpu_milliseconds_total', 'vmCpuCoreTime', 'CPU time of the vCPU.', milliseconds),
];
