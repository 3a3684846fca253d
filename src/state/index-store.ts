import { createHash } from 'node:crypto';
import type { Logger } from '../log.ts';
import { systemClock, wallOffsetMs } from '../run/clock.ts';
import { IndexAllocator } from './index-allocator.ts';
import {
  type DeviceScope,
  type DomainToSave,
  deviceScopes,
  type IndexesToSave,
  indexFilePieces,
  isUuid,
  readIndexes,
  type SavedDomain,
} from './index-file.ts';
import { firstAssignedPerfEvent, listedPerfEvent } from './perf-event-ids.ts';
import { StateFile } from './state-file.ts';
import type { StatePlace } from './state-place.ts';
import { type GoneDomain, type KeptFacts, momentFacts, type ReportedDomain } from './state-types.ts';

export interface IndexStoreOptions {
  /** Where the state file is; undefined keeps everything in memory only. */
  readonly place: StatePlace | undefined;
  readonly logger: Logger;
  /** Told when numbers cannot be kept (a sentence for the operator), and with undefined when they can again. */
  readonly onProblem?: (problem: string | undefined) => void;
  /** Told when a saved file could not be used (a sentence for the operator). */
  readonly onLoss?: (problem: string) => void;
  readonly now?: () => number;
  /** How far the wall clock, whose times are saved, is ahead of moments. */
  readonly wallOffsetMs?: () => number;
}

const fileName = 'indexes.json';
/** 100 000 domains with a handful of devices stay below this. */
const maxFileBytes = 64 * 1024 * 1024;
/**
 * Domains that have a number, those included of which nothing but an event is known: a daemon that makes domains up would
 * fill the memory and the file with them.
 */
const maxNumbered = 50_000;
/** Devices of all domains of one hypervisor that have numbers; beyond it, those of a domain that has a new one are given anew. */
const maxDevices = 200_000;
/** The same of perf events without a listed number. */
const maxPerfEvents = 4096;
/** Longer keys are kept as their digests: targets, MAC addresses and mount points in earnest are shorter. */
const maxKeyChars = 255;
/** A number of a device, pool or network that is gone is not given to another one before this. */
const quarantineMs = 600_000;

/** What is kept per domain. Replaced, never changed, once it has been handed to the state file. */
interface KnownDomain {
  readonly devices: Readonly<Record<DeviceScope, IndexAllocator>>;
  facts: KeptFacts;
  reported: ReportedDomain | undefined;
}

/**
 * The numbers of everything that has a row (LveIndex), bound to UUIDs, targets, MAC addresses and mount
 * points, and the few facts about domains that must survive a restart. Lookups are synchronous map reads;
 * changes reach the disk in the background.
 */
export class IndexStore {
  readonly #logger: Logger;
  readonly #now: () => number;
  readonly #wallOffsetMs: () => number;
  readonly #onProblem: (problem: string | undefined) => void;
  readonly #onLoss: (problem: string) => void;
  readonly #place: StatePlace | undefined;
  readonly #file: StateFile | undefined;
  readonly #references: ((domainIndex: number) => boolean)[] = [];
  readonly #domains: IndexAllocator;
  readonly #pools: IndexAllocator;
  readonly #networks: IndexAllocator;
  readonly #perfEvents: IndexAllocator;
  readonly #records = new Map<string, KnownDomain>();
  readonly #gone = new Map<string, GoneDomain>();
  #deviceKeys = 0;
  #problem: string | undefined;

  private constructor(options: IndexStoreOptions) {
    this.#logger = options.logger;
    this.#now = options.now ?? systemClock.now;
    this.#wallOffsetMs = options.wallOffsetMs ?? wallOffsetMs;
    this.#onProblem = options.onProblem ?? (() => undefined);
    this.#onLoss = options.onLoss ?? (() => undefined);
    const shared = { now: this.#now, quarantineMs };
    this.#domains = new IndexAllocator({
      now: this.#now,
      inUse: (index) => this.#isReferenced(index),
      onReclaim: (uuid) => {
        for (const scope of deviceScopes)
          this.#deviceKeys -= this.#records.get(uuid)?.devices[scope].size ?? 0;
        this.#records.delete(uuid);
      },
    });
    this.#pools = new IndexAllocator(shared);
    this.#networks = new IndexAllocator(shared);
    this.#perfEvents = new IndexAllocator({ ...shared, first: firstAssignedPerfEvent });
    this.#place = options.place;
    if (options.place !== undefined) {
      this.#file = new StateFile({
        place: options.place,
        name: fileName,
        pieces: () => indexFilePieces(this.#toSave()),
        onProblem: (problem) => this.#report(problem),
        onForeign: (file) =>
          this.#logger.warn({ file }, 'somebody has removed or changed this file; it is written anew'),
      });
    }
  }

  /**
   * Opens the store. A file that is missing or of another version means a fresh start; of a damaged one, what
   * is whole is taken over, and the file is kept beside as `indexes.json.corrupt`. Never throws for the state of
   * the disk.
   */
  static async load(options: IndexStoreOptions): Promise<IndexStore> {
    const store = new IndexStore(options);
    await store.#read();
    return store;
  }

  /** Why numbers are not being kept; undefined while they are. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Whether numbers survive a restart. */
  get persistent(): boolean {
    return this.#place?.writable === true && this.#problem === undefined;
  }

  /** lveDomIndex and vmIndex of a domain. */
  domain(uuid: string): number {
    return this.#number(this.#domains, uuid);
  }

  /**
   * Takes over numbers that something else has kept, such as the event log, where the file of numbers has lost them: a
   * domain that is back gets the one that is said of it there, and no other domain does.
   */
  adopt(numbered: Iterable<{ readonly uuid: string; readonly index: number }>): void {
    const before = this.#domains.size;
    for (const { uuid, index } of numbered) {
      if (!isUuid(uuid) || this.#domains.size >= maxNumbered) continue;
      this.#domains.restore({ key: uuid, index, releasedAt: this.#now() });
    }
    const domains = this.#domains.size - before;
    if (domains === 0) return;
    // Also after every SIGKILL: the log is written a moment earlier.
    this.#logger.info({ domains }, 'index numbers that were not saved are taken from the event log');
    this.#changed();
  }

  /** Whether a domain has a number already, or may have one. */
  hasRoomFor(uuid: string): boolean {
    return this.#domains.peek(uuid) !== undefined || this.#domains.size < maxNumbered;
  }

  /** The number of a domain that is known, without binding one. */
  peekDomain(uuid: string): number | undefined {
    return this.#domains.peek(uuid);
  }

  /** vmStorageIndex, bound to the target. */
  disk(domainUuid: string, target: string): number {
    return this.#device(domainUuid, 'disk', target);
  }

  /** vmNetworkIndex, bound to the key of the interface: its MAC address, and an ordinal where it shares that. */
  nic(domainUuid: string, key: string): number {
    return this.#device(domainUuid, 'nic', key);
  }

  /** Number of a file system, bound to the mount point. */
  fileSystem(domainUuid: string, mountPoint: string): number {
    return this.#device(domainUuid, 'fileSystem', mountPoint);
  }

  pool(uuid: string): number {
    return this.#number(this.#pools, uuid);
  }

  network(uuid: string): number {
    return this.#number(this.#networks, uuid);
  }

  /** LvePerfEventId: the listed number, or one of 1000 and more bound to the name. */
  perfEvent(name: string): number {
    const listed = listedPerfEvent(name);
    if (listed !== undefined) return listed;
    const key = boundedKey(name);
    const isFull = this.#perfEvents.size >= maxPerfEvents && this.#perfEvents.peek(key) === undefined;
    if (isFull) this.#perfEvents.clear();
    return this.#number(this.#perfEvents, key);
  }

  /** Frees the numbers of devices that are not in `keys`, so that a guest with many mounts stays bounded. */
  retainDevices(domainUuid: string, scope: DeviceScope, keys: ReadonlySet<string>): void {
    const record = this.#records.get(domainUuid);
    const kept = new Set([...keys].map(boundedKey));
    if (record?.devices[scope].retain(kept)) this.#changed();
  }

  retainPools(uuids: ReadonlySet<string>): void {
    if (this.#pools.retain(uuids)) this.#changed();
  }

  retainNetworks(uuids: ReadonlySet<string>): void {
    if (this.#networks.retain(uuids)) this.#changed();
  }

  /**
   * Says that a domain no longer has a row. Its numbers and facts stay until another domain needs the
   * number and nothing refers to it (see {@link addReferences}).
   */
  forgetDomain(uuid: string): void {
    const released = this.#domains.release(uuid);
    if (this.#gone.delete(uuid) || released) this.#changed();
  }

  /** Adds a judge of whether something still refers to a domain's number (event log, notification queue). */
  addReferences(isReferenced: (domainIndex: number) => boolean): void {
    this.#references.push(isReferenced);
  }

  facts(uuid: string): KeptFacts {
    return this.#records.get(uuid)?.facts ?? noFacts;
  }

  /** Changes some facts; a fact given as undefined is forgotten. Costs nothing if nothing changes. */
  setFacts(uuid: string, facts: { readonly [K in keyof KeptFacts]: KeptFacts[K] | undefined }): void {
    const record = this.#record(uuid);
    let changed: Record<string, unknown> | undefined;
    for (const [name, value] of Object.entries(facts)) {
      const known = (record.facts as Record<string, unknown>)[name];
      if (known === value || (isObject(value) && JSON.stringify(known) === JSON.stringify(value))) continue;
      changed ??= { ...record.facts };
      if (value === undefined) delete changed[name];
      else changed[name] = value;
    }
    if (changed === undefined) return;
    record.facts = changed;
    this.#changed();
  }

  /** What was last reported about each domain, from this run or from the one before. */
  reportedDomains(): ReadonlyMap<string, ReportedDomain> {
    const reported = new Map<string, ReportedDomain>();
    for (const [uuid, record] of this.#records) {
      if (record.reported !== undefined) reported.set(uuid, record.reported);
    }
    return reported;
  }

  setReported(uuid: string, reported: ReportedDomain | undefined): void {
    if (reported === undefined && !this.#records.has(uuid)) return;
    const record = this.#record(uuid);
    if (sameReported(record.reported, reported)) return;
    record.reported = reported;
    this.#changed();
  }

  goneDomains(): readonly GoneDomain[] {
    return [...this.#gone.values()];
  }

  setGone(gone: GoneDomain): void {
    this.#gone.set(gone.uuid, gone);
    this.#changed();
  }

  /** The domain is back. */
  removeGone(uuid: string): void {
    if (this.#gone.delete(uuid)) this.#changed();
  }

  /** Has everything saved anew: somebody has set the wall clock, whose times are saved. */
  saveAgain(): void {
    this.#changed();
  }

  /** Waits until everything is on disk, or known not to get there. */
  async flush(): Promise<void> {
    await this.#file?.flush();
  }

  async close(): Promise<void> {
    await this.#file?.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #number(allocator: IndexAllocator, key: string): number {
    const known = allocator.peek(key);
    const index = allocator.index(key);
    // 2^31 - 1 rows do not fit in memory; the limit exists only for the type.
    if (index === undefined) throw new RangeError('no index is free');
    if (known === undefined) this.#changed();
    return index;
  }

  #device(domainUuid: string, scope: DeviceScope, name: string): number {
    const devices = this.#record(domainUuid).devices[scope];
    const key = boundedKey(name);
    const before = devices.size;
    if (this.#deviceKeys >= maxDevices && devices.peek(key) === undefined) devices.clear();
    const number = this.#number(devices, key);
    this.#deviceKeys += devices.size - before;
    return number;
  }

  #record(uuid: string): KnownDomain {
    const known = this.#records.get(uuid);
    if (known !== undefined) return known;
    const shared = { now: this.#now, quarantineMs };
    const record: KnownDomain = {
      devices: {
        disk: new IndexAllocator(shared),
        nic: new IndexAllocator(shared),
        fileSystem: new IndexAllocator(shared),
      },
      facts: noFacts,
      reported: undefined,
    };
    // A record without a number would not be kept and never be dropped.
    this.domain(uuid);
    this.#records.set(uuid, record);
    return record;
  }

  #isReferenced(index: number): boolean {
    const uuid = this.#domains.keyOf(index);
    if (uuid !== undefined && this.#gone.has(uuid)) return true;
    return this.#references.some((isReferenced) => isReferenced(index));
  }

  #changed(): void {
    this.#file?.markDirty();
  }

  #report(problem: string | undefined): void {
    if (problem === this.#problem) return;
    this.#problem = problem;
    if (problem === undefined) this.#logger.info({}, 'indexes are saved again');
    else this.#logger.warn({ problem }, 'indexes are not saved; numbers may change at the next start');
    this.#onProblem(problem);
  }

  async #read(): Promise<void> {
    if (this.#file === undefined) {
      this.#report('no state directory is in use: indexes are kept in memory only');
      return;
    }
    const { path } = this.#file;
    const content = await this.#file.read(maxFileBytes);
    if (content.kind === 'absent') return;
    const problem = content.kind === 'text' ? this.#restore(content.text) : content.problem;
    if (problem === undefined) return;
    const aside = await this.#file.setAside();
    const domains = this.#domains.size;
    this.#logger.warn({ problem, keptAs: aside, domains }, 'the saved indexes cannot all be used');
    const kept = aside === undefined ? '' : ` It is kept as ${aside}.`;
    this.#onLoss(
      `${path} cannot be used as a whole (${problem}); ${domains} domains keep their numbers, ` +
        `other rows may have new ones.${kept}`,
    );
  }

  /** Takes over what of a file can be used; returns why not all of it can. */
  #restore(text: string): string | undefined {
    const saved = readIndexes(text, this.#now());
    let contradictions = 0;
    for (const domain of saved.domains) contradictions += this.#restoreDomain(domain);
    const offset = this.#wallOffsetMs();
    for (const gone of saved.gone) this.#gone.set(gone.uuid, goneMoved(gone, -offset));
    for (const [allocator, bindings] of [
      [this.#pools, saved.pools],
      [this.#networks, saved.networks],
      [this.#perfEvents, saved.perfEvents],
    ] as const) {
      for (const binding of bindings) if (!allocator.restore(binding)) contradictions += 1;
    }
    if (saved.problem !== undefined || contradictions === 0) return saved.problem;
    return `${contradictions} numbers are given twice`;
  }

  /** Returns how many of its numbers, its own included, are given to something else already. */
  #restoreDomain({ binding, devices, facts, reported }: SavedDomain): number {
    if (!this.#domains.restore(binding)) return 1;
    const record = this.#record(binding.key);
    let contradictions = 0;
    for (const scope of deviceScopes) {
      for (const device of devices[scope]) {
        if (record.devices[scope].restore(device)) this.#deviceKeys += 1;
        else contradictions += 1;
      }
    }
    if (facts !== undefined) record.facts = factsMoved(facts, -this.#wallOffsetMs());
    if (reported !== undefined) record.reported = reported;
    if (binding.releasedAt !== undefined) this.#domains.release(binding.key);
    return contradictions;
  }

  #toSave(): IndexesToSave {
    const offset = this.#wallOffsetMs();
    return {
      domains: this.#domains.bindings().map((binding) => {
        const record = this.#records.get(binding.key);
        return {
          ...binding,
          devices: devicesToSave(record?.devices),
          facts: record && factsMoved(record.facts, offset),
          reported: record?.reported,
        };
      }),
      gone: [...this.#gone.values()].map((gone) => goneMoved(gone, offset)),
      pools: this.#pools.bindings(),
      networks: this.#networks.bindings(),
      perfEvents: this.#perfEvents.bindings(),
    };
  }
}

const noFacts: KeptFacts = {};

function boundedKey(text: string): string {
  return text.length <= maxKeyChars ? text : createHash('sha256').update(text).digest('hex');
}

/** The facts with their moments so much later; the same object where there is nothing to move. */
function factsMoved(facts: KeptFacts, byMs: number): KeptFacts {
  if (byMs === 0) return facts;
  const moved: Record<string, unknown> = { ...facts };
  for (const name of momentFacts) {
    const moment = facts[name];
    if (moment !== undefined) moved[name] = moment + byMs;
  }
  return moved;
}

function goneMoved(gone: GoneDomain, byMs: number): GoneDomain {
  if (byMs === 0) return gone;
  const { stateSince } = gone.columns;
  const columns =
    stateSince === undefined ? gone.columns : { ...gone.columns, stateSince: stateSince + byMs };
  return { ...gone, goneAt: gone.goneAt + byMs, columns };
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

function devicesToSave(devices: KnownDomain['devices'] | undefined): DomainToSave['devices'] {
  const saved: Partial<Record<DeviceScope, Record<string, number>>> = {};
  for (const scope of deviceScopes) {
    const bindings = devices?.[scope].bindings() ?? [];
    if (bindings.length > 0)
      saved[scope] = Object.fromEntries(bindings.map(({ key, index }) => [key, index]));
  }
  return saved;
}

/** Asked about every domain after every refresh. */
function sameReported(a: ReportedDomain | undefined, b: ReportedDomain | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return (
    a.state === b.state &&
    a.reason === b.reason &&
    a.operState === b.operState &&
    a.agentState === b.agentState &&
    a.persistent === b.persistent &&
    a.name === b.name &&
    (a.diskErrors === b.diskErrors || JSON.stringify(a.diskErrors) === JSON.stringify(b.diskErrors))
  );
}
