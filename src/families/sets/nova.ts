import { aliasesOf } from '../alias.ts';

const domain = { libvirtname: 'lveDomName' };
const nova = { novaname: 'lveNovaInstanceName', novaproject: 'lveNovaProjectName' };
const vm = aliasesOf('vmTable', domain, { texts: nova });
const memory = aliasesOf('lveMemTable', domain, { texts: nova });
const nic = aliasesOf(
  'lveNicTable',
  { ...domain, iface: ['lveNicTarget', 'lveNicMac'] },
  { texts: { ...nova, macaddr: 'lveNicMac' } },
);
const disk = aliasesOf(
  'vmStorageTable',
  { ...domain, targetdev: 'lveDiskTarget' },
  { texts: { ...nova, cindervolume: 'lveDiskSerial', disktype: 'lveDiskType' } },
);

/** Its memory is in KiB, and its CPU time in nanoseconds: `irate(…) / 1e9` is what its dashboards query. */
const kib = { scale: { divideBy: 1024 } };
const nanoseconds = { scale: { multiplyBy: 1000 } };

/** Names of github.com/compendius/libvirt_nova_exporter, in its units. */
export const novaAliases = [
  vm.counter('libvirt_nova_instance_cpu_time_total', 'vmCpuTime', 'CPU time, in nanoseconds.', nanoseconds),
  vm.gauge('libvirt_nova_instance_vcpu_count', 'vmMaxCpuNumber', 'The number of vCPUs.'),
  memory.gauge(
    'libvirt_nova_instance_memory_alloc_kb',
    'lveMemAvailable',
    'The memory that the guest has, in KiB.',
    kib,
  ),
  memory.gauge(
    'libvirt_nova_instance_memory_used_kb',
    'lveMemAvailable',
    'The memory used in the guest without its caches, in KiB.',
    { ...kib, minus: 'lveMemUsable' },
  ),
  memory.gauge(
    'libvirt_nova_instance_memory_cache_used_kb',
    'lveMemAvailable',
    'The memory used in the guest with its caches, in KiB.',
    { ...kib, minus: 'lveMemUnused' },
  ),
  nic.counter('libvirt_nova_instance_rxbytes', 'lveNicRxBytes', 'Octets received.'),
  nic.counter('libvirt_nova_instance_txbytes', 'lveNicTxBytes', 'Octets sent.'),
  disk.counter('libvirt_nova_instance_rdbytes', 'vmStorageReadOctets', 'Octets read.'),
  disk.counter('libvirt_nova_instance_wrbytes', 'vmStorageWriteOctets', 'Octets written.'),
  disk.counter('libvirt_nova_instance_rdreq', 'vmStorageReadIOs', 'Read requests.'),
  disk.counter('libvirt_nova_instance_wrreq', 'vmStorageWriteIOs', 'Write requests.'),
];
