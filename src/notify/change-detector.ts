import type { SeverityOverrides } from '../domain-state/severity.ts';
import type { EventDescription } from '../events/event-description.ts';
import type { EventDraft } from '../events/event-log.ts';
import { eventSeverity } from '../events/event-severity.ts';
import type { HeldNotification } from '../events/held-notification.ts';
import type { CollectorId, ConnState } from '../model/agent.ts';
import type { EventKind } from '../model/event.ts';
import type { Pool } from '../model/pool.ts';
import type { EpochMs } from '../model/scalar-types.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { type DomainIndexes, DomainTracker, patienceMs } from './domain-tracker.ts';
import type { Change, Occurrence } from './occurrence.ts';
import type { RefinedState } from './tracked-domain.ts';

/** The parts of the index store that are needed here. */
export type DetectorIndexes = DomainIndexes & { pool(uuid: string): number };

export interface ChangeDetectorOptions {
  readonly indexes: DetectorIndexes;
  readonly overrides: SeverityOverrides;
  readonly uri: string;
  readonly monotonicMs: () => number;
  /** Whether the loss of libvirt was the last that an earlier run told of the connection. */
  readonly wasLost?: boolean;
  /** Notifications of an earlier run that are still to be sent. */
  readonly held?: readonly HeldNotification[];
}

/** Why changes could have happened without an event. */
type Gap = 'firstRun' | 'agentStopped' | 'disconnected' | undefined;

const foundTexts: Readonly<Record<NonNullable<Gap> | 'unseen', string>> = {
  firstRun: '',
  agentStopped: ' (found by comparison: it happened while the agent was not running)',
  disconnected: ' (found by comparison: it happened while libvirt was not connected)',
  unseen: ' (found by comparison: libvirt sent no event)',
};

/** The sizes of a pool that is not active. */
const nothingOffered = { availableBytes: 0, capacityBytes: 0 } as const;

interface TrackedPool {
  state: Pool['state'];
  /** When its last event came: what was read before, or could not be read since, says nothing about it. */
  eventAt: EpochMs;
  /** Since when, by the monotonic clock, snapshots differ; an event may be on its way. */
  differsSinceMs: number | undefined;
}

/**
 * Makes one stream of occurrences of libvirt's events and of the differences between snapshots. Events are
 * reported as they come; snapshots reveal only what no event told.
 */
export class ChangeDetector {
  readonly #overrides: SeverityOverrides;
  readonly #indexes: DetectorIndexes;
  readonly #domains: DomainTracker;
  readonly #uri: string;
  readonly #monotonicMs: () => number;
  readonly #pools = new Map<string, TrackedPool>();
  #gap: Gap;
  #up: boolean | undefined;
  #upSince: EpochMs = 0;
  /** Comparisons begin with the snapshot of this refresh: the first complete one of a connection. */
  #firstRefresh = 1;
  #refreshCount = 0;
  #poolsWaiting = false;

  constructor(options: ChangeDetectorOptions) {
    this.#overrides = options.overrides;
    this.#indexes = options.indexes;
    this.#uri = options.uri;
    // Not told a second time, and its end is.
    if (options.wasLost === true) this.#up = false;
    this.#monotonicMs = options.monotonicMs;
    this.#domains = new DomainTracker(options.indexes, options.overrides, options.monotonicMs, options.held);
    this.#gap = this.#domains.size > 0 ? 'agentStopped' : 'firstRun';
  }

  /**
   * A libvirt event. `refined` is the state libvirt gave when asked, for events that do not tell the reason.
   *
   * @param at - when the event arrived
   */
  onEvent(
    event: EventDescription,
    at: EpochMs,
    snapshot: Snapshot,
    refined?: RefinedState,
  ): readonly Occurrence[] {
    this.#refreshCount = snapshot.agent.refreshCount;
    const { subject, effect } = event;
    const draft = this.#draft(event, at);
    if (subject === undefined) return [{ event: draft, changes: [] }];
    if (subject.type === 'domain' && !this.#indexes.hasRoomFor(subject.uuid)) {
      return [{ event: draft, changes: [] }];
    }
    if (subject.type === 'pool') {
      const changes =
        effect?.type === 'poolState'
          ? this.#changePool(subject.uuid, subject.name, effect.state, snapshot, at)
          : [];
      return [{ event: draft, changes }];
    }
    if (event.kind === 'controlError' && this.#domains.isEnding(subject.uuid)) {
      const text = `${draft.text} while the domain was ending`;
      return [{ event: { ...draft, text, severity: 'okay' }, changes: [], quiet: true }];
    }
    if (subject.type === 'network' || effect === undefined) return [{ event: draft, changes: [] }];
    const domain = this.#domains.identity(subject.uuid, subject.name);
    switch (effect.type) {
      case 'lifecycle':
        return this.#domains.onLifecycle(subject, effect.lifecycle, draft, this.#refreshCount, refined);
      case 'agent':
        return [this.#domains.onAgent(subject, effect.state, draft)];
      case 'job':
        if (!this.#domains.onJob(subject.uuid)) return [];
        return [{ event: draft, changes: [{ ...effect, type: 'jobCompleted', domain }] }];
      case 'blockThreshold': {
        const diskIndex = this.#indexes.disk(subject.uuid, effect.target);
        return [{ event: draft, changes: [{ ...effect, type: 'blockThreshold', domain, diskIndex }] }];
      }
      case 'poolState':
        return [{ event: draft, changes: [] }];
    }
  }

  /** Compares a snapshot with what has been reported. Cheap if nothing of interest changed. */
  onSnapshot(snapshot: Snapshot, previous: Snapshot, at: EpochMs): readonly Occurrence[] {
    const { refreshCount } = snapshot.agent;
    if (this.#up !== true || refreshCount < this.#firstRefresh) {
      this.#refreshCount = refreshCount;
      return [];
    }
    const isDue = refreshCount !== this.#refreshCount || this.#gap !== undefined || this.isWaiting;
    this.#refreshCount = refreshCount;
    const occurrences: Occurrence[] = [];
    if (isDue || snapshot.domains !== previous.domains) {
      occurrences.push(
        ...this.#domains.compare(snapshot.domains, {
          at,
          atMs: this.#monotonicMs(),
          refreshCount,
          foundText: foundTexts[this.#gap ?? 'unseen'],
          adopt: this.#gap === 'firstRun',
          diskErrorsKnown: this.#hasRun('diskErrors', snapshot),
          jobsKnown: this.#hasRun('jobStats', snapshot),
          patient: this.#gap === undefined,
        }),
      );
    }
    if (isDue) this.#poolsWaiting = false;
    if (isDue || snapshot.pools !== previous.pools) occurrences.push(...this.#comparePools(snapshot, at));
    this.#gap = undefined;
    return occurrences;
  }

  /** Whether something was found that is reported only if it is still there after {@link patienceMs}. */
  get isWaiting(): boolean {
    return this.#domains.isWaiting || this.#poolsWaiting;
  }

  /** The state of the connection to libvirt. Only being connected or not is worth telling. */
  onConnection(state: ConnState, errorText: string, at: EpochMs): Occurrence | undefined {
    if (state === 'connecting' && this.#up === undefined) return undefined;
    const up = state === 'connected';
    if (up === this.#up) return undefined;
    const isStart = this.#up === undefined;
    this.#up = up;
    if (up) {
      this.#upSince = at;
      this.#firstRefresh = this.#refreshCount + 1;
      if (isStart) return undefined;
    } else if (!isStart) {
      this.#gap ??= 'disconnected';
    }
    const kind = up ? 'connectionUp' : 'connectionDown';
    const reason = errorText === '' ? state : errorText;
    const text = up ? 'connected to libvirt' : `not connected to libvirt: ${reason}`;
    return {
      event: this.#draft(
        { kind, name: up ? kind : `${kind}/${state}`, detail: 0, text, subject: undefined },
        at,
      ),
      changes: [{ type: 'connection', uri: this.#uri, state, up, errorText }],
    };
  }

  /** Events that never reached the agent, as far as it knows. */
  onEventsLost(count: number, at: EpochMs): Occurrence {
    const text = `${count} events of libvirt were lost`;
    return {
      event: this.#draft({ kind: 'eventsLost', name: 'eventsLost', detail: 0, text, subject: undefined }, at),
      changes: [],
    };
  }

  /** Whether an expensive source has been asked since the connection was made. */
  #hasRun(id: CollectorId, snapshot: Snapshot): boolean {
    const status = snapshot.collectors.find((collector) => collector.id === id);
    // A clock that was set back since tells nothing of what came first.
    const upSince = this.#upSince > snapshot.at ? 0 : this.#upSince;
    return status?.lastSuccessAt !== undefined && status.lastSuccessAt >= upSince;
  }

  #comparePools(snapshot: Snapshot, at: EpochMs): readonly Occurrence[] {
    const occurrences: Occurrence[] = [];
    const seen = new Set<string>();
    for (const pool of snapshot.pools) {
      seen.add(pool.uuid);
      const known = this.#pools.get(pool.uuid);
      if (known === undefined) {
        this.#pools.set(pool.uuid, { state: pool.state, eventAt: 0, differsSinceMs: undefined });
        continue;
      }
      // A clock that was set back since tells nothing of what came first.
      if (known.eventAt > at) known.eventAt = 0;
      if (known.state === pool.state || pool.stateAt <= known.eventAt) {
        known.differsSinceMs = undefined;
        continue;
      }
      const nowMs = this.#monotonicMs();
      known.differsSinceMs ??= nowMs;
      if (this.#gap === undefined && nowMs - known.differsSinceMs < patienceMs) {
        this.#poolsWaiting = true;
        continue;
      }
      const changes = this.#changePool(pool.uuid, pool.name, pool.state, snapshot, known.eventAt);
      const event = this.#draft(
        {
          kind: 'poolState',
          name: `poolState/${pool.state}`,
          detail: 0,
          text: `pool ${pool.name} is ${pool.state}${foundTexts[this.#gap ?? 'unseen']}`,
          subject: { type: 'pool', name: pool.name, uuid: pool.uuid },
        },
        at,
      );
      occurrences.push({ event, changes });
    }
    for (const uuid of this.#pools.keys()) if (!seen.has(uuid)) this.#pools.delete(uuid);
    return occurrences;
  }

  #changePool(
    uuid: string,
    name: string,
    state: Pool['state'],
    snapshot: Snapshot,
    eventAt: EpochMs,
  ): readonly Change[] {
    const known = this.#pools.get(uuid) ?? { state: 'inactive' as const, eventAt, differsSinceMs: undefined };
    this.#pools.set(uuid, known);
    known.eventAt = eventAt;
    if (known.state === state) return [];
    known.state = state;
    const row = snapshot.pools.find((pool) => pool.uuid === uuid);
    const isActual = row !== undefined && row.state === state && row.stateAt > eventAt;
    const sizes = state === 'inactive' ? nothingOffered : isActual ? row : undefined;
    return [
      {
        type: 'poolState',
        poolIndex: this.#indexes.pool(uuid),
        name,
        state,
        availableBytes: sizes?.availableBytes,
        capacityBytes: sizes?.capacityBytes,
      },
    ];
  }

  #draft(event: Omit<EventDescription, 'effect'>, at: EpochMs): EventDraft {
    const { kind, detail, name, text, subject } = event;
    const hasNumber = subject?.type === 'domain' && this.#indexes.hasRoomFor(subject.uuid);
    return {
      at,
      kind,
      detail,
      name,
      severity: this.#severity(kind, name),
      domainIndex: hasNumber ? this.#domains.identity(subject.uuid, subject.name).index : 0,
      subjectName: subject?.name ?? '',
      subjectUuid: subject?.uuid ?? '',
      text,
    };
  }

  #severity(kind: EventKind, name: string) {
    return eventSeverity(kind, name, this.#overrides);
  }
}
