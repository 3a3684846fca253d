import { findParam, type ParamValue, type TypedParams } from '../../libvirt/typed-params.ts';
import type { IoTune } from '../../model/disk.ts';
import type { NicLimits } from '../../model/nic.ts';
import type { Count } from '../../model/scalar-types.ts';

/** virDomainGetSchedulerParameters */
export interface SchedulerFacts {
  readonly shares: number | bigint | undefined;
  readonly quotaUs: number | undefined;
  readonly periodUs: number | undefined;
}

/** Parameters of virDomainGetBlockIoTune whose value 0 means that there is no such limit. */
const ioTuneNames = {
  totalBytes: 'total_bytes_sec',
  readBytes: 'read_bytes_sec',
  writeBytes: 'write_bytes_sec',
  totalIops: 'total_iops_sec',
  readIops: 'read_iops_sec',
  writeIops: 'write_iops_sec',
  totalBytesMax: 'total_bytes_sec_max',
  readBytesMax: 'read_bytes_sec_max',
  writeBytesMax: 'write_bytes_sec_max',
  totalIopsMax: 'total_iops_sec_max',
  readIopsMax: 'read_iops_sec_max',
  writeIopsMax: 'write_iops_sec_max',
  sizeIopsBytes: 'size_iops_sec',
} as const satisfies Partial<Record<keyof IoTune, string>>;

/** How long a burst may last: of interest only where the burst has a limit. */
const burstLengths = {
  totalBytesMaxLengthSec: 'totalBytesMax',
  readBytesMaxLengthSec: 'readBytesMax',
  writeBytesMaxLengthSec: 'writeBytesMax',
  totalIopsMaxLengthSec: 'totalIopsMax',
  readIopsMaxLengthSec: 'readIopsMax',
  writeIopsMaxLengthSec: 'writeIopsMax',
} as const satisfies Partial<Record<keyof IoTune, keyof typeof ioTuneNames>>;

/** The row of lveTuneTable for a disk; undefined if it has no limit. */
export function ioTuneOf(diskIndex: number, target: string, params: TypedParams): IoTune | undefined {
  const limit = (field: keyof typeof ioTuneNames): Count | undefined =>
    positive(findParam(params, ioTuneNames[field]));
  const length = (field: keyof typeof burstLengths): number | undefined => {
    const burst = burstLengths[field];
    if (limit(burst) === undefined) return undefined;
    const seconds = positive(findParam(params, `${ioTuneNames[burst]}_length`));
    return seconds === undefined ? undefined : Number(seconds);
  };
  const group = findParam(params, 'group_name');
  const tune: IoTune = {
    diskIndex,
    target,
    totalBytes: limit('totalBytes'),
    readBytes: limit('readBytes'),
    writeBytes: limit('writeBytes'),
    totalIops: limit('totalIops'),
    readIops: limit('readIops'),
    writeIops: limit('writeIops'),
    totalBytesMax: limit('totalBytesMax'),
    readBytesMax: limit('readBytesMax'),
    writeBytesMax: limit('writeBytesMax'),
    totalIopsMax: limit('totalIopsMax'),
    readIopsMax: limit('readIopsMax'),
    writeIopsMax: limit('writeIopsMax'),
    totalBytesMaxLengthSec: length('totalBytesMaxLengthSec'),
    readBytesMaxLengthSec: length('readBytesMaxLengthSec'),
    writeBytesMaxLengthSec: length('writeBytesMaxLengthSec'),
    totalIopsMaxLengthSec: length('totalIopsMaxLengthSec'),
    readIopsMaxLengthSec: length('readIopsMaxLengthSec'),
    writeIopsMaxLengthSec: length('writeIopsMaxLengthSec'),
    sizeIopsBytes: limit('sizeIopsBytes'),
    groupName: typeof group === 'string' && group !== '' ? group : undefined,
  };
  const limited = Object.keys(ioTuneNames).some((field) => tune[field as keyof IoTune] !== undefined);
  return limited ? tune : undefined;
}

/** virDomainGetSchedulerParameters: weight, and bandwidth of each vCPU. A period or quota of 0 is not set. */
export function schedulerOf(params: TypedParams): SchedulerFacts {
  const quota = findParam(params, 'vcpu_quota');
  const period = positive(findParam(params, 'vcpu_period'));
  return {
    shares: positive(findParam(params, 'cpu_shares')),
    quotaUs: quotaUs(quota),
    periodUs: period === undefined ? undefined : Number(period),
  };
}

/** The largest value of lveDomCpuQuota (Integer32). */
const maxInteger32 = 2_147_483_647;

/** libvirt reports an unlimited quota as -1, or as the largest number the kernel takes. */
function quotaUs(value: ParamValue | undefined): number | undefined {
  if (typeof value === 'bigint') return -1;
  if (typeof value !== 'number' || value === 0) return undefined;
  return value < 0 || value > maxInteger32 ? -1 : value;
}

/** virDomainGetInterfaceParameters, which counts in KiB per second; 0 is no limit. */
export function nicLimitsOf(params: TypedParams): NicLimits | undefined {
  const bytes = (name: string): number | undefined => {
    const kib = positive(findParam(params, name));
    return kib === undefined ? undefined : Number(kib) * 1024;
  };
  const limits = { inAverageBytes: bytes('inbound.average'), outAverageBytes: bytes('outbound.average') };
  return limits.inAverageBytes === undefined && limits.outAverageBytes === undefined ? undefined : limits;
}

function positive(value: ParamValue | undefined): Count | undefined {
  return (typeof value === 'number' || typeof value === 'bigint') && value > 0 ? value : undefined;
}
