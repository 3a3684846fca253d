import { vcpuStates } from '../libvirt-enums/domain-state.ts';
import type { FigureReader } from './figure-reader.ts';

const vcpu = { selectors: ['vcpu'] } as const;
const counter = { selectors: ['vcpu'], counter: true } as const;
const answered = { selectors: ['vcpu'], asked: true } as const;
const cpuUtil = { selectors: ['cpu_util'] } as const;

/** One vCPU of an active domain: the parameters `vcpu.N.` */
export type Vcpu = Readonly<ReturnType<typeof vcpuRow>>;

/**
 * @param number - libvirt's number, from 0; numbers may have gaps.
 * @param hostCpu - the host CPU it was on at the last refresh.
 */
export function vcpuRow(
  read: FigureReader,
  number: number,
  hostCpu: number | undefined,
  pin: VcpuPin | undefined,
) {
  return {
    /** vmCpuIndex */
    index: number + 1,
    number,
    hostCpu,
    pin,
    state: read.state('state', vcpuStates, 'other', vcpu),
    timeUs: read.nsToUs('time', counter),
    waitUs: read.nsToUs('wait', counter),
    delayUs: read.nsToUs('delay', counter),
    halted: read.flag('halted', answered),
    /** Share of one host CPU between the last two refreshes. */
    percent: read.rate('=percent', cpuUtil),
  };
}

/** Host CPUs that a vCPU may run on; shared between vCPUs with the same mask. */
export interface VcpuPin {
  /** As a list: `0-3,8`. */
  readonly list: string;
  /** Whether the list lacks a host CPU that is online. */
  readonly pinned: boolean;
  /** The same by number, ascending. */
  readonly cpus: readonly number[];
  /** The same for vmCpuAffinityTable; undefined where that is switched off. */
  readonly affinity: readonly AffinityCell[] | undefined;
}

/** One cell of the vCPU x host CPU matrix (vmCpuAffinityTable). */
export interface AffinityCell {
  /** vmCpuPhysIndex: hrDeviceIndex of the host CPU. */
  readonly physIndex: number;
  readonly affinity: 'unknown' | 'enable' | 'disable';
}
