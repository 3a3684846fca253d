import { aliasesOf } from '../alias.ts';
import { usedPercent } from './used-percent.ts';

const domain = { domain: 'lveDomName' };
const device = { ...domain, target_device: 'lveDiskTarget' };
const agent = aliasesOf(undefined);
const pool = aliasesOf('lvePoolTable', { pool: 'lvePoolName' });
const dom = aliasesOf('lveDomTable', domain);
const vm = aliasesOf('vmTable', domain);
const memory = aliasesOf('lveMemTable', domain);
const disk = aliasesOf('lveDiskTable', device);
const limit = aliasesOf('lveTuneTable', device);
const nic = aliasesOf('lveNicTable', { ...domain, target_device: ['lveNicTarget', 'lveNicMac'] });

const prefix = 'libvirt_domain_block_stats_limit_';

/** Names of github.com/Tinkoff/libvirt-exporter that are not those all exporters have in common. 0 is no limit in it. */
export const tinkoffAliases = [
  agent.info('libvirt_versions_info', 'Versions of the hypervisor and of libvirt.', {
    hypervisor_running: 'vmHvVersion',
    libvirtd_running: 'lveLibvirtVersion',
  }),
  pool.gauge('libvirt_pool_info_capacity_bytes', 'lvePoolCapacity', 'The size of the pool.'),
  pool.gauge('libvirt_pool_info_allocation_bytes', 'lvePoolAllocation', 'What is used of the pool.'),
  pool.gauge('libvirt_pool_info_available_bytes', 'lvePoolAvailable', 'What is free of the pool.'),
  vm.info('libvirt_domain_info_meta', 'The domain, with the metadata of OpenStack Nova.', {
    uuid: 'lveDomUuid',
    instance_name: 'lveNovaInstanceName',
    flavor: 'lveNovaFlavor',
    user_name: 'lveNovaUserName',
    user_uuid: 'lveNovaUserId',
    project_name: 'lveNovaProjectName',
    project_uuid: 'lveNovaProjectId',
    root_type: 'lveNovaRootType',
    root_uuid: 'lveNovaImageId',
  }),
  dom.gauge('libvirt_domain_info_vstate', 'lveDomState', "The state of the domain, by libvirt's numbers."),
  disk.info('libvirt_domain_block_meta', 'What the definition says of the disk.', {
    source_file: 'lveDiskSource',
    serial: 'lveDiskSerial',
    bus: 'lveDiskBus',
    disk_type: 'lveDiskType',
    driver_type: 'lveDiskFormat',
    cache: 'lveDiskCache',
    discard: 'lveDiskDiscard',
  }),
  disk.gauge(
    'libvirt_domain_block_stats_allocation',
    'lveDiskAllocation',
    'What the image of the disk takes, in bytes.',
  ),
  disk.gauge(
    'libvirt_domain_block_stats_physicalsize_bytes',
    'lveDiskPhysical',
    'The size of the image of the disk.',
  ),
  limit.gauge(`${prefix}total_bytes`, 'lveTuneTotalBytes', 'Bytes per second at most.'),
  limit.gauge(`${prefix}write_bytes`, 'lveTuneWriteBytes', 'Bytes written per second at most.'),
  limit.gauge(`${prefix}read_bytes`, 'lveTuneReadBytes', 'Bytes read per second at most.'),
  limit.gauge(`${prefix}total_requests`, 'lveTuneTotalIops', 'Requests per second at most.'),
  limit.gauge(`${prefix}write_requests`, 'lveTuneWriteIops', 'Write requests per second at most.'),
  limit.gauge(`${prefix}read_requests`, 'lveTuneReadIops', 'Read requests per second at most.'),
  limit.gauge(`${prefix}burst_total_bytes`, 'lveTuneTotalBytesMax', 'Bytes per second in a burst.'),
  limit.gauge(`${prefix}burst_write_bytes`, 'lveTuneWriteBytesMax', 'Bytes written per second in a burst.'),
  limit.gauge(`${prefix}burst_read_bytes`, 'lveTuneReadBytesMax', 'Bytes read per second in a burst.'),
  limit.gauge(`${prefix}burst_total_requests`, 'lveTuneTotalIopsMax', 'Requests per second in a burst.'),
  limit.gauge(
    `${prefix}burst_write_requests`,
    'lveTuneWriteIopsMax',
    'Write requests per second in a burst.',
  ),
  limit.gauge(`${prefix}burst_read_requests`, 'lveTuneReadIopsMax', 'Read requests per second in a burst.'),
  limit.gauge(
    `${prefix}burst_total_bytes_length_seconds`,
    'lveTuneTotalBytesMaxLength',
    'How long a burst of bytes may last.',
  ),
  limit.gauge(
    `${prefix}burst_write_bytes_length_seconds`,
    'lveTuneWriteBytesMaxLength',
    'How long a burst of bytes written may last.',
  ),
  limit.gauge(
    `${prefix}burst_read_bytes_length_seconds`,
    'lveTuneReadBytesMaxLength',
    'How long a burst of bytes read may last.',
  ),
  limit.gauge(
    `${prefix}burst_length_total_requests_seconds`,
    'lveTuneTotalIopsMaxLength',
    'How long a burst of requests may last.',
  ),
  limit.gauge(
    `${prefix}burst_length_write_requests_seconds`,
    'lveTuneWriteIopsMaxLength',
    'How long a burst of write requests may last.',
  ),
  limit.gauge(
    `${prefix}burst_length_read_requests_seconds`,
    'lveTuneReadIopsMaxLength',
    'How long a burst of read requests may last.',
  ),
  limit.gauge(
    'libvirt_domain_block_stats_size_iops_bytes',
    'lveTuneSizeIops',
    'The size of a request that counts as one.',
  ),
  nic.info('libvirt_domain_interface_meta', 'What the definition says of the interface.', {
    source_bridge: 'lveNicSource',
    virtual_interface: 'lveNicPortId',
  }),
  memory.gauge(
    'libvirt_domain_memory_stats_actual_balloon_bytes',
    'lveMemCurrent',
    'The memory assigned to the guest.',
  ),
  memory.gauge(
    'libvirt_domain_memory_stats_disk_cache_bytes',
    'lveMemDiskCaches',
    'The memory of the guest that holds what is read from disks.',
  ),
  usedPercent,
];
