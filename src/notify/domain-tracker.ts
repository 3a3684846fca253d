import type { EventDraft } from '../events/event-log.ts';
import { type Lifecycle, lifecycleBetween } from '../events/lifecycle.ts';
import { operStateOf } from '../events/oper-state.ts';
import { eventSeverity, type SeverityOverrides, severityOf } from '../events/severity.ts';
import { reasonName, stateText } from '../events/state-text.ts';
import type { Domain, DomainState, VmOperState } from '../model/domain.ts';
import type { EventKind } from '../model/event.ts';
import type { Guest } from '../model/guest.ts';
import type { EpochMs } from '../model/scalar-types.ts';
import type { IndexStore } from '../state/index-store.ts';
import type { ReportedDomain } from '../state/state-types.ts';
import type { Change, DomainIdentity, DomainStateChanged, Fact } from './fact.ts';
import {
  type Comparison,
  completedJobOf,
  diskErrorsOf,
  identityOf,
  isActive,
  isSettled,
  knownOperState,
  type RefinedState,
  refineState,
  type TrackedDomain,
  tellsState,
} from './tracked-domain.ts';

/** The parts of {@link IndexStore} that are needed here. */
export type DomainIndexes = Pick<IndexStore, 'domain' | 'disk' | 'reportedDomains' | 'setReported'>;

/**
 * A refresh may be under way while an event arrives, and show the state before it. The second refresh
 * after the event cannot.
 */
const refreshesToSettle = 2;
/** An event overtaken by a snapshot arrives within this time; what is found is not reported before. */
export const patienceMs = 1000;
/** An event that arrives this long after its effect was found tells the same story. */
const lateEventMs = 10_000;
/** An answer of the guest agent that arrives this soon after an event may be older than the event. */
const agentEventMs = 5000;

/** Remembers what was reported about each domain, so that every change is reported once. */
export class DomainTracker {
  readonly #indexes: DomainIndexes;
  readonly #overrides: SeverityOverrides;
  readonly #domains = new Map<string, TrackedDomain>();
  /** Domains that snapshots show and nobody has announced, and since when. */
  readonly #newcomers = new Map<string, EpochMs>();
  /** Whether all domains of the host have been seen once. */
  #compared = false;
  #isWaiting = false;

  constructor(indexes: DomainIndexes, overrides: SeverityOverrides) {
    this.#indexes = indexes;
    this.#overrides = overrides;
    for (const [uuid, reported] of indexes.reportedDomains()) this.#restore(uuid, reported);
  }

  /** Number of domains known to exist. */
  get size(): number {
    return this.#domains.size;
  }

  /** The domain as notifications name it. */
  identity(uuid: string, name: string): DomainIdentity {
    const known = this.#domains.get(uuid);
    return { index: known?.index ?? this.#indexes.domain(uuid), uuid, name };
  }

  /** A lifecycle event. `refined` is what libvirt says about an ambiguous one. */
  onLifecycle(
    subject: { readonly uuid: string; readonly name: string },
    lifecycle: Lifecycle,
    event: EventDraft,
    refreshCount: number,
    refined: RefinedState | undefined,
  ): Fact {
    const isNew = !this.#domains.has(subject.uuid);
    // libvirt resumes a new run before it says that the run has started.
    if (lifecycle.kind === 'resumed' && !this.#isActive(subject.uuid)) return { event, changes: [] };
    const known = this.#domains.get(subject.uuid) ?? this.#create(subject.uuid, subject.name);
    known.settledAtRefresh = refreshCount + refreshesToSettle;
    known.eventAt = event.at;
    known.differsSince = undefined;
    this.#newcomers.delete(subject.uuid);
    const changes: Change[] = [];
    const { implied, kind, name } = lifecycle;
    if (kind === 'defined') this.#defined(known, subject.name, isNew);
    else if (name === 'undefined/removed') this.#undefined(known, changes);
    else if (implied !== undefined) {
      known.present = true;
      if (kind === 'started') this.#missedStop(known, event.at);
      // Whoever starts without ever having been defined is transient.
      if (kind === 'started' && isNew && this.#compared) known.persistent = false;
      const now = refineState(implied, refined);
      const change =
        now === undefined ? undefined : this.#changeState(known, now.state, now.reason, undefined);
      if (change !== undefined) changes.push(change);
      if (kind === 'stopped') this.#stopped(known, changes);
    }
    const isLate =
      changes.length === 0 && known.found?.kind === kind && event.at - known.found.at < lateEventMs;
    known.found = undefined;
    this.#remember(known);
    return { event: isLate ? undefined : event, changes };
  }

  /** An event about the guest agent's channel. */
  onAgent(
    subject: { readonly uuid: string; readonly name: string },
    state: 'connected' | 'disconnected',
    event: EventDraft,
  ): Fact {
    const known = this.#domains.get(subject.uuid);
    if (known === undefined) return { event, changes: [] };
    known.agentEventAt = event.at;
    const isLate =
      known.agentState === state &&
      known.found?.kind === 'agentLifecycle' &&
      event.at - known.found.at < lateEventMs;
    const changes = this.#changeAgent(known, state);
    this.#remember(known);
    return { event: isLate ? undefined : event, changes };
  }

  /** Whether a domain is about to end: what its hypervisor says then is no trouble. */
  isEnding(uuid: string): boolean {
    const state = this.#domains.get(uuid)?.state;
    return state === 'shutdown' || state === 'shutoff';
  }

  /** A job completed event: whether it is news. The rows will show the same job later. */
  onJob(uuid: string, at: EpochMs): boolean {
    const known = this.#domains.get(uuid);
    if (known === undefined) return true;
    if (known.found?.kind === 'jobCompleted' && at - known.found.at < lateEventMs) {
      known.found = undefined;
      return false;
    }
    known.jobTold = true;
    return true;
  }

  /** Finds what happened without an event. */
  compare(rows: readonly Domain[], comparison: Comparison): readonly Fact[] {
    const facts: Fact[] = [];
    const seen = new Set<string>();
    const goneAt = new Map<string, EpochMs>();
    this.#compared = true;
    this.#isWaiting = false;
    for (const row of rows) {
      if (row.presence === 'gone') {
        goneAt.set(row.uuid, row.goneAt ?? 0);
        continue;
      }
      seen.add(row.uuid);
      const known = this.#domains.get(row.uuid);
      if (known === undefined) {
        if (this.#isPatienceOver(this.#newcomers.get(row.uuid), comparison)) {
          this.#newcomers.delete(row.uuid);
          this.#appeared(row, comparison, facts);
        } else if (!this.#newcomers.has(row.uuid)) this.#newcomers.set(row.uuid, comparison.at);
      } else if (known.row !== row && isSettled(known, row, comparison)) {
        this.#compareRow(known, row, comparison, facts);
      }
    }
    for (const known of this.#domains.values()) {
      if (seen.has(known.uuid)) continue;
      // A domain that was missed in a list read after its last event is gone; else the list may be older.
      const isSettled =
        comparison.refreshCount >= known.settledAtRefresh || (goneAt.get(known.uuid) ?? 0) > known.eventAt;
      if (!isSettled) continue;
      if (known.present && !this.#isPatienceOver(known.differsSince, comparison)) {
        known.differsSince ??= comparison.at;
        continue;
      }
      if (known.present) this.#vanished(known, comparison, facts);
      this.#domains.delete(known.uuid);
      this.#indexes.setReported(known.uuid, undefined);
    }
    for (const uuid of this.#newcomers.keys()) if (!seen.has(uuid)) this.#newcomers.delete(uuid);
    return facts;
  }

  /** Whether the last comparison found something that it did not report yet. */
  get isWaiting(): boolean {
    return this.#isWaiting;
  }

  #isPatienceOver(since: EpochMs | undefined, comparison: Comparison): boolean {
    if (!comparison.patient) return true;
    if (since !== undefined && comparison.at - since >= patienceMs) return true;
    this.#isWaiting = true;
    return false;
  }

  #isActive(uuid: string): boolean {
    const known = this.#domains.get(uuid);
    return known?.present === true && isActive(known.state);
  }

  #create(uuid: string, name: string): TrackedDomain {
    const known: TrackedDomain = {
      index: this.#indexes.domain(uuid),
      uuid,
      name,
      present: true,
      state: 'nostate',
      reason: 0,
      operState: 'unknown',
      persistent: undefined,
      agentState: undefined,
      diskErrors: new Map(),
      agentEventAt: Number.NEGATIVE_INFINITY,
      completedJob: undefined,
      jobTold: false,
      row: undefined,
      differsSince: undefined,
      settledAtRefresh: 0,
      eventAt: 0,
      found: undefined,
    };
    this.#domains.set(uuid, known);
    return known;
  }

  #restore(uuid: string, reported: ReportedDomain): void {
    const known = this.#create(uuid, reported.name);
    known.state = reported.state;
    known.reason = reported.reason;
    known.operState = reported.operState ?? operStateOf(reported).operState;
    known.persistent = reported.persistent;
    known.agentState = reported.agentState;
    known.diskErrors = new Map(Object.entries(reported.diskErrors ?? {}));
  }

  #remember(known: TrackedDomain): void {
    if (!known.present || known.state === 'nostate') {
      this.#indexes.setReported(known.uuid, undefined);
      return;
    }
    this.#indexes.setReported(known.uuid, {
      name: known.name,
      state: known.state,
      reason: known.reason,
      operState: known.operState,
      persistent: known.persistent ?? true,
      ...(known.diskErrors.size > 0 ? { diskErrors: Object.fromEntries(known.diskErrors) } : {}),
      ...(known.agentState === undefined ? {} : { agentState: known.agentState }),
    });
  }

  #defined(known: TrackedDomain, name: string, isNew: boolean): void {
    known.name = name;
    known.persistent = true;
    const wasDeleted = !known.present;
    known.present = true;
    if (!isNew && !wasDeleted) return;
    known.state = 'shutoff';
    known.reason = 0;
    known.operState = operStateOf(known).operState;
  }

  #undefined(known: TrackedDomain, changes: Change[]): void {
    if (isActive(known.state)) {
      known.persistent = false;
      return;
    }
    changes.push(this.#deleted(known));
  }

  /** A transient domain ends with its run. */
  #stopped(known: TrackedDomain, changes: Change[]): void {
    known.agentState = undefined;
    if (known.persistent === false) changes.push(this.#deleted(known));
  }

  #deleted(known: TrackedDomain): Change {
    known.present = false;
    return {
      type: 'domainDeleted',
      domain: identityOf(known),
      operState: known.operState,
      persistent: known.persistent,
    };
  }

  /** A domain that starts has been off, even if nobody told. */
  #missedStop(known: TrackedDomain, at: EpochMs): void {
    if (known.state !== 'running' || (known.found !== undefined && at - known.found.at < lateEventMs)) return;
    known.state = 'shutoff';
    known.reason = 0;
    known.operState = 'shutdown';
  }

  #changeState(
    known: TrackedDomain,
    state: DomainState,
    reason: number,
    operState: VmOperState | undefined,
  ): DomainStateChanged | undefined {
    const before = { state: known.state, operState: known.operState };
    const severityBefore = severityOf(known.state, known.reason, undefined, this.#overrides);
    const severity = severityOf(state, reason, undefined, this.#overrides);
    known.state = state;
    known.reason = reason;
    known.operState = operState ?? operStateOf({ state, reason }).operState;
    if (before.state === state && before.operState === known.operState && severityBefore === severity) {
      return undefined;
    }
    return {
      type: 'domainState',
      domain: identityOf(known),
      oldState: before.state,
      oldOperState: before.operState,
      oldSeverity: severityBefore,
      state,
      reason,
      severity,
      operState: known.operState,
    };
  }

  #changeAgent(known: TrackedDomain, state: Guest['agentState']): readonly Change[] {
    const before = known.agentState;
    known.agentState = state;
    // An agent that has not come up yet is not lost.
    if (before === state || (before === undefined && state !== 'connected')) return [];
    return [{ type: 'guestAgent', domain: identityOf(known), state }];
  }

  #appeared(row: Domain, comparison: Comparison, facts: Fact[]): void {
    if (!tellsState(row)) return;
    const known = this.#create(row.uuid, row.name);
    known.row = row;
    known.persistent = row.persistent;
    known.agentState = row.guest?.agentState;
    if (comparison.jobsKnown) known.completedJob = completedJobOf(row);
    if (comparison.diskErrorsKnown) known.diskErrors = diskErrorsOf(row);
    const change = this.#changeState(known, row.state, row.reason, knownOperState(row));
    this.#remember(known);
    if (comparison.adopt) return;
    const what = row.persistent ? 'defined' : 'started';
    const event = this.#draft(known, comparison, {
      kind: what,
      name: what,
      text: `${what}, now ${stateText(row.state, row.reason)}`,
    });
    facts.push({ event, changes: change !== undefined && isActive(row.state) ? [change] : [] });
  }

  #compareRow(known: TrackedDomain, row: Domain, comparison: Comparison, facts: Fact[]): void {
    if (!known.present) {
      this.#domains.delete(known.uuid);
      this.#appeared(row, comparison, facts);
      return;
    }
    if (this.#differs(known, row)) {
      if (!this.#isPatienceOver(known.differsSince, comparison)) {
        known.differsSince ??= comparison.at;
        return;
      }
    }
    known.differsSince = undefined;
    const before = known.row;
    known.row = row;
    known.name = row.name;
    known.persistent = row.persistent;
    if (tellsState(row)) this.#compareState(known, row, comparison, facts);
    if (comparison.diskErrorsKnown) this.#compareDiskErrors(known, row, comparison, facts);
    this.#compareAgent(known, before, row, comparison, facts);
    if (comparison.jobsKnown) this.#compareJob(known, row, comparison, facts);
    this.#remember(known);
  }

  /** Whether a row shows a state that has not been reported. */
  #differs(known: TrackedDomain, row: Domain): boolean {
    if (!tellsState(row)) return false;
    const severity = severityOf(row.state, row.reason, undefined, this.#overrides);
    return (
      row.state !== known.state ||
      (knownOperState(row) ?? known.operState) !== known.operState ||
      severity !== severityOf(known.state, known.reason, undefined, this.#overrides)
    );
  }

  #compareState(known: TrackedDomain, row: Domain, comparison: Comparison, facts: Fact[]): void {
    const before = known.state;
    const lifecycle = lifecycleBetween(before, row.state, reasonName(row.state, row.reason));
    const change = this.#changeState(known, row.state, row.reason, knownOperState(row) ?? known.operState);
    if (change === undefined) return;
    const text = `now ${stateText(row.state, row.reason)}`;
    // Only libvirt's states have a history; a job that began is told by its end.
    const isLogged = change.oldState !== row.state || change.severity !== 'okay';
    facts.push({
      event: isLogged ? this.#draft(known, comparison, { ...lifecycle, text }) : undefined,
      changes: [change],
    });
  }

  #compareDiskErrors(known: TrackedDomain, row: Domain, comparison: Comparison, facts: Fact[]): void {
    const before = known.diskErrors;
    const now = diskErrorsOf(row);
    known.diskErrors = now;
    const domain = identityOf(known);
    for (const { target, code, diskIndex } of row.diskErrors) {
      if (before.get(target) === code) continue;
      facts.push({
        event: this.#draft(
          known,
          { ...comparison, foundText: '' },
          {
            kind: 'diskError',
            name: `diskError/${code}`,
            text: `disk ${target} has an error: ${code === 'noSpace' ? 'no space' : code}`,
          },
        ),
        changes: [{ type: 'diskError', domain, diskIndex, target, code }],
      });
    }
    for (const target of before.keys()) {
      if (now.has(target)) continue;
      facts.push({
        event: this.#draft(
          known,
          { ...comparison, foundText: '' },
          {
            kind: 'diskErrorCleared',
            name: 'diskErrorCleared',
            text: `disk ${target} no longer has an error`,
          },
        ),
        changes: [
          { type: 'diskErrorCleared', domain, diskIndex: this.#indexes.disk(known.uuid, target), target },
        ],
      });
    }
  }

  /** The agent is asked rarely: only a new answer counts, not one that is older than the last event. */
  #compareAgent(
    known: TrackedDomain,
    before: Domain | undefined,
    row: Domain,
    comparison: Comparison,
    facts: Fact[],
  ): void {
    const state = row.guest?.agentState;
    if (!row.active) known.agentState = undefined;
    if (state === undefined || state === 'unknown' || state === before?.guest?.agentState) return;
    if (comparison.at - known.agentEventAt < agentEventMs) return;
    const changes = this.#changeAgent(known, state);
    if (changes.length === 0) return;
    const words = state === 'notResponding' ? 'does not respond' : `is ${state}`;
    facts.push({
      event: this.#draft(known, comparison, {
        kind: 'agentLifecycle',
        name: `agentLifecycle/${state}`,
        text: `the guest agent ${words}`,
      }),
      changes,
    });
  }

  #compareJob(known: TrackedDomain, row: Domain, comparison: Comparison, facts: Fact[]): void {
    const job = row.jobs.find((candidate) => candidate.kind === 'completed');
    const key = completedJobOf(row);
    const before = known.completedJob;
    known.completedJob = key;
    // The first look at a domain's jobs only notes what is there.
    if (job === undefined || before === undefined || before === key) return;
    const isTold = known.jobTold;
    known.jobTold = false;
    if (isTold) return;
    const operation = job.operation ?? 'unknown';
    const failed = job.success === false || job.type === 'failed';
    facts.push({
      event: this.#draft(known, comparison, {
        kind: 'jobCompleted',
        name: `jobCompleted/${failed ? 'failed' : 'completed'}`,
        text: `job ${operation} ${failed ? `failed: ${job.errorText ?? 'no reason given'}` : 'completed'}`,
      }),
      changes: [
        {
          type: 'jobCompleted',
          domain: identityOf(known),
          operation,
          success: job.success ?? (job.type === 'completed' ? true : undefined),
          elapsedMs: job.elapsedMs,
          errorText: job.errorText ?? '',
        },
      ],
    });
  }

  #vanished(known: TrackedDomain, comparison: Comparison, facts: Fact[]): void {
    const changes: Change[] = [];
    const wasPersistent = known.persistent !== false;
    const wasActive = isActive(known.state);
    if (wasActive) {
      const change = this.#changeState(known, 'shutoff', 0, undefined);
      if (change !== undefined) changes.push(change);
    }
    changes.push(this.#deleted(known));
    const event = this.#draft(known, comparison, {
      kind: wasPersistent ? 'undefined' : 'stopped',
      name: wasPersistent ? 'undefined/removed' : 'stopped',
      text: 'the domain no longer exists',
    });
    // The log has the end of a transient domain already.
    facts.push({ event: !wasActive && known.persistent !== true ? undefined : event, changes });
  }

  #draft(
    known: TrackedDomain,
    comparison: Comparison,
    what: { readonly kind: EventKind; readonly name: string; readonly text: string },
  ): EventDraft {
    known.found = { kind: what.kind, at: comparison.at };
    return {
      at: comparison.at,
      kind: what.kind,
      detail: 0,
      name: what.name,
      severity: eventSeverity(what.kind, what.name, this.#overrides),
      domainIndex: known.index,
      subjectName: known.name,
      subjectUuid: known.uuid,
      text: `${what.text}${comparison.foundText}`,
    };
  }
}
