import { ConnectionLostError, errorText } from '../errors.ts';
import type { LibvirtEvent } from '../libvirt/events.ts';
import { LibvirtError } from '../libvirt/libvirt-error.ts';
import type { Logger } from '../log.ts';
import type { CollectorId } from '../model/agent.ts';
import type { CollectorBoard } from './collector-board.ts';
import type { SnapshotPublisher } from './snapshot-publisher.ts';
import type { Collector, CollectorPass } from './sources/collector.ts';
import type { DomainDefinitions } from './sources/domain-definitions.ts';
import type { DomainInventory } from './sources/domain-inventory.ts';
import type { DomainStats } from './sources/domain-stats.ts';

/** Time in milliseconds that announced changes are gathered before the early refresh they cause. */
const gatherMs = 20;

/** Early refreshes are at least this many milliseconds apart: a guest in a boot loop announces a hundred a second. */
const earlyRefreshGapMs = 250;

/** A collector that events ask to run does so at most this often, in milliseconds. */
const promptGapMs = 1000;

/** A failure that goes on is logged as a warning again after this many milliseconds. */
const repeatComplaintMs = 600_000;

const maxComplaints = 1000;

/** The first snapshot waits at most this long for definitions, so that small hosts start complete. */
const firstDefinitionsMs = 400;

export interface RefresherOptions {
  readonly intervalSec: number;
  readonly inventory: DomainInventory;
  readonly stats: DomainStats;
  readonly definitions: DomainDefinitions;
  /** Run along with refreshes, before they are published: with every one, or when their own interval has passed. */
  readonly core: readonly Collector[];
  /** Run in the background, each at its own pace; what they learn is published when they end. */
  readonly extra: readonly Collector[];
  /** Rows of lveCollectorTable that the statistics call serves besides its own. */
  readonly statsAlso: readonly CollectorId[];
  readonly board: CollectorBoard;
  readonly publisher: SnapshotPublisher;
  readonly logger: Logger;
}

/** How a run of a collector went. */
interface RunOutcome {
  readonly ok: boolean;
  /** Calls that failed. */
  readonly failures: number;
  readonly durationMs: number;
}

/** The parts of a pass that do not differ from collector to collector. */
export type PassBase = Omit<CollectorPass, 'failed' | 'supported' | 'now'>;

/**
 * Drives the collectors: one refresh at a time every interval, early refreshes of single domains when an
 * event announces a change, and the dear sources in the background.
 */
export class Refresher {
  readonly #options: RefresherOptions;
  readonly #poked = new Set<string>();
  readonly #lastRun = new Map<string, number>();
  /** Collectors that an event asked to run out of turn. */
  readonly #prompted = new Set<string>();
  readonly #background = new Map<string, Promise<void>>();
  #wake: (() => void) | undefined;
  #lastEarlyMs = Number.NEGATIVE_INFINITY;
  #count = 0;
  #errors = 0;
  #overruns = 0;
  readonly #reported = new WeakSet<LibvirtError>();
  /** When each complaint was last logged as a warning. */
  readonly #complaints = new Map<string, number>();

  constructor(options: RefresherOptions) {
    this.#options = options;
    options.board.configure([
      options.inventory,
      options.stats,
      options.definitions,
      ...options.core,
      ...options.extra,
      ...options.statsAlso.map((id) => ({ id, enabled: true, intervalSec: options.intervalSec })),
      { id: 'events', enabled: true, intervalSec: 0 },
    ]);
  }

  /** Has a domain refreshed at once, and its definition read if that may have changed. */
  poke(uuid: string, definitionToo: boolean): void {
    this.#poked.add(uuid);
    if (definitionToo) this.#options.definitions.request(uuid);
    this.#wake?.();
  }

  /** Has the background collectors that wait for such an event run at once. */
  prompt(event: LibvirtEvent['type']): void {
    for (const collector of this.#options.extra) {
      if (collector.enabled && collector.promptedBy?.includes(event)) this.#prompted.add(collector.name);
    }
    if (this.#prompted.size > 0) this.#wake?.();
  }

  /** Refreshes once, dear sources included, and publishes. */
  async once(base: PassBase): Promise<void> {
    await this.#refreshAll(base, true);
    await Promise.all([
      this.#runGuarded(this.#options.definitions, base),
      ...this.#options.extra
        .filter((collector) => collector.enabled)
        .map((collector) => this.#runGuarded(collector, base)),
    ]);
    await this.#options.publisher.publish();
  }

  /**
   * Refreshes until the signal aborts or the connection is lost.
   *
   * @throws ConnectionLostError
   */
  async run(base: PassBase): Promise<void> {
    const { signal } = base;
    const intervalMs = this.#options.intervalSec * 1000;
    // A new session knows nothing of what the last one asked for.
    this.#lastRun.clear();
    let first = true;
    let next = performance.now();
    while (!signal.aborted) {
      if (performance.now() >= next) {
        this.#poked.clear();
        await this.#refreshAll(base, first);
        first = false;
        next += intervalMs;
        // Refreshes that should have begun while this one was under way are skipped, and counted.
        while (next <= performance.now()) {
          this.#overruns += 1;
          next += intervalMs;
        }
      } else if (this.#poked.size > 0) {
        await this.#refreshPoked(base);
      }
      this.#startBackground(base);
      await this.#idle(next, signal);
    }
  }

  /** Waits for background runs to end; call after the signal aborted. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#background.values());
  }

  async #refreshAll(base: PassBase, first: boolean): Promise<void> {
    const { inventory, stats, definitions, core, publisher, statsAlso, board } = this.#options;
    const startedMs = performance.now();
    let failures = 0;
    stats.only = undefined;
    const inventoried = await this.#run(inventory, base);
    failures += inventoried.failures;
    if (!inventoried.ok) {
      // Not a complete refresh: the age of the last one goes on growing.
      this.#errors += 1;
      await publisher.publish({ refreshErrors: this.#errors });
      return;
    }
    const due = core.filter(
      (one) => one.intervalSec <= this.#options.intervalSec || this.#isDue(one, startedMs),
    );
    const [statsRun, coreRuns] = await Promise.all([this.#run(stats, base), this.#runInOrder(due, base)]);
    for (const id of statsAlso) board.ran(id, statsRun.durationMs, Date.now(), statsRun.ok);
    for (const outcome of [statsRun, ...coreRuns]) failures += outcome.failures;
    for (const record of [...inventory.changes.appeared, ...inventory.changes.switched]) {
      definitions.request(record.uuid);
    }
    definitions.resume(base.libvirt.gate);
    if (first) await this.#definitionsForAWhile(base);
    this.#count += 1;
    if (failures > 0) this.#errors += 1;
    await publisher.publish({
      refreshEndedAt: Date.now(),
      refreshDurationMs: Math.round(performance.now() - startedMs),
      refreshCount: this.#count,
      refreshErrors: this.#errors,
      refreshOverruns: this.#overruns,
    });
  }

  /** One after another: a later one may build on what an earlier one learned. */
  async #runInOrder(collectors: readonly Collector[], base: PassBase): Promise<readonly RunOutcome[]> {
    const outcomes: RunOutcome[] = [];
    for (const collector of collectors) outcomes.push(await this.#run(collector, base));
    return outcomes;
  }

  async #definitionsForAWhile(base: PassBase): Promise<void> {
    const { definitions } = this.#options;
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, firstDefinitionsMs);
    });
    await Promise.race([this.#inBackground(definitions, base), patience]);
    clearTimeout(timer);
  }

  async #refreshPoked(base: PassBase): Promise<void> {
    const { inventory, stats, definitions, publisher } = this.#options;
    const waitMs = Math.max(gatherMs, this.#lastEarlyMs + earlyRefreshGapMs - performance.now());
    await new Promise((resolve) => setTimeout(resolve, waitMs));
    this.#lastEarlyMs = performance.now();
    const poked = new Set(this.#poked);
    this.#poked.clear();
    await this.#run(inventory, base);
    for (const record of [...inventory.changes.appeared, ...inventory.changes.switched]) {
      definitions.request(record.uuid);
      poked.add(record.uuid);
    }
    stats.only = poked;
    await this.#run(stats, base);
    await publisher.publish();
  }

  #startBackground(base: PassBase): void {
    const now = performance.now();
    const { definitions, extra } = this.#options;
    if (definitions.hasRequests || this.#isDue(definitions, now)) void this.#inBackground(definitions, base);
    for (const collector of extra) {
      if (collector.enabled && this.#isDue(collector, now)) void this.#inBackground(collector, base);
    }
  }

  #isDue(collector: Collector, now: number): boolean {
    const last = this.#lastRun.get(collector.name);
    if (last === undefined) return true;
    const prompted = this.#prompted.has(collector.name);
    return now - last >= (prompted ? promptGapMs : collector.intervalSec * 1000);
  }

  /** Runs a collector unless it is running already; publishes when it ends. Never rejects. */
  async #inBackground(collector: Collector, base: PassBase): Promise<void> {
    const running = this.#background.get(collector.name);
    if (running !== undefined) return await running;
    this.#prompted.delete(collector.name);
    const run = this.#runGuarded(collector, base)
      .then(async () => {
        if (!base.signal.aborted) await this.#options.publisher.publish();
      })
      .finally(() => {
        this.#background.delete(collector.name);
        // A request that came too late for this run must not wait for the next interval.
        if (collector === this.#options.definitions && this.#options.definitions.hasRequests) this.#wake?.();
      });
    this.#background.set(collector.name, run);
    await run;
  }

  /** A lost connection ends the session by itself: here it only ends the run. */
  async #runGuarded(collector: Collector, base: PassBase): Promise<void> {
    try {
      await this.#run(collector, base);
    } catch (error) {
      this.#options.logger.debug({ collector: collector.name, error: errorText(error) }, 'collector ended');
    }
  }

  /** One run, timed and counted. Throws only when the connection is lost. */
  async #run(collector: Collector, base: PassBase): Promise<RunOutcome> {
    const { board } = this.#options;
    const startedMs = performance.now();
    this.#lastRun.set(collector.name, startedMs);
    let failures = 0;
    let ok = true;
    const failed = (error: unknown, about?: string): void => {
      // A refusal that is remembered is thrown again and again, but happened once.
      if (error instanceof LibvirtError && this.#reported.has(error)) return;
      if (error instanceof LibvirtError) this.#reported.add(error);
      failures += 1;
      board.failed(collector.id, error, about);
      this.#complain(collector, error, about);
    };
    try {
      await collector.collect({
        ...base,
        now: Date.now(),
        failed,
        supported: (support, why) => board.supported(collector.id, support, why),
      });
    } catch (error) {
      if (base.signal.aborted || error instanceof ConnectionLostError) throw error;
      ok = false;
      failed(error);
    } finally {
      board.ran(collector.id, performance.now() - startedMs, Date.now(), ok);
    }
    return { ok, failures, durationMs: performance.now() - startedMs };
  }

  /** A complaint that repeats is worth a line now and then, not one in each refresh. */
  #complain(collector: Collector, error: unknown, about: string | undefined): void {
    // Without the domain: what fails for a thousand domains is one complaint.
    const complaint = `${collector.name} ${errorText(error)}`;
    const now = performance.now();
    const said = this.#complaints.get(complaint);
    const silent = said !== undefined && now - said < repeatComplaintMs;
    if (!silent) {
      if (this.#complaints.size >= maxComplaints) this.#complaints.clear();
      this.#complaints.set(complaint, now);
    }
    this.#options.logger[silent ? 'debug' : 'warn'](
      { collector: collector.name, domain: about, error: errorText(error) },
      'a call to libvirt failed',
    );
  }

  async #idle(untilMs: number, signal: AbortSignal): Promise<void> {
    if (this.#poked.size > 0 || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const soonest = Math.min(untilMs, performance.now() + (this.#prompted.size > 0 ? 100 : 1000));
      const timer = setTimeout(done, Math.max(0, soonest - performance.now()));
      signal.addEventListener('abort', done, { once: true });
      this.#wake = done;
      function done(): void {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        resolve();
      }
    });
    this.#wake = undefined;
  }
}
