import { stateFromCode } from '../../domain-state/state-text.ts';
import type { DomainRef } from '../../libvirt/protocol.ts';
import type { DomainState } from '../../model/domain.ts';
import type { EpochMs } from '../../model/scalar-types.ts';
import type { IndexStore } from '../../state/index-store.ts';
import { DomainRecord } from './domain-record.ts';

/** What a list call says about one domain. */
export interface ListedDomain {
  readonly ref: DomainRef;
  readonly persistent: boolean;
  readonly autostart: boolean | undefined;
  readonly managedSave: boolean | undefined;
}

/** Changes of the set of domains found by one inventory. */
export interface InventoryChanges {
  readonly appeared: readonly DomainRecord[];
  readonly vanished: readonly DomainRecord[];
  /** Domains that were started or stopped since the last inventory: their definition must be read anew. */
  readonly switched: readonly DomainRecord[];
}

/**
 * The working records of all domains, present and gone, with the facts about their lives that must survive
 * a restart of the agent (kept in the {@link IndexStore}).
 */
export class DomainTable {
  readonly #indexes: IndexStore;
  readonly #retentionMs: number;
  readonly #records = new Map<string, DomainRecord>();
  /** Start times told by lifecycle events, waiting for the inventory that shows the new run. */
  readonly #announcedStarts = new Map<string, EpochMs>();
  #sorted: readonly DomainRecord[] | undefined;
  #changedAt: EpochMs | undefined;
  #firstInventory = true;

  constructor(indexes: IndexStore, retentionMs: number) {
    this.#indexes = indexes;
    this.#retentionMs = retentionMs;
    for (const gone of indexes.goneDomains())
      this.#restoreGone(gone.uuid, gone.name, gone.goneAt, gone.columns);
  }

  /** All records, ascending by index. */
  get all(): readonly DomainRecord[] {
    this.#sorted ??= [...this.#records.values()].sort((a, b) => a.index - b.index);
    return this.#sorted;
  }

  /** The domains that exist, ascending by index. */
  get present(): readonly DomainRecord[] {
    return this.all.filter((record) => record.goneAt === undefined);
  }

  /** Libvirt could not be asked: the figures of all active domains are only those of an earlier reading. */
  markStale(): void {
    for (const record of this.active) {
      if (record.statsStatus !== 'ok' && record.statsStatus !== 'partial') continue;
      record.statsStatus = 'stale';
      record.touch();
    }
  }

  /** The domains that exist and are active, ascending by index. */
  get active(): readonly DomainRecord[] {
    return this.all.filter((record) => record.active && record.goneAt === undefined);
  }

  /** Last creation or deletion of a row; undefined if none since the agent started. */
  get changedAt(): EpochMs | undefined {
    return this.#changedAt;
  }

  get(uuid: string): DomainRecord | undefined {
    return this.#records.get(uuid);
  }

  /** A lifecycle event said that a domain was started at this moment. */
  announceStart(uuid: string, at: EpochMs): void {
    this.#announcedStarts.set(uuid, at);
  }

  /** Takes over a complete list of the domains that exist. */
  applyInventory(listed: readonly ListedDomain[], now: EpochMs): InventoryChanges {
    const appeared: DomainRecord[] = [];
    const vanished: DomainRecord[] = [];
    const switched: DomainRecord[] = [];
    const seen = new Set<string>();
    for (const entry of listed) {
      const { uuid } = entry.ref;
      seen.add(uuid);
      let record = this.#records.get(uuid);
      if (record === undefined || record.goneAt !== undefined) {
        record = this.#create(entry.ref, now);
        appeared.push(record);
      }
      if (this.#applyEntry(record, entry, now)) switched.push(record);
    }
    for (const record of this.#records.values()) {
      if (record.goneAt !== undefined || seen.has(record.uuid)) continue;
      this.#vanish(record, now);
      vanished.push(record);
    }
    if (this.#firstInventory) vanished.push(...this.#vanishedWhileAway(seen, now));
    this.#firstInventory = false;
    this.#announcedStarts.clear();
    const expired = this.#expire(now);
    if (appeared.length > 0 || expired) {
      this.#changedAt = now;
      this.#sorted = undefined;
    }
    return { appeared, vanished, switched };
  }

  /** Takes over a state and its reason; tells whether the state changed. */
  applyState(record: DomainRecord, stateCode: number, reason: number, now: EpochMs): boolean {
    const state = stateFromCode(stateCode);
    if (record.stateKnown && record.state === state && record.reason === reason) return false;
    const changed = record.stateKnown && record.state !== state;
    record.stateKnown = true;
    if (changed) {
      record.stateChanges += 1;
      record.stateSince = now;
    }
    record.state = state;
    record.reason = reason;
    record.touch();
    this.#indexes.setFacts(record.uuid, {
      lastState: state,
      lastReason: reason,
      stateSince: record.stateSince,
      stateChanges: record.stateChanges,
    });
    return changed;
  }

  /** The true start of an active domain became known. */
  setStart(record: DomainRecord, startedAt: EpochMs, source: DomainRecord['startSource']): void {
    record.startedAt = startedAt;
    record.startSource = source;
    record.touch();
    this.#saveStart(record);
  }

  #create(ref: DomainRef, now: EpochMs): DomainRecord {
    const record = new DomainRecord(ref.uuid, this.#indexes.domain(ref.uuid), ref.name, now);
    const facts = this.#indexes.facts(ref.uuid);
    record.stateKnown = facts.lastState !== undefined;
    record.state = facts.lastState ?? 'nostate';
    record.reason = facts.lastReason ?? 0;
    record.stateSince = facts.stateSince ?? now;
    record.stateChanges = facts.stateChanges ?? 0;
    this.#records.set(ref.uuid, record);
    this.#indexes.removeGone(ref.uuid);
    return record;
  }

  /** Returns whether the domain was started or stopped. */
  #applyEntry(record: DomainRecord, entry: ListedDomain, now: EpochMs): boolean {
    const { ref } = entry;
    const active = ref.id >= 0;
    const switched = active !== record.active || (active && ref.id !== record.id);
    if (
      switched ||
      record.name !== ref.name ||
      record.persistent !== entry.persistent ||
      record.autostart !== entry.autostart ||
      record.managedSave !== entry.managedSave
    ) {
      record.touch();
    }
    record.name = ref.name;
    record.persistent = entry.persistent;
    record.autostart = entry.autostart;
    record.managedSave = entry.managedSave;
    if (!switched) return false;
    const ranBefore = record.active;
    record.active = active;
    record.id = ref.id;
    record.resetRuntime();
    if (active) this.#started(record, now);
    else if (ranBefore) record.discontinuityAt = now;
    return true;
  }

  /**
   * A run of the domain that the agent did not know. Its start is told by an event, remembered from before
   * a restart of the agent (same id), or not known better than "now".
   */
  #started(record: DomainRecord, now: EpochMs): void {
    const facts = this.#indexes.facts(record.uuid);
    const announced = this.#announcedStarts.get(record.uuid);
    if (announced !== undefined) {
      record.startedAt = announced;
      record.startSource = 'event';
      record.discontinuityAt = announced;
    } else if (facts.lastId === record.id && facts.startedAt !== undefined) {
      record.startedAt = facts.startedAt;
      record.startSource = facts.startSource ?? 'unknown';
      record.discontinuityAt = facts.discontinuityAt;
    } else {
      record.startedAt = now;
      record.startSource = 'firstSeen';
      if (!this.#firstInventory) record.discontinuityAt = now;
    }
    this.#saveStart(record);
  }

  #saveStart(record: DomainRecord): void {
    this.#indexes.setFacts(record.uuid, {
      lastId: record.id,
      startedAt: record.startedAt,
      startSource: record.startSource,
      discontinuityAt: record.discontinuityAt,
    });
  }

  #vanish(record: DomainRecord, now: EpochMs): void {
    record.goneAt = now;
    if (record.active) {
      record.active = false;
      this.applyState(record, shutoffCode, 0, now);
    }
    record.resetRuntime();
    this.#indexes.setGone({
      uuid: record.uuid,
      name: record.name,
      goneAt: now,
      columns: {
        state: record.state,
        reason: record.reason,
        stateSince: record.stateSince,
        stateChanges: record.stateChanges,
        persistent: record.persistent,
      },
    });
  }

  /** Domains that existed when the agent last ran: their rows stay like those of any domain that ceased to exist. */
  #vanishedWhileAway(seen: ReadonlySet<string>, now: EpochMs): readonly DomainRecord[] {
    const vanished: DomainRecord[] = [];
    for (const [uuid, reported] of this.#indexes.reportedDomains()) {
      if (seen.has(uuid) || this.#records.has(uuid)) continue;
      const record = new DomainRecord(uuid, this.#indexes.domain(uuid), reported.name, now);
      record.state = reported.state;
      record.reason = reported.reason;
      record.persistent = reported.persistent;
      this.#records.set(uuid, record);
      this.#vanish(record, now);
      this.#sorted = undefined;
      vanished.push(record);
    }
    return vanished;
  }

  #restoreGone(
    uuid: string,
    name: string,
    goneAt: EpochMs,
    columns: Readonly<Record<string, unknown>>,
  ): void {
    const record = new DomainRecord(uuid, this.#indexes.domain(uuid), name, goneAt);
    record.goneAt = goneAt;
    record.state = isText(columns['state']) ? (columns['state'] as DomainState) : 'shutoff';
    record.reason = numberOr(columns['reason'], 0);
    record.stateSince = numberOr(columns['stateSince'], goneAt);
    record.stateChanges = numberOr(columns['stateChanges'], 0);
    record.persistent = columns['persistent'] === true;
    this.#records.set(uuid, record);
  }

  #expire(now: EpochMs): boolean {
    let expired = false;
    for (const record of this.#records.values()) {
      if (record.goneAt === undefined || now - record.goneAt < this.#retentionMs) continue;
      this.#records.delete(record.uuid);
      this.#indexes.forgetDomain(record.uuid);
      expired = true;
    }
    return expired;
  }
}

/** VIR_DOMAIN_SHUTOFF */
const shutoffCode = 5;

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function numberOr(value: unknown, fallback: number): number {
  return typeof value === 'number' ? value : fallback;
}
