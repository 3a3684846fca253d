import type { DiskError } from '../model/disk.ts';
import type { DomainState, VmOperState } from '../model/domain.ts';
import type { Guest } from '../model/guest.ts';
import type { KnownNic } from '../model/nic.ts';
import type { EpochMs } from '../model/scalar-types.ts';

/** What is remembered about a domain across restarts, beside its numbers. Unknown facts are absent. */
export interface KeptFacts {
  readonly startedAt?: EpochMs;
  /** Start of the first run since the domain was shut down; runs that go on from a saved image follow it. */
  readonly upSince?: EpochMs;
  readonly startSource?: 'unknown' | 'event' | 'process' | 'firstSeen';
  readonly stateSince?: EpochMs;
  readonly lastState?: DomainState;
  readonly lastReason?: number;
  /** libvirt's id of the active domain that the facts are about; another id means another run. */
  readonly lastId?: number;
  /** The boot of the agent's machine in which that id was given; ids begin anew with each. */
  readonly lastBoot?: string;
  /** The process of that run, where it could be seen (HypervisorProcess.run). */
  readonly lastRun?: string;
  readonly stateChanges?: number;
  /** Sizes of memory in the definition when the run of `lastId` was first seen, by path. */
  readonly runSizes?: Readonly<Record<string, string>>;
  /** Interfaces that share a MAC address, and what tells one from the other. */
  readonly nics?: readonly KnownNic[];
  /** SHA-256 of the definition. */
  readonly hash?: string;
  readonly hashChangedAt?: EpochMs;
  readonly discontinuityAt?: EpochMs;
  /** Unit of vmTable's sizes, in bytes. */
  readonly vmMemUnit?: number;
  /** Unit of vmStorageTable's sizes by target, in bytes. */
  readonly diskSizeUnits?: Readonly<Record<string, number>>;
}

/** Which of the facts are moments. */
export const momentFacts = [
  'startedAt',
  'upSince',
  'stateSince',
  'hashChangedAt',
  'discontinuityAt',
] as const satisfies readonly (keyof KeptFacts)[];

/** What the receivers of notifications were last told about a domain. */
export interface ReportedDomain {
  readonly name: string;
  readonly state: DomainState;
  readonly reason: number;
  readonly operState?: VmOperState;
  readonly persistent: boolean;
  /** Errors of disks by target. */
  readonly diskErrors?: Readonly<Record<string, DiskError['code']>>;
  readonly agentState?: Guest['agentState'];
}

/** A domain that ceased to exist; its row stays for the retention time (lveRetentionTime). */
export interface GoneDomain {
  readonly uuid: string;
  readonly name: string;
  readonly goneAt: EpochMs;
  /** Last known columns, as the collector wants them back. */
  readonly columns: GoneColumns;
}

/** What the row of a domain that ceased to exist goes on showing. A type, so that it is a plain object as well. */
export type GoneColumns = {
  readonly state?: DomainState;
  readonly reason?: number;
  readonly stateSince?: EpochMs;
  readonly stateChanges?: number;
  readonly persistent?: boolean;
};
