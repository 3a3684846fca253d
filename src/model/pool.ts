import type { poolStates } from '../libvirt-enums/infrastructure.ts';
import type { Count, EpochMs, Percent, Ratio } from './scalar-types.ts';

/** One storage pool (lvePoolTable). */
export interface Pool {
  readonly index: number;
  readonly name: string;
  readonly uuid: string;
  readonly type: string | undefined;
  readonly path: string | undefined;
  readonly state: (typeof poolStates)[number] | 'other';
  /** When libvirt was asked for the state. */
  readonly stateAt: EpochMs;
  readonly autostart: boolean | undefined;
  readonly capacityBytes: Count | undefined;
  readonly allocationBytes: Count | undefined;
  readonly availableBytes: Count | undefined;
  readonly usedPercent: Percent | undefined;
  readonly volumes: number | undefined;
  readonly provisionedBytes: Count | undefined;
  readonly overcommit: Ratio | undefined;
  /** Whose figures capacity, allocation and what is available are. */
  readonly figuresSource: 'libvirt' | 'fileSystem';
  /** When those were read from the storage: if not known, when they were first looked at; undefined if there are none. */
  readonly figuresAt: EpochMs | undefined;
}
