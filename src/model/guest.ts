import type { Count, EpochMs, Percent, Ratio } from './scalar-types.ts';

/** What the guest agent tells (lveGuestTable); exists for active domains with an agent channel. */
export interface Guest {
  readonly agentState: 'unknown' | 'connected' | 'disconnected' | 'notResponding';
  readonly hostname: string | undefined;
  readonly osId: string | undefined;
  readonly osName: string | undefined;
  readonly osVersion: string | undefined;
  readonly kernel: string | undefined;
  readonly machine: string | undefined;
  readonly timezone: string | undefined;
  readonly timeOffsetSec: number | undefined;
  readonly users: number | undefined;
  readonly load1: Ratio | undefined;
  readonly load5: Ratio | undefined;
  readonly load15: Ratio | undefined;
  readonly infoAt: EpochMs | undefined;
}

/** One mounted file system of a guest (lveFsTable). */
export interface FileSystem {
  /** Bound to the mount point. */
  readonly index: number;
  readonly mountPoint: string;
  readonly device: string | undefined;
  readonly type: string | undefined;
  /** Targets of the disks that hold it, separated by spaces. */
  readonly disks: string | undefined;
  readonly totalBytes: Count | undefined;
  readonly usedBytes: Count | undefined;
  readonly usedPercent: Percent | undefined;
}
