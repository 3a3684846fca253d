import { errorText } from '../errors.ts';
import { CallTimeoutError } from '../libvirt/connection.ts';
import {
  hasVanished,
  isAccessDenied,
  isForbidden,
  isMissing,
  isNotSupported,
  isUnknownProcedure,
} from '../libvirt/libvirt-error.ts';
import { type CollectorId, type CollectorStatus, collectorIds } from '../model/agent.ts';
import type { EpochMs } from '../model/scalar-types.ts';
import type { ActiveCollector, FailureScope } from './sources/collector.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

interface Refusal {
  /** What is refused; `collector` where that says so of itself. */
  readonly scope: FailureScope | 'collector';
  readonly support: 'partial' | 'unsupported';
  /** Whether this daemon says so of everything, so that it is not asked again. */
  readonly isFinal: boolean;
  /** What it is part of: while that is not asked, nor is this. */
  readonly owners: readonly string[];
}

/** What has refused. */
export interface Refused {
  readonly about: string;
  readonly scope: FailureScope;
  /** What it is part of, by the names under which those fail and are spared. */
  readonly owners: readonly string[];
}

/** What a run of a collector found. */
export interface Settlement {
  /** Whether what refused earlier does so still, or was not asked. */
  readonly stands: (about: string) => boolean;
  /** Whether some domain was answered; false where none can be, undefined where that was not seen. */
  readonly answered: boolean | undefined;
}

/** The name under which a collector speaks of itself. */
export const ofItself = '*';

/** Refusals remembered of a collector. */
const maxRefusals = 1000;

/** Keeps lveCollectorTable: one row a source, shared by the collectors that name it. */
export class CollectorBoard {
  readonly #rows = new Map<CollectorId, Mutable<CollectorStatus>>();
  /** How many collectors a source has. */
  readonly #sharers = new Map<CollectorId, number>();
  /** What refuses, by source, collector and name. */
  readonly #refusals = new Map<CollectorId, Map<string, Map<string, Refusal>>>();
  #published: readonly CollectorStatus[] | undefined;

  constructor() {
    for (const id of collectorIds) {
      this.#rows.set(id, {
        id,
        enabled: false,
        support: 'unknown',
        intervalSec: 0,
        lastSuccessAt: undefined,
        durationMs: undefined,
        runs: 0,
        errors: 0,
        timeouts: 0,
        lastError: '',
      });
    }
  }

  /** Takes over which sources are in use, and how often they run. */
  configure(collectors: readonly Pick<ActiveCollector, 'id' | 'intervalSec'>[]): void {
    for (const row of this.#rows.values()) {
      const mine = collectors.filter((collector) => collector.id === row.id);
      row.enabled = mine.length > 0;
      this.#sharers.set(row.id, mine.length);
      row.intervalSec = mine.length > 0 ? Math.min(...mine.map((collector) => collector.intervalSec)) : 0;
    }
    this.#published = undefined;
  }

  /** A run of a source ended. */
  ran(id: CollectorId, durationMs: number, endedAt: EpochMs, ok: boolean): void {
    this.#change(id, (row) => {
      row.runs += 1;
      row.durationMs = Math.round(durationMs);
      if (ok) {
        row.lastSuccessAt = endedAt;
        if (row.support === 'unknown') row.support = 'supported';
      }
    });
  }

  /** A call of a source failed. Where what it asked for vanished meanwhile, that is no failure. */
  failed(id: CollectorId, error: unknown, about?: string, scope: FailureScope = 'source'): void {
    if (hasVanished(error)) return;
    this.#change(id, (row) => {
      if (error instanceof CallTimeoutError) row.timeouts += 1;
      else row.errors += 1;
      row.lastError = about === undefined ? errorText(error) : `${about}: ${errorText(error)}`;
      // What a member refused, and why, libvirt says itself.
      if (refuses(error) && scope === 'source') row.lastError = `${reasonOf(error)}: ${row.lastError}`;
    });
  }

  /**
   * Something of a source refuses: the source is not fully supported until {@link settle}. A failure that is no refusal
   * changes nothing.
   *
   * @param about - what it is; empty is the source as a whole.
   */
  refused(id: CollectorId, collector: string, error: unknown, { about, scope, owners }: Refused): void {
    if (!refuses(error)) return;
    const never = this.#rows.get(id)?.lastSuccessAt === undefined;
    this.#note(id, collector, about, {
      scope,
      support: scope === 'source' && never ? 'unsupported' : 'partial',
      isFinal: isMissing(error) || isForbidden(error),
      owners,
    });
  }

  /** A collector says itself what it cannot do. */
  limited(id: CollectorId, collector: string, support: Refusal['support'], why: string): void {
    this.#note(id, collector, ofItself, {
      scope: 'collector',
      support,
      isFinal: false,
      owners: [],
    });
    this.#change(id, (row) => {
      row.lastError = why;
    });
  }

  /** Another session, perhaps with another daemon: what the last one did not have is asked for again. */
  begin(): void {
    for (const refusals of [...this.#refusals.values()].flatMap((of) => [...of.values()])) {
      for (const [about, { isFinal }] of refusals) if (isFinal) refusals.delete(about);
    }
    this.#published = undefined;
  }

  /** A collector has asked all it could: what refused before, and neither now nor was spared, does so no more. */
  settle(id: CollectorId, collector: string, { stands, answered }: Settlement): void {
    const refusals = this.#refusals.get(id)?.get(collector);
    if (refusals === undefined) return;
    for (const [about, refusal] of refusals) {
      if (!refusal.isFinal && ![about, ...refusal.owners].some(stands)) refusals.delete(about);
      else if (refusal.scope === 'source' && answered !== undefined) {
        refusals.set(about, { ...refusal, support: answered ? 'partial' : 'unsupported' });
      }
    }
    this.#published = undefined;
  }

  /** What is known of a source without asking libvirt for data. */
  supported(id: CollectorId, support: CollectorStatus['support']): void {
    this.#change(id, (row) => {
      row.support = support;
    });
  }

  /** The rows as an immutable list; the same list while nothing changed. */
  get rows(): readonly CollectorStatus[] {
    this.#published ??= [...this.#rows.values()].map((row) => ({ ...row, support: this.#supportOf(row) }));
    return this.#published;
  }

  #supportOf({ id, support }: CollectorStatus): CollectorStatus['support'] {
    const refusing = [...(this.#refusals.get(id)?.values() ?? [])].filter(({ size }) => size > 0);
    if (refusing.length === 0) return support;
    const unsupported = refusing.filter((one) =>
      [...one.values()].some((refusal) => refusal.support === 'unsupported'),
    );
    // What one of several collectors cannot get is a part of the source.
    return unsupported.length < (this.#sharers.get(id) ?? 1) ? 'partial' : 'unsupported';
  }

  #note(id: CollectorId, collector: string, about: string, refusal: Refusal): void {
    const collectors = this.#refusals.get(id) ?? new Map<string, Map<string, Refusal>>();
    this.#refusals.set(id, collectors);
    const refusals = collectors.get(collector) ?? new Map<string, Refusal>();
    collectors.set(collector, refusals);
    // One more makes no difference.
    if (refusals.has(about) || refusals.size >= maxRefusals) return;
    refusals.set(about, refusal);
    this.#published = undefined;
  }

  #change(id: CollectorId, change: (row: Mutable<CollectorStatus>) => void): void {
    const row = this.#rows.get(id);
    if (row === undefined) return;
    change(row);
    this.#published = undefined;
  }
}

function refuses(error: unknown): boolean {
  return isNotSupported(error) || isAccessDenied(error);
}

/** Which of the three stands in the way: the libvirt version, the permission or the hypervisor. */
function reasonOf(error: unknown): string {
  if (isUnknownProcedure(error)) return 'not supported by this libvirt version';
  if (isAccessDenied(error)) return 'not permitted on this connection';
  return 'not supported by this hypervisor';
}
