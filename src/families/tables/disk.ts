import { type FamilyTable, microseconds, unlessZero } from '../family-table.ts';

export const diskFamilies: FamilyTable<'lveDiskTable'> = {
  table: 'lveDiskTable',
  prefix: 'libvirt_domain_block_stats_',
  labels: { domain: 'lveDomName', target_device: 'lveDiskTarget' },
  families: {
    lveDiskDevice: null,
    lveDiskShared: null,
    lveDiskAllocPercent: null,
    lveDiskFlushTime: 'flush_time_seconds_total',
    lveDiskReadLatency: null,
    lveDiskWriteLatency: null,
    lveDiskFlushLatency: null,
    lveDiskIoErrors: 'errors_total',
  },
};

export const vmStorageFamilies: FamilyTable<'vmStorageTable'> = {
  table: 'vmStorageTable',
  prefix: 'libvirt_domain_block_stats_',
  labels: { domain: 'lveDomName', target_device: 'lveDiskTarget' },
  families: {
    vmStorageParent: null,
    vmStorageSourceType: null,
    vmStorageAccess: null,
    vmStorageMediaType: null,
    vmStorageSizeUnit: null,
    vmStorageDefinedSize: null,
    vmStorageAllocatedSize: null,
    vmStorageReadIOs: 'read_requests_total',
    vmStorageWriteIOs: 'write_requests_total',
    vmStorageReadOctets: 'read_bytes_total',
    vmStorageWriteOctets: 'write_bytes_total',
    vmStorageReadLatency: microseconds('read_time_seconds_total'),
    vmStorageWriteLatency: microseconds('write_time_seconds_total'),
  },
};

export const diskErrorFamilies: FamilyTable<'lveDiskErrTable'> = {
  table: 'lveDiskErrTable',
  prefix: 'libvirt_domain_block_',
  labels: { domain: 'lveDomName', target_device: 'lveDiskTarget' },
  rest: 'error_',
  families: {
    lveDiskErrCode: 'error',
  },
};

export const tuneFamilies: FamilyTable<'lveTuneTable'> = {
  table: 'lveTuneTable',
  prefix: 'libvirt_domain_block_limit_',
  labels: { domain: 'lveDomName', target_device: 'lveDiskTarget' },
  families: {
    lveTuneTotalBytes: unlessZero('total_bytes_per_second'),
    lveTuneReadBytes: unlessZero('read_bytes_per_second'),
    lveTuneWriteBytes: unlessZero('write_bytes_per_second'),
    lveTuneTotalIops: unlessZero('total_requests_per_second'),
    lveTuneReadIops: unlessZero('read_requests_per_second'),
    lveTuneWriteIops: unlessZero('write_requests_per_second'),
    lveTuneTotalBytesMax: unlessZero('burst_total_bytes_per_second'),
    lveTuneReadBytesMax: unlessZero('burst_read_bytes_per_second'),
    lveTuneWriteBytesMax: unlessZero('burst_write_bytes_per_second'),
    lveTuneTotalIopsMax: unlessZero('burst_total_requests_per_second'),
    lveTuneReadIopsMax: unlessZero('burst_read_requests_per_second'),
    lveTuneWriteIopsMax: unlessZero('burst_write_requests_per_second'),
    lveTuneTotalBytesMaxLength: unlessZero('burst_total_bytes_length_seconds'),
    lveTuneReadBytesMaxLength: unlessZero('burst_read_bytes_length_seconds'),
    lveTuneWriteBytesMaxLength: unlessZero('burst_write_bytes_length_seconds'),
    lveTuneTotalIopsMaxLength: unlessZero('burst_total_requests_length_seconds'),
    lveTuneReadIopsMaxLength: unlessZero('burst_read_requests_length_seconds'),
    lveTuneWriteIopsMaxLength: unlessZero('burst_write_requests_length_seconds'),
    lveTuneSizeIops: unlessZero('request_size_bytes'),
  },
};

export const blockJobFamilies: FamilyTable<'lveBlockJobTable'> = {
  table: 'lveBlockJobTable',
  prefix: 'libvirt_domain_block_job_',
  labels: { domain: 'lveDomName', target_device: 'lveDiskTarget' },
  families: {
    lveBlockJobPercent: null,
    lveBlockJobBandwidth: unlessZero('limit_bytes_per_second'),
    lveBlockJobSince: 'start_time_seconds',
  },
};
