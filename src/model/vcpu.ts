import type { Count, Percent } from './scalar-types.ts';

/** One vCPU of an active domain. */
export interface Vcpu {
  /** vmCpuIndex: number + 1. */
  readonly index: number;
  /** libvirt's number, from 0; numbers may have gaps. */
  readonly number: number;
  readonly state: 'offline' | 'running' | 'blocked' | 'other' | undefined;
  readonly timeUs: Count | undefined;
  readonly percent: Percent | undefined;
  readonly waitUs: Count | undefined;
  readonly delayUs: Count | undefined;
  readonly halted: boolean | undefined;
  /** Host CPU it was on at the last refresh. */
  readonly hostCpu: number | undefined;
  readonly pin: VcpuPin | undefined;
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

/** One IOThread of an active domain. */
export interface Iothread {
  readonly id: number;
  readonly pollMaxNs: Count | undefined;
  readonly pollGrow: Count | undefined;
  readonly pollShrink: Count | undefined;
  readonly pollWeight: Count | undefined;
  readonly pin: string | undefined;
}
