import { operStateOf } from '../domain-state/oper-state.ts';
import type { SeverityOverrides } from '../domain-state/severity.ts';
import type { EventDraft } from '../events/event-log.ts';
import type { HeldNotification } from '../events/held-notification.ts';
import type { Lifecycle } from '../events/lifecycle.ts';
import type { Domain } from '../model/domain.ts';
import type { EpochMs } from '../model/scalar-types.ts';
import type { IndexStore } from '../state/index-store.ts';
import type { ReportedDomain } from '../state/state-types.ts';
import type { Change, DomainIdentity, Occurrence } from './occurrence.ts';
import { changeAgent, changeState, markDeleted, toldBy } from './reported-change.ts';
import { RowComparison } from './row-comparison.ts';
import {
  type Comparison,
  isActive,
  isSettled,
  type RefinedState,
  refineState,
  type TrackedDomain,
  tellsState,
} from './tracked-domain.ts';

/** The parts of {@link IndexStore} that are needed here. */
export type DomainIndexes = Pick<
  IndexStore,
  'domain' | 'disk' | 'forgetDomain' | 'hasRoomFor' | 'reportedDomains' | 'setReported'
>;

/**
 * A refresh may be under way while an event arrives, and show the state before it. The second refresh
 * after the event cannot.
 */
const refreshesToSettle = 2;
/** An event overtaken by a snapshot arrives within this time; what is found is not reported before. */
export const patienceMs = 1000;
/** An event that arrives this long after its effect was found tells the same story. */
const lateEventMs = 10_000;

interface Subject {
  readonly uuid: string;
  readonly name: string;
}

/** After these QEMU quits, which newer ones of it call a shutdown. */
const endsWithoutShutdown: ReadonlySet<string> = new Set(['stopped/saved', 'stopped/migrated']);

/** How a domain ends that does not arrive: failed with libvirt 9, shut down and crashed with libvirt 11 and QEMU 10. */
const endsOnTheWay: ReadonlySet<string> = new Set(['stopped/failed', 'stopped/crashed', 'stopped/shutdown']);

/** The end of a migration on the host it was to go to: no failure of the virtual machine. */
function abortedMigration(event: EventDraft): EventDraft {
  return { ...event, text: 'stopped (the migration from another host was aborted)', severity: 'warning' };
}

/** Remembers what was reported about each domain, so that every change is reported once. */
export class DomainTracker {
  readonly #indexes: DomainIndexes;
  readonly #overrides: SeverityOverrides;
  readonly #monotonicMs: () => number;
  readonly #rows: RowComparison;
  readonly #domains = new Map<string, TrackedDomain>();
  /** Domains that snapshots show and nobody has announced, and since when. */
  readonly #newcomers = new Map<string, number>();
  /** Whether all domains of the host have been seen once. */
  #compared = false;
  #isWaiting = false;
  /** Shutdowns of paused domains, by UUID: QEMU says so as well when it quits after a save or a migration. */
  readonly #heldBack = new Map<string, { readonly lifecycle: Lifecycle; readonly event: EventDraft }>();

  /** @param held - notifications of an earlier run that the receivers will be told first */
  constructor(
    indexes: DomainIndexes,
    overrides: SeverityOverrides,
    monotonicMs: () => number,
    held: readonly HeldNotification[] = [],
  ) {
    this.#monotonicMs = monotonicMs;
    this.#indexes = indexes;
    this.#overrides = overrides;
    this.#rows = new RowComparison(indexes, overrides);
    for (const [uuid, reported] of indexes.reportedDomains()) this.#restore(uuid, reported);
    const byIndex = new Map([...this.#domains.values()].map((known) => [known.index, known]));
    for (const { content, domainIndexes } of held) {
      const known = byIndex.get(domainIndexes[0] ?? 0);
      if (known !== undefined) toldBy(known, content);
    }
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

  /**
   * A lifecycle event. `refined` is what libvirt says when asked about one that does not tell the reason. An event may be
   * held back until the next one shows what it meant.
   */
  onLifecycle(
    subject: Subject,
    lifecycle: Lifecycle,
    event: EventDraft,
    refreshCount: number,
    refined: RefinedState | undefined,
  ): readonly Occurrence[] {
    const { uuid } = subject;
    const heldBack = this.#heldBack.get(uuid);
    this.#heldBack.delete(uuid);
    const occurrences: Occurrence[] = [];
    const isNoShutdown = endsWithoutShutdown.has(lifecycle.name) || this.#isAborted(uuid, lifecycle);
    if (heldBack !== undefined && !isNoShutdown) {
      occurrences.push(
        this.#takeLifecycle(subject, heldBack.lifecycle, heldBack.event, refreshCount, undefined),
      );
    }
    if (lifecycle.kind === 'shutdown' && this.#domains.get(uuid)?.state === 'paused') {
      this.#heldBack.set(uuid, { lifecycle, event });
      return occurrences;
    }
    occurrences.push(this.#takeLifecycle(subject, lifecycle, event, refreshCount, refined));
    return occurrences;
  }

  #takeLifecycle(
    subject: Subject,
    lifecycle: Lifecycle,
    event: EventDraft,
    refreshCount: number,
    refined: RefinedState | undefined,
  ): Occurrence {
    const isNew = !this.#domains.has(subject.uuid);
    // libvirt resumes a new run before it says that the run has started.
    if (lifecycle.kind === 'resumed' && !this.#isActive(subject.uuid)) return { event, changes: [] };
    const known = this.#domains.get(subject.uuid) ?? this.#create(subject.uuid, subject.name);
    known.settledAtRefresh = refreshCount + refreshesToSettle;
    known.eventAt = event.at;
    known.differsSinceMs = undefined;
    this.#newcomers.delete(subject.uuid);
    const changes: Change[] = [];
    const { implied, kind, name } = lifecycle;
    const isAborted = this.#isAborted(subject.uuid, lifecycle);
    if (kind === 'defined') this.#defined(known, subject.name, isNew);
    else if (name === 'undefined/removed') this.#undefined(known, changes);
    else if (implied !== undefined) {
      known.present = true;
      if (kind === 'started') this.#missedStop(known);
      // Whoever starts without ever having been defined is transient.
      if (kind === 'started' && isNew && this.#compared) known.persistent = false;
      // The virtual machine goes on where it came from.
      const now = isAborted ? { state: implied.state, reason: 0 } : refineState(implied, refined, name);
      known.isIncoming = name === 'started/migrated' && now?.state === 'paused';
      const change =
        now === undefined ? undefined : changeState(known, now.state, now.reason, undefined, this.#overrides);
      if (change !== undefined) changes.push(change);
      if (kind === 'stopped') this.#stopped(known, changes);
    }
    const isLate =
      changes.length === 0 &&
      known.found?.kind === kind &&
      this.#monotonicMs() - known.found.atMs < lateEventMs;
    known.found = undefined;
    this.#remember(known);
    if (isLate) return { event: undefined, changes };
    return { event: isAborted ? abortedMigration(event) : event, changes };
  }

  /** An event about the guest agent's channel. */
  onAgent(
    subject: { readonly uuid: string; readonly name: string },
    state: 'connected' | 'disconnected',
    event: EventDraft,
  ): Occurrence {
    const known = this.#domains.get(subject.uuid);
    if (known === undefined) return { event, changes: [] };
    known.agentEventMs = this.#monotonicMs();
    const isLate =
      known.agentState === state &&
      known.found?.kind === 'agentLifecycle' &&
      this.#monotonicMs() - known.found.atMs < lateEventMs;
    const changes = changeAgent(known, state);
    this.#remember(known);
    return { event: isLate ? undefined : event, changes };
  }

  /** Whether a domain is about to end: what its hypervisor says then is no trouble. */
  isEnding(uuid: string): boolean {
    const state = this.#domains.get(uuid)?.state;
    return state === 'shutdown' || state === 'shutoff' || this.#heldBack.has(uuid);
  }

  /** A job completed event: whether it is news. The rows will show the same job later. */
  onJob(uuid: string): boolean {
    const known = this.#domains.get(uuid);
    if (known === undefined) return true;
    if (known.found?.kind === 'jobCompleted' && this.#monotonicMs() - known.found.atMs < lateEventMs) {
      known.found = undefined;
      return false;
    }
    known.jobTold = true;
    return true;
  }

  /** Finds what happened without an event. */
  compare(rows: readonly Domain[], comparison: Comparison): readonly Occurrence[] {
    const occurrences: Occurrence[] = [];
    const seen = new Set<string>();
    const goneAt = new Map<string, EpochMs>();
    this.#compared = true;
    this.#isWaiting = false;
    for (const row of rows) {
      if (row.facts.presence === 'gone') {
        goneAt.set(row.facts.uuid, row.facts.goneAt ?? 0);
        continue;
      }
      seen.add(row.facts.uuid);
      const known = this.#domains.get(row.facts.uuid);
      if (known === undefined) {
        if (this.#isPatienceOver(this.#newcomers.get(row.facts.uuid), comparison)) {
          this.#newcomers.delete(row.facts.uuid);
          occurrences.push(...this.#appeared(row, comparison));
        } else if (!this.#newcomers.has(row.facts.uuid)) this.#newcomers.set(row.facts.uuid, comparison.atMs);
      } else if (known.row !== row && isSettled(known, row, comparison)) {
        occurrences.push(...this.#compareRow(known, row, comparison));
      }
    }
    for (const known of this.#domains.values()) {
      if (seen.has(known.uuid)) continue;
      // A domain that was missed in a list read after its last event is gone; else the list may be older.
      const isSettled =
        comparison.refreshCount >= known.settledAtRefresh || (goneAt.get(known.uuid) ?? 0) > known.eventAt;
      if (!isSettled) continue;
      if (known.present && !this.#isPatienceOver(known.differsSinceMs, comparison)) {
        known.differsSinceMs ??= comparison.atMs;
        continue;
      }
      if (known.present) occurrences.push(this.#rows.vanished(known, comparison));
      this.#domains.delete(known.uuid);
      this.#indexes.setReported(known.uuid, undefined);
      // It came and went between two lists: nobody else will give its number back.
      if (!goneAt.has(known.uuid)) this.#indexes.forgetDomain(known.uuid);
    }
    for (const uuid of this.#newcomers.keys()) if (!seen.has(uuid)) this.#newcomers.delete(uuid);
    return occurrences;
  }

  /** Whether the last comparison found something that it did not report yet. */
  get isWaiting(): boolean {
    return this.#isWaiting;
  }

  #isPatienceOver(sinceMs: number | undefined, comparison: Comparison): boolean {
    if (!comparison.patient) return true;
    if (sinceMs !== undefined && comparison.atMs - sinceMs >= patienceMs) return true;
    this.#isWaiting = true;
    return false;
  }

  /** Whether a domain that was on its way here from another host does not arrive. */
  #isAborted(uuid: string, { name }: Lifecycle): boolean {
    return this.#domains.get(uuid)?.isIncoming === true && endsOnTheWay.has(name);
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
      isIncoming: false,
      agentState: undefined,
      diskErrors: new Map(),
      agentEventMs: Number.NEGATIVE_INFINITY,
      completedJob: undefined,
      jobTold: false,
      row: undefined,
      differsSinceMs: undefined,
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
    changes.push(markDeleted(known));
  }

  /** A transient domain ends with its run. */
  #stopped(known: TrackedDomain, changes: Change[]): void {
    known.agentState = undefined;
    if (known.persistent === false) changes.push(markDeleted(known));
  }

  /** A domain that starts has been off, even if nobody told. */
  #missedStop(known: TrackedDomain): void {
    if (
      known.state !== 'running' ||
      (known.found !== undefined && this.#monotonicMs() - known.found.atMs < lateEventMs)
    )
      return;
    known.state = 'shutoff';
    known.reason = 0;
    known.operState = 'shutdown';
  }

  #appeared(row: Domain, comparison: Comparison): readonly Occurrence[] {
    if (!tellsState(row)) return [];
    const known = this.#create(row.facts.uuid, row.facts.name);
    const occurrences = this.#rows.appeared(known, row, comparison);
    this.#remember(known);
    return occurrences;
  }

  #compareRow(known: TrackedDomain, row: Domain, comparison: Comparison): readonly Occurrence[] {
    if (!known.present) {
      this.#domains.delete(known.uuid);
      return this.#appeared(row, comparison);
    }
    if (this.#rows.differs(known, row) && !this.#isPatienceOver(known.differsSinceMs, comparison)) {
      known.differsSinceMs ??= comparison.atMs;
      return [];
    }
    known.differsSinceMs = undefined;
    this.#heldBack.delete(known.uuid);
    const occurrences = this.#rows.changed(known, row, comparison);
    this.#remember(known);
    return occurrences;
  }
}
