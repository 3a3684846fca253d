import { isSuspended } from '../../domain-state/oper-state.ts';
import { stateFromCode } from '../../domain-state/state-text.ts';
import type { DomainRef } from '../../libvirt/protocol.ts';
import { domainStates } from '../../libvirt-enums/domain-state.ts';
import type { DomainState } from '../../model/domain.ts';
import type { EpochMs } from '../../model/scalar-types.ts';
import { maxIndex } from '../../state/index-allocator.ts';
import type { IndexStore } from '../../state/index-store.ts';
import type { KeptFacts } from '../../state/state-types.ts';
import { DomainRecord } from './domain-record.ts';

/** The process that a domain of this host runs in. */
export interface HypervisorProcess {
  readonly startedAt: EpochMs;
  /** Unique among all processes of this host for good: its boot, and the tick and the number of the process. */
  readonly run: string;
}

/** A process is started a moment before the event that says so. */
const startToleranceMs = 5000;

/** Starts that are remembered until the next inventory. */
const maxAnnounced = 10_000;

const noProcesses: ReadonlyMap<string, HypervisorProcess> = new Map();

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
  readonly #maxGone: number;
  readonly #numbers = new Set<number>();
  readonly #records = new Map<string, DomainRecord>();
  /** Start times told by lifecycle events, waiting for the inventory that shows the new run. */
  readonly #announcedStarts = new Map<string, EpochMs>();
  #sorted: readonly DomainRecord[] | undefined;
  #changedAt: EpochMs | undefined;
  #firstInventory = true;
  /** The boot of the agent's machine, where that is the hypervisor's as well. */
  #boot: string | undefined;

  /**
   * @param retentionMs - how long the rows of domains that ceased to exist are kept.
   * @param maxGone - how many of them at most.
   */
  constructor(indexes: IndexStore, retentionMs: number, maxGone = Number.POSITIVE_INFINITY) {
    this.#indexes = indexes;
    this.#retentionMs = retentionMs;
    this.#maxGone = maxGone;
    for (const gone of indexes.goneDomains())
      this.#restoreGone(gone.uuid, gone.name, gone.goneAt, gone.columns);
  }

  /** Says in which boot of the host ids of domains are given; ids of another boot mean nothing. */
  setBoot(boot: string): void {
    this.#boot = boot;
  }

  /** Whether an active domain has the id of a run that is known, and so may be taken for that one. */
  remembersRun({ uuid, id }: DomainRef): boolean {
    if (id < 0) return false;
    return this.#records.get(uuid)?.id === id || this.#indexes.facts(uuid).lastId === id;
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

  /**
   * The claim of a domain to a place among those that are monitored, the lower the stronger: by its number, those that
   * have rows before all that have none; undefined if it is new.
   */
  claimOf(uuid: string): number | undefined {
    const record = this.#records.get(uuid);
    if (record !== undefined && record.goneAt === undefined) return record.index;
    const index = this.#indexes.peekDomain(uuid);
    return index === undefined ? undefined : maxIndex + index;
  }

  /** Whether a row has this index. */
  hasNumber(index: number): boolean {
    return this.#numbers.has(index);
  }

  /** A lifecycle event said that a domain was started at this moment. */
  announceStart(uuid: string, at: EpochMs): void {
    // Until there is a list again: a daemon that gives none, and announces on and on, would fill the memory.
    if (this.#announcedStarts.size < maxAnnounced) this.#announcedStarts.set(uuid, at);
  }

  /** Takes over a complete list of the domains that exist. */
  applyInventory(
    listed: readonly ListedDomain[],
    now: EpochMs,
    processes: ReadonlyMap<string, HypervisorProcess> = noProcesses,
  ): InventoryChanges {
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
      if (this.#applyEntry(record, entry, now, processes.get(uuid))) switched.push(record);
    }
    for (const record of this.#records.values()) {
      if (record.goneAt !== undefined || seen.has(record.uuid)) continue;
      this.#vanish(record, now);
      vanished.push(record);
    }
    if (this.#firstInventory) for (const record of this.#vanishedWhileAway(seen, now)) vanished.push(record);
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

  /** The counters of a domain count from another beginning. */
  setDiscontinuity(record: DomainRecord, at: EpochMs): void {
    record.discontinuityAt = at;
    record.touch();
    this.#indexes.setFacts(record.uuid, { discontinuityAt: at });
  }

  /** The true start of an active domain became known. */
  setStart(record: DomainRecord, startedAt: EpochMs, source: DomainRecord['startSource']): void {
    if (record.upSince === record.startedAt) record.upSince = startedAt;
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
    record.upSince = facts.upSince;
    this.#keep(record);
    this.#indexes.removeGone(ref.uuid);
    return record;
  }

  /** Returns whether the domain was started or stopped. */
  #applyEntry(
    record: DomainRecord,
    entry: ListedDomain,
    now: EpochMs,
    process: HypervisorProcess | undefined,
  ): boolean {
    const { ref } = entry;
    const active = ref.id >= 0;
    // libvirt gives ids anew after a restart without guests: the same id need not be the same run.
    const isOtherProcess =
      process !== undefined && record.process !== undefined && process.run !== record.process;
    const wasSuspended = isSuspended(record);
    const switched = active !== record.active || (active && (ref.id !== record.id || isOtherProcess));
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
    if (active) this.#started(record, now, process, wasSuspended);
    else if (ranBefore) record.discontinuityAt = now;
    return true;
  }

  /**
   * A run of the domain that the agent did not know. Its start is told by an event, remembered from before
   * a restart of the agent (same run), told by its process, or not known better than "now".
   */
  #started(
    record: DomainRecord,
    now: EpochMs,
    process: HypervisorProcess | undefined,
    wasSuspended: boolean,
  ): void {
    const facts = this.#indexes.facts(record.uuid);
    const announced = this.#announcedStarts.get(record.uuid);
    const isRemembered = facts.startedAt !== undefined && this.#isSameRun(record, facts, process);
    record.process = process?.run;
    if (announced !== undefined) {
      record.startedAt = announced;
      record.startSource = 'event';
      record.discontinuityAt = announced;
    } else if (isRemembered) {
      record.startedAt = facts.startedAt;
      record.startSource = facts.startSource ?? 'unknown';
      record.discontinuityAt = facts.discontinuityAt;
      record.process ??= facts.lastRun;
    } else {
      record.startedAt = process?.startedAt ?? now;
      record.startSource = process === undefined ? 'firstSeen' : 'process';
      // At the first inventory nobody has read a counter yet, unless it was of a run before.
      if (!this.#firstInventory || facts.startedAt !== undefined) record.discontinuityAt = record.startedAt;
    }
    const isNew = announced !== undefined || !isRemembered;
    record.upSince = isNew && !wasSuspended ? record.startedAt : (facts.upSince ?? record.startedAt);
    if (isNew) this.#indexes.setFacts(record.uuid, { runSizes: undefined });
    this.#saveStart(record);
  }

  /** Whether the run is the one that was remembered: the same process, or, where none is seen, the same id in one boot. */
  #isSameRun(record: DomainRecord, facts: KeptFacts, process: HypervisorProcess | undefined): boolean {
    if (facts.lastId !== record.id) return false;
    if (process !== undefined && facts.lastRun !== undefined) return process.run === facts.lastRun;
    if (facts.lastBoot !== undefined && facts.lastBoot !== this.#boot) return false;
    return process === undefined || process.startedAt <= (facts.startedAt ?? 0) + startToleranceMs;
  }

  /** The process of a run was found after its start. */
  setProcess(record: DomainRecord, process: HypervisorProcess): void {
    record.process = process.run;
    if (record.startSource === 'firstSeen') this.setStart(record, process.startedAt, 'process');
    else this.#saveStart(record);
  }

  #saveStart(record: DomainRecord): void {
    this.#indexes.setFacts(record.uuid, {
      lastId: record.id,
      lastBoot: this.#boot,
      lastRun: record.process,
      startedAt: record.startedAt,
      upSince: record.upSince,
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
        ...(record.stateKnown ? { state: record.state } : {}),
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
      record.stateKnown = true;
      record.state = reported.state;
      record.reason = reported.reason;
      record.persistent = reported.persistent;
      this.#keep(record);
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
    record.stateKnown = isText(columns['state']);
    record.state = record.stateKnown ? (columns['state'] as DomainState) : 'nostate';
    record.reason = numberOr(columns['reason'], 0);
    record.stateSince = numberOr(columns['stateSince'], goneAt);
    record.stateChanges = numberOr(columns['stateChanges'], 0);
    record.persistent = columns['persistent'] === true;
    this.#keep(record);
  }

  #keep(record: DomainRecord): void {
    this.#records.set(record.uuid, record);
    this.#numbers.add(record.index);
  }

  #expire(now: EpochMs): boolean {
    const gone: DomainRecord[] = [];
    for (const record of this.#records.values()) if (record.goneAt !== undefined) gone.push(record);
    gone.sort((a, b) => (a.goneAt ?? 0) - (b.goneAt ?? 0));
    const excess = gone.length - this.#maxGone;
    let expired = false;
    for (const [at, record] of gone.entries()) {
      if (at >= excess && now - (record.goneAt ?? 0) < this.#retentionMs) continue;
      this.#records.delete(record.uuid);
      this.#numbers.delete(record.index);
      this.#indexes.forgetDomain(record.uuid);
      expired = true;
    }
    return expired;
  }
}

const shutoffCode = domainStates.indexOf('shutoff');

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function numberOr(value: unknown, fallback: number): number {
  return typeof value === 'number' ? value : fallback;
}
