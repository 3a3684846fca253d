import { type SeverityOverrides, severityOf } from '../domain-state/severity.ts';
import { reasonName, stateText } from '../domain-state/state-text.ts';
import type { EventDraft } from '../events/event-log.ts';
import { eventSeverity } from '../events/event-severity.ts';
import { lifecycleBetween } from '../events/lifecycle.ts';
import type { Domain } from '../model/domain.ts';
import type { EventKind } from '../model/event.ts';
import type { IndexStore } from '../state/index-store.ts';
import type { Change, Occurrence } from './occurrence.ts';
import { changeAgent, changeState, markDeleted } from './reported-change.ts';
import {
  type Comparison,
  completedJobOf,
  diskErrorsOf,
  identityOf,
  isActive,
  knownOperState,
  type TrackedDomain,
  tellsState,
} from './tracked-domain.ts';

/** An answer of the guest agent that arrives this soon after an event may be older than the event. */
const agentEventMs = 5000;

/** Finds what happened to a domain without an event: compares its row with what the receivers have been told. */
export class RowComparison {
  readonly #indexes: Pick<IndexStore, 'disk'>;
  readonly #overrides: SeverityOverrides;

  constructor(indexes: Pick<IndexStore, 'disk'>, overrides: SeverityOverrides) {
    this.#indexes = indexes;
    this.#overrides = overrides;
  }

  /** Whether a row shows a state that has not been reported. */
  differs(known: TrackedDomain, row: Domain): boolean {
    if (!tellsState(row)) return false;
    const severity = severityOf(row.facts.state, row.facts.reason, undefined, this.#overrides);
    return (
      row.facts.state !== known.state ||
      (knownOperState(row) ?? known.operState) !== known.operState ||
      severity !== severityOf(known.state, known.reason, undefined, this.#overrides)
    );
  }

  /** A domain that nobody has announced. */
  appeared(known: TrackedDomain, row: Domain, comparison: Comparison): readonly Occurrence[] {
    known.row = row;
    known.persistent = row.facts.persistent;
    known.agentState = row.guest?.agentState;
    if (comparison.jobsKnown) known.completedJob = completedJobOf(row);
    if (comparison.diskErrorsKnown) known.diskErrors = diskErrorsOf(row);
    const change = changeState(
      known,
      row.facts.state,
      row.facts.reason,
      knownOperState(row),
      this.#overrides,
    );
    if (comparison.adopt) return [];
    const what = row.facts.persistent ? 'defined' : 'started';
    const event = this.#draft(known, comparison, {
      kind: what,
      name: what,
      text: `${what}, now ${stateText(row.facts.state, row.facts.reason)}`,
    });
    return [{ event, changes: change !== undefined && isActive(row.facts.state) ? [change] : [] }];
  }

  /** What the row of a domain that exists tells beyond what was reported. */
  changed(known: TrackedDomain, row: Domain, comparison: Comparison): readonly Occurrence[] {
    const occurrences: Occurrence[] = [];
    const before = known.row;
    known.row = row;
    known.name = row.facts.name;
    known.persistent = row.facts.persistent;
    if (tellsState(row)) this.#compareState(known, row, comparison, occurrences);
    if (comparison.diskErrorsKnown) this.#compareDiskErrors(known, row, comparison, occurrences);
    this.#compareAgent(known, before, row, comparison, occurrences);
    if (comparison.jobsKnown) this.#compareJob(known, row, comparison, occurrences);
    this.#compareVcpus(known, before, row, comparison, occurrences);
    return occurrences;
  }

  /** A domain that is no longer listed. */
  vanished(known: TrackedDomain, comparison: Comparison): Occurrence {
    const changes: Change[] = [];
    const wasPersistent = known.persistent !== false;
    const wasActive = isActive(known.state);
    if (wasActive) {
      const change = changeState(known, 'shutoff', 0, undefined, this.#overrides);
      if (change !== undefined) changes.push(change);
    }
    changes.push(markDeleted(known));
    const event = this.#draft(known, comparison, {
      kind: wasPersistent ? 'undefined' : 'stopped',
      name: wasPersistent ? 'undefined/removed' : 'stopped',
      text: 'the domain no longer exists',
    });
    // The log has the end of a transient domain already.
    return { event: !wasActive && known.persistent !== true ? undefined : event, changes };
  }

  #compareState(known: TrackedDomain, row: Domain, comparison: Comparison, occurrences: Occurrence[]): void {
    const before = known.state;
    const lifecycle = lifecycleBetween(
      before,
      row.facts.state,
      reasonName(row.facts.state, row.facts.reason),
    );
    const change = changeState(
      known,
      row.facts.state,
      row.facts.reason,
      knownOperState(row) ?? known.operState,
      this.#overrides,
    );
    if (change === undefined) return;
    const text = `now ${stateText(row.facts.state, row.facts.reason)}`;
    // Only libvirt's states have a history; a job that began is told by its end.
    const isLogged = change.oldState !== row.facts.state || change.severity !== 'okay';
    occurrences.push({
      event: isLogged ? this.#draft(known, comparison, { ...lifecycle, text }) : undefined,
      changes: [change],
    });
  }

  #compareDiskErrors(
    known: TrackedDomain,
    row: Domain,
    comparison: Comparison,
    occurrences: Occurrence[],
  ): void {
    const before = known.diskErrors;
    if (before.size === 0 && row.diskErrors.length === 0) return;
    const now = diskErrorsOf(row);
    known.diskErrors = now;
    const domain = identityOf(known);
    for (const { target, code, diskIndex } of row.diskErrors) {
      if (before.get(target) === code) continue;
      occurrences.push({
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
      occurrences.push({
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
    occurrences: Occurrence[],
  ): void {
    const state = row.guest?.agentState;
    if (!row.facts.active) known.agentState = undefined;
    if (state === undefined || state === 'unknown' || state === before?.guest?.agentState) return;
    if (comparison.atMs - known.agentEventMs < agentEventMs) return;
    const changes = changeAgent(known, state);
    if (changes.length === 0) return;
    const words = state === 'notResponding' ? 'does not respond' : `is ${state}`;
    occurrences.push({
      event: this.#draft(known, comparison, {
        kind: 'agentLifecycle',
        name: `agentLifecycle/${state}`,
        text: `the guest agent ${words}`,
      }),
      changes,
    });
  }

  #compareJob(known: TrackedDomain, row: Domain, comparison: Comparison, occurrences: Occurrence[]): void {
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
    occurrences.push({
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

  /** libvirt tells of no vCPU that is unplugged, or only by the device that it was. */
  #compareVcpus(
    known: TrackedDomain,
    before: Domain | undefined,
    row: Domain,
    comparison: Comparison,
    occurrences: Occurrence[],
  ): void {
    const had = before?.cpu?.vcpusCurrent;
    const has = row.cpu?.vcpusCurrent;
    const isSameRun = row.facts.active && before?.facts.id === row.facts.id;
    if (!isSameRun || had === undefined || has === undefined || has >= had) return;
    const removed = had - has;
    occurrences.push({
      event: this.#draft(known, comparison, {
        kind: 'vcpuRemoved',
        name: 'vcpuRemoved',
        text: `${removed} ${removed === 1 ? 'vCPU' : 'vCPUs'} removed, ${has} left`,
      }),
      changes: [],
    });
  }

  #draft(
    known: TrackedDomain,
    comparison: Comparison,
    what: { readonly kind: EventKind; readonly name: string; readonly text: string },
  ): EventDraft {
    known.found = { kind: what.kind, atMs: comparison.atMs };
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
