import type { EventDraft } from '../events/event-log.ts';
import type { ConnState } from '../model/agent.ts';
import type { DiskError } from '../model/disk.ts';
import type { DomainState, VmOperState } from '../model/domain.ts';
import type { Guest } from '../model/guest.ts';
import type { Job } from '../model/job.ts';
import type { Pool } from '../model/pool.ts';
import type { Count, Severity } from '../model/scalar-types.ts';

/** A domain as notifications name it. */
export interface DomainIdentity {
  /** lveDomIndex and vmIndex. */
  readonly index: number;
  readonly uuid: string;
  readonly name: string;
}

/** The state of a domain has changed (or its severity, by the reason alone). */
export interface DomainStateChanged {
  readonly type: 'domainState';
  readonly domain: DomainIdentity;
  readonly oldState: DomainState;
  readonly oldOperState: VmOperState;
  readonly oldSeverity: Severity;
  readonly state: DomainState;
  readonly reason: number;
  readonly severity: Severity;
  readonly operState: VmOperState;
}

/** A domain no longer exists on this host. */
export interface DomainDeleted {
  readonly type: 'domainDeleted';
  readonly domain: DomainIdentity;
  /** State before it was deleted. */
  readonly operState: VmOperState;
  readonly persistent: boolean | undefined;
}

export interface DiskErrorAppeared {
  readonly type: 'diskError';
  readonly domain: DomainIdentity;
  readonly diskIndex: number;
  readonly target: string;
  readonly code: DiskError['code'];
}

export interface DiskErrorCleared {
  readonly type: 'diskErrorCleared';
  readonly domain: DomainIdentity;
  readonly diskIndex: number;
  readonly target: string;
}

export interface JobCompleted {
  readonly type: 'jobCompleted';
  readonly domain: DomainIdentity;
  readonly operation: NonNullable<Job['operation']>;
  readonly success: boolean | undefined;
  readonly elapsedMs: Count | undefined;
  readonly errorText: string;
}

export interface BlockThresholdExceeded {
  readonly type: 'blockThreshold';
  readonly domain: DomainIdentity;
  readonly diskIndex: number;
  readonly target: string;
  readonly source: string;
  readonly thresholdBytes: Count;
  readonly excessBytes: Count;
}

export interface GuestAgentChanged {
  readonly type: 'guestAgent';
  readonly domain: DomainIdentity;
  readonly state: Guest['agentState'];
}

export interface ConnectionChanged {
  readonly type: 'connection';
  readonly uri: string;
  readonly state: ConnState;
  readonly up: boolean;
  readonly errorText: string;
}

export interface PoolStateChanged {
  readonly type: 'poolState';
  readonly poolIndex: number;
  readonly name: string;
  readonly state: Pool['state'];
  readonly availableBytes: Count | undefined;
  readonly capacityBytes: Count | undefined;
}

/** What a notification of its own exists for. */
export type Change =
  | DomainStateChanged
  | DomainDeleted
  | DiskErrorAppeared
  | DiskErrorCleared
  | JobCompleted
  | BlockThresholdExceeded
  | GuestAgentChanged
  | ConnectionChanged
  | PoolStateChanged;

/** Something that happened, told once, whether an event or the comparison of two snapshots revealed it. */
export interface Occurrence {
  /** Entry of the event log; undefined if the log already tells the story. */
  readonly event: EventDraft | undefined;
  readonly changes: readonly Change[];
  /** The entry is for the log alone, whatever kinds of events the configuration chooses. */
  readonly quiet?: boolean;
}
