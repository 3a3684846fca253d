import { errorText } from '../errors.ts';
import { CallTimeoutError } from '../libvirt/connection.ts';
import { hasVanished, isAccessDenied, isNotSupported, isUnknownProcedure } from '../libvirt/libvirt-error.ts';
import { type CollectorId, type CollectorStatus, collectorIds } from '../model/agent.ts';
import type { EpochMs } from '../model/scalar-types.ts';
import type { ActiveCollector, FailureScope } from './sources/collector.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Keeps lveCollectorTable: one row a source, shared by the collectors that name it. */
export class CollectorBoard {
  readonly #rows = new Map<CollectorId, Mutable<CollectorStatus>>();
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
      if (!isNotSupported(error) && !isAccessDenied(error)) return;
      if (scope === 'member') {
        // The others are read; what refused, and why, libvirt says itself.
        row.support = 'partial';
      } else {
        row.support = row.lastSuccessAt === undefined ? 'unsupported' : 'partial';
        row.lastError = `${reasonOf(error)}: ${row.lastError}`;
      }
    });
  }

  supported(id: CollectorId, support: CollectorStatus['support'], why = ''): void {
    this.#change(id, (row) => {
      row.support = support;
      if (why !== '') row.lastError = why;
    });
  }

  /** The rows as an immutable list; the same list while nothing changed. */
  get rows(): readonly CollectorStatus[] {
    this.#published ??= [...this.#rows.values()].map((row) => ({ ...row }));
    return this.#published;
  }

  #change(id: CollectorId, change: (row: Mutable<CollectorStatus>) => void): void {
    const row = this.#rows.get(id);
    if (row === undefined) return;
    change(row);
    this.#published = undefined;
  }
}

/** Which of the three stands in the way: the libvirt version, the permission or the hypervisor. */
function reasonOf(error: unknown): string {
  if (isUnknownProcedure(error)) return 'not supported by this libvirt version';
  if (isAccessDenied(error)) return 'not permitted on this connection';
  return 'not supported by this hypervisor';
}
