import { reasonCode, reasonName } from '../domain-state/state-text.ts';
import type { ImpliedState } from '../events/lifecycle.ts';
import type { DiskError } from '../model/disk.ts';
import type { Domain, DomainState, VmOperState } from '../model/domain.ts';
import type { EventKind } from '../model/event.ts';
import type { Guest } from '../model/guest.ts';
import type { EpochMs } from '../model/scalar-types.ts';
import type { DomainIdentity } from './occurrence.ts';

/** State and reason that libvirt gave when asked. */
export interface RefinedState {
  readonly state: DomainState;
  readonly reason: number;
}

/** One comparison of a snapshot with what has been reported. */
export interface Comparison {
  readonly at: EpochMs;
  /** The same by the monotonic clock, which measures how long something has been so. */
  readonly atMs: number;
  /** Refreshes the snapshot has behind it. */
  readonly refreshCount: number;
  /** Added to the texts: how and why the change was only found. */
  readonly foundText: string;
  /** Whether the domains found are only noted: the agent has never reported anything. */
  readonly adopt: boolean;
  /** Whether the rows tell which disks are in error. */
  readonly diskErrorsKnown: boolean;
  /** Whether the rows tell which jobs were completed. */
  readonly jobsKnown: boolean;
  /** Whether a change of state is believed only if it is still there a little later. */
  readonly patient: boolean;
}

/** What the receivers have been told about a domain. */
export interface TrackedDomain {
  readonly index: number;
  readonly uuid: string;
  name: string;
  present: boolean;
  state: DomainState;
  reason: number;
  operState: VmOperState;
  /** Undefined until a snapshot or an event tells. */
  persistent: boolean | undefined;
  /** Whether it is on its way here from another host and does not run yet. */
  isIncoming: boolean;
  agentState: Guest['agentState'] | undefined;
  diskErrors: ReadonlyMap<string, DiskError['code']>;
  /** When the last event about the guest agent came, by the monotonic clock. */
  agentEventMs: number;
  /** Identifies the completed job of the row last compared; undefined while none has been looked at. */
  completedJob: string | undefined;
  /** Whether an event has told of a job that the rows do not show yet. */
  jobTold: boolean;
  /** The row last compared. */
  row: Domain | undefined;
  /** Since when, by the monotonic clock, snapshots differ from what was reported; an event may be on its way. */
  differsSinceMs: number | undefined;
  /** Snapshots with fewer refreshes may be older than the last event. */
  settledAtRefresh: number;
  eventAt: EpochMs;
  /** The log entry made for a change that was found, in case its event is only late. */
  found: { readonly kind: EventKind; readonly atMs: number } | undefined;
}

/** A domain that is on its way here from another host has "started" and does not run yet. */
const onItsWay: RefinedState = { state: 'paused', reason: reasonCode('paused', 'migration') };

/**
 * The state after an event, with what libvirt said when asked. Where the state has moved on, its reason is
 * not known any more; a pause that was the beginning of a crash is told by the crash. A domain from another host is on
 * its way unless libvirt says that it runs: that it has arrived is told by an event of its own.
 */
export function refineState(
  implied: ImpliedState,
  refined: RefinedState | undefined,
  name: string,
): RefinedState | undefined {
  if (name === 'started/migrated') {
    return refined?.state === 'running' || refined?.state === 'paused' ? refined : onItsWay;
  }
  if (refined === undefined) return implied;
  if (refined.state === implied.state) return refined;
  if (implied.state !== 'paused') return implied;
  return refined.state === 'crashed' ? undefined : { state: implied.state, reason: 0 };
}

export function identityOf(known: TrackedDomain): DomainIdentity {
  return { index: known.index, uuid: known.uuid, name: known.name };
}

export function isActive(state: DomainState): boolean {
  return state !== 'shutoff' && state !== 'nostate';
}

/**
 * Whether a row's state is worth comparing. One that has not been read yet is not, nor one that lasts only
 * for the moment of a start.
 */
export function tellsState(row: Domain): boolean {
  const { stateKnown, state, reason } = row.facts;
  if (!stateKnown) return false;
  return state !== 'paused' || reasonName(state, reason) !== 'starting_up';
}

export function isSettled(known: TrackedDomain, row: Domain, comparison: Comparison): boolean {
  // The clock was set back: what came first is told by the refreshes alone.
  if (known.eventAt > comparison.at) known.eventAt = 0;
  if (comparison.refreshCount < known.settledAtRefresh) return false;
  if (row.facts.statsStatus === 'stale') return false;
  return !row.facts.active || row.statsAt === undefined || row.statsAt >= known.eventAt;
}

/** The state derived by the collectors, who know of running jobs; not `unknown`, which only says that they lost touch. */
export function knownOperState(row: Domain): VmOperState | undefined {
  const { operState } = row.facts;
  return operState === 'unknown' ? undefined : operState;
}

export function diskErrorsOf(row: Domain): ReadonlyMap<string, DiskError['code']> {
  return new Map(row.diskErrors.map((error) => [error.target, error.code]));
}

export function completedJobOf(row: Domain): string {
  const job = row.jobs.find((candidate) => candidate.kind === 'completed');
  return job === undefined ? '' : `${job.operation}/${String(job.elapsedMs)}/${job.time}`;
}
