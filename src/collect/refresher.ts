import { setTimeout as sleep } from 'node:timers/promises';
import { ConnectionLostError, errorText } from '../errors.ts';
import type { LibvirtEvent } from '../libvirt/events.ts';
import { hasVanished, LibvirtError } from '../libvirt/libvirt-error.ts';
import type { Logger } from '../log.ts';
import { systemClock } from '../run/clock.ts';
import { within } from '../run/deadline.ts';
import { NotCalledError } from './access/call-gate.ts';
import { type CollectorBoard, ofItself } from './collector-board.ts';
import type { SnapshotPublisher } from './snapshot-publisher.ts';
import type { ActiveCollector, CollectorPass, CollectorStage, FailureScope } from './sources/collector.ts';

/** Time in milliseconds that announced changes are gathered before the early refresh they cause. */
const gatherMs = 20;

/** What background runs learned is published this many milliseconds after the first of them has ended. */
const gatherRunsMs = 100;

/** Early refreshes are at least this many milliseconds apart: a guest in a boot loop announces a hundred a second. */
const earlyRefreshGapMs = 250;

/** A collector that events ask to run does so at most this often, in milliseconds. */
const promptGapMs = 1000;

/** A failure that goes on is logged as a warning again after this many milliseconds. */
const repeatComplaintMs = 600_000;

const maxComplaints = 1000;

/** Complaints that are logged as warnings in a minute. */
const complaintsPerMinute = 60;

/** Domains, by what events name, that wait for an early refresh; those beyond have to wait for the next one of all. */
const maxPoked = 10_000;

/** The first snapshot waits at most this long for what is read per domain, so that small hosts start complete. */
const firstReadingMs = 400;

export interface RefresherOptions {
  readonly intervalSec: number;
  /** In the order in which those of one stage run. */
  readonly collectors: readonly ActiveCollector[];
  readonly board: CollectorBoard;
  readonly publisher: Pick<SnapshotPublisher, 'publish'>;
  readonly logger: Logger;
  /** Whether there are others: then not all refresh at the same moments, although all start together. */
  readonly isOneOfMany?: boolean;
}

/** How runs of collectors went. */
interface RunOutcome {
  readonly ok: boolean;
  /** Calls that failed. */
  readonly failures: number;
}

/** The parts of a pass that do not differ from run to run. */
export type PassBase = Omit<
  CollectorPass,
  'failed' | 'spared' | 'answered' | 'limited' | 'changed' | 'postpone' | 'only' | 'now'
>;

/** Domains, by UUID, that a collector is to run for out of turn. */
interface Requests {
  readonly wanted: Set<string>;
  /** Those it could not ask, because their hypervisor process does not answer. */
  readonly postponed: Set<string>;
}

/**
 * Drives the collectors: one refresh at a time every interval, early refreshes of single domains when an
 * event announces a change, and the sources that no refresh waits for in the background.
 */
export class Refresher {
  readonly #options: RefresherOptions;
  /** Domains to refresh early. */
  readonly #poked = new Set<string>();
  /** Domains that a collector found to have changed. */
  readonly #changed = new Set<string>();
  readonly #lastRun = new Map<ActiveCollector, number>();
  /** Collectors that an event asked to run out of turn. */
  readonly #prompted = new Set<ActiveCollector>();
  /** Of the collectors that run for single domains. */
  readonly #requests: ReadonlyMap<ActiveCollector, Requests>;
  readonly #background = new Map<ActiveCollector, Promise<void>>();
  #publishing: NodeJS.Timeout | undefined;
  #wake: (() => void) | undefined;
  #lastEarlyMs = Number.NEGATIVE_INFINITY;
  #count = 0;
  #errors = 0;
  #overruns = 0;
  readonly #reported = new WeakSet<LibvirtError>();
  /** When each complaint was last logged as a warning. */
  readonly #complaints = new Map<string, number>();
  #minuteMs = Number.NEGATIVE_INFINITY;
  #complaintsOfMinute = 0;

  constructor(options: RefresherOptions) {
    this.#options = options;
    this.#requests = new Map(
      options.collectors
        .filter(({ perDomain }) => perDomain === true)
        .map((collector) => [collector, { wanted: new Set(), postponed: new Set() }]),
    );
    options.board.configure([
      ...options.collectors.flatMap(({ id, also, intervalSec }) =>
        [id, ...also].map((row) => ({ id: row, intervalSec })),
      ),
      { id: 'events', intervalSec: 0 },
    ]);
  }

  /** Has a domain refreshed at once. */
  poke(uuid: string): void {
    if (this.#poked.size < maxPoked) this.#poked.add(uuid);
    this.#wake?.();
  }

  /** Has the background collectors that wait for such an event run at once. */
  prompt(event: LibvirtEvent): void {
    for (const collector of this.#options.collectors) {
      if (collector.promptedBy?.includes(event.type) !== true) continue;
      const requests = this.#requests.get(collector);
      if (requests === undefined || !('domain' in event)) this.#prompted.add(collector);
      else if (requests.wanted.size < maxPoked) requests.wanted.add(event.domain.uuid);
      this.#wake?.();
    }
  }

  /** Refreshes once, background sources included, and publishes. */
  async once(base: PassBase): Promise<void> {
    await this.#refreshAll(base, true);
    // What is read per domain comes to its end first: others ask for the disks and interfaces that it finds.
    await this.settled();
    await Promise.all(this.#of('background').map((collector) => this.#inBackground(collector, base)));
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
    this.#options.board.begin();
    let first = true;
    let next = performance.now();
    while (!signal.aborted) {
      if (performance.now() >= next) {
        this.#poked.clear();
        await this.#refreshAll(base, first);
        next =
          first && this.#options.isOneOfMany === true
            ? performance.now() + intervalMs * Math.random()
            : next + intervalMs;
        first = false;
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

  /** Waits for the background runs that are under way; to stop, abort the signal first. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#background.values());
  }

  #of(stage: CollectorStage): readonly ActiveCollector[] {
    return this.#options.collectors.filter((collector) => collector.stage === stage);
  }

  async #refreshAll(base: PassBase, first: boolean): Promise<void> {
    const { publisher } = this.#options;
    const startedMs = performance.now();
    const opened = await this.#runInOrder(this.#of('opening'), base);
    if (!opened.ok) {
      // Not a complete refresh: the age of the last one goes on growing.
      this.#errors += 1;
      base.domains.markStale();
      await publisher.publish({ refreshErrors: this.#errors });
      return;
    }
    this.#takeChanged();
    const beside = this.#of('beside').filter(
      (one) => one.intervalSec <= this.#options.intervalSec || this.#isDue(one, startedMs),
    );
    const outcomes = await Promise.all([
      this.#runInOrder(this.#of('refresh'), base),
      this.#runInOrder(beside, base),
    ]);
    this.#resume(base);
    if (first) await this.#readDomainsForAWhile(base);
    this.#count += 1;
    if ([opened, ...outcomes].some(({ failures }) => failures > 0)) this.#errors += 1;
    await publisher.publish({
      refreshEndedAt: systemClock.now(),
      refreshDurationMs: Math.round(performance.now() - startedMs),
      refreshCount: this.#count,
      refreshErrors: this.#errors,
      refreshOverruns: this.#overruns,
    });
  }

  /** One after another: a later one may build on what an earlier one learned. */
  async #runInOrder(
    collectors: readonly ActiveCollector[],
    base: PassBase,
    only?: ReadonlySet<string>,
  ): Promise<RunOutcome> {
    let ok = true;
    let failures = 0;
    for (const collector of collectors) {
      const outcome = await this.#run(collector, base, only);
      ok &&= outcome.ok;
      failures += outcome.failures;
    }
    return { ok, failures };
  }

  async #readDomainsForAWhile(base: PassBase): Promise<void> {
    const readings = [...this.#requests.keys()].map((collector) => this.#inBackground(collector, base));
    await within(firstReadingMs, Promise.all(readings));
  }

  async #refreshPoked(base: PassBase): Promise<void> {
    const waitMs = Math.max(gatherMs, this.#lastEarlyMs + earlyRefreshGapMs - performance.now());
    await sleep(waitMs);
    this.#lastEarlyMs = performance.now();
    // Taken before the opening: what is announced while that is under way may come too late for it.
    const poked = new Set(this.#poked);
    this.#poked.clear();
    await this.#runInOrder(this.#of('opening'), base);
    await this.#runInOrder(this.#of('refresh'), base, new Set([...poked, ...this.#takeChanged()]));
    await this.#options.publisher.publish();
  }

  /** Domains that could not be asked are wanted again, where calls are admitted by now. */
  #resume({ libvirt: { gate } }: PassBase): void {
    if (gate.saturated) return;
    for (const { wanted, postponed } of this.#requests.values()) {
      for (const uuid of postponed) if (!gate.isHeld(uuid)) wanted.add(uuid);
    }
  }

  #startBackground(base: PassBase): void {
    const now = performance.now();
    for (const collector of this.#of('background')) {
      if (this.#isWanted(collector) || this.#isDue(collector, now)) void this.#inBackground(collector, base);
    }
  }

  #isWanted(collector: ActiveCollector): boolean {
    return (this.#requests.get(collector)?.wanted.size ?? 0) > 0;
  }

  #isDue(collector: ActiveCollector, now: number): boolean {
    const last = this.#lastRun.get(collector);
    if (last === undefined) return true;
    const prompted = this.#prompted.has(collector);
    return now - last >= (prompted ? promptGapMs : collector.intervalSec * 1000);
  }

  /** Runs a collector unless it is running already; what it learned is published soon after its end. Never rejects. */
  async #inBackground(collector: ActiveCollector, base: PassBase): Promise<void> {
    const running = this.#background.get(collector);
    if (running !== undefined) return await running;
    const run = this.#runGuarded(collector, base, this.#takeRequests(collector)).finally(() => {
      this.#publishSoon(base.signal);
      this.#background.delete(collector);
      // A request that came too late for this run must not wait for the next interval.
      if (this.#isWanted(collector)) this.#wake?.();
    });
    this.#background.set(collector, run);
    await run;
  }

  /** Several collectors mostly end shortly after each other: what they learned is shown together. */
  #publishSoon(signal: AbortSignal): void {
    if (signal.aborted || this.#publishing !== undefined) return;
    this.#publishing = setTimeout(() => {
      this.#publishing = undefined;
      if (!signal.aborted) void this.#options.publisher.publish();
    }, gatherRunsMs);
  }

  /** What the next run is restricted to: where single domains are wanted, those have their turn first. */
  #takeRequests(collector: ActiveCollector): ReadonlySet<string> | undefined {
    this.#prompted.delete(collector);
    const requests = this.#requests.get(collector);
    if (requests === undefined) return undefined;
    const { wanted, postponed } = requests;
    if (wanted.size === 0) {
      postponed.clear();
      return undefined;
    }
    const only = new Set(wanted);
    wanted.clear();
    for (const uuid of only) postponed.delete(uuid);
    return only;
  }

  /** A lost connection ends the session by itself: here it only ends the run. */
  async #runGuarded(
    collector: ActiveCollector,
    base: PassBase,
    only: ReadonlySet<string> | undefined,
  ): Promise<void> {
    try {
      await this.#run(collector, base, only);
    } catch (error) {
      this.#options.logger.debug({ collector: collector.name, error: errorText(error) }, 'collector ended');
    }
  }

  /** One run, timed and counted. Throws only when the connection is lost. */
  async #run(
    collector: ActiveCollector,
    base: PassBase,
    only: ReadonlySet<string> | undefined,
  ): Promise<RunOutcome> {
    const { board } = this.#options;
    const startedMs = performance.now();
    // A run for some domains takes nobody else's turn.
    if (only === undefined) this.#lastRun.set(collector, startedMs);
    let failures = 0;
    let ok = true;
    /** What was not found to refuse no more. */
    const standing = new Set<string>();
    let allStand = only !== undefined;
    let answered: boolean | undefined;
    const spared = (about?: string): void => {
      if (about === undefined) allStand = true;
      else standing.add(about);
    };
    const failed = (
      error: unknown,
      about?: string,
      scope: FailureScope = 'source',
      owners: readonly string[] = [],
    ): void => {
      // What was not asked has not failed: it only gets older.
      if (error instanceof NotCalledError) {
        spared(about);
        return;
      }
      // It ceased to exist between two calls: that happens, and the next list of what exists shows it.
      if (hasVanished(error)) {
        this.#options.logger.debug({ collector: collector.name, about, error: errorText(error) }, 'vanished');
        return;
      }
      standing.add(about ?? '');
      board.refused(collector.id, collector.name, error, { about: about ?? '', scope, owners });
      // A refusal that is remembered is thrown again and again, but happened once.
      if (error instanceof LibvirtError && this.#reported.has(error)) return;
      if (error instanceof LibvirtError) this.#reported.add(error);
      failures += 1;
      board.failed(collector.id, error, about, scope);
      this.#complain(collector, error, about);
    };
    try {
      await collector.collect({
        ...base,
        only,
        now: systemClock.now(),
        failed,
        spared,
        answered: (some) => {
          answered = answered === true || some;
        },
        limited: (support, why) => {
          if (support === 'partial') answered = true;
          standing.add(ofItself);
          board.limited(collector.id, collector.name, support, why);
        },
        changed: ({ uuid }) => this.#changed.add(uuid),
        postpone: ({ uuid }) => this.#requests.get(collector)?.postponed.add(uuid),
      });
    } catch (error) {
      if (base.signal.aborted || error instanceof ConnectionLostError) throw error;
      ok = false;
      allStand = true;
      failed(error);
    } finally {
      const durationMs = performance.now() - startedMs;
      for (const id of [collector.id, ...collector.also]) board.ran(id, durationMs, systemClock.now(), ok);
    }
    board.settle(collector.id, collector.name, {
      stands: (about) => allStand || standing.has(about),
      answered,
    });
    return { ok, failures };
  }

  /** The domains that appeared, started or stopped as the opening found; what is read per domain is read for them. */
  #takeChanged(): ReadonlySet<string> {
    const changed = new Set(this.#changed);
    this.#changed.clear();
    for (const { wanted } of this.#requests.values()) for (const uuid of changed) wanted.add(uuid);
    return changed;
  }

  /** A complaint that repeats is worth a line now and then, not one in each refresh. */
  #complain(collector: ActiveCollector, error: unknown, about: string | undefined): void {
    // Without the domain: what fails for a thousand domains is one complaint.
    const complaint = `${collector.name} ${errorText(error)}`;
    const now = performance.now();
    const said = this.#complaints.get(complaint);
    const isKnown = said !== undefined && now - said < repeatComplaintMs;
    const silent = isKnown || !this.#mayComplain(now);
    if (!silent) {
      if (this.#complaints.size >= maxComplaints) this.#complaints.clear();
      this.#complaints.set(complaint, now);
    }
    this.#options.logger[silent ? 'debug' : 'warn'](
      { collector: collector.name, domain: about, error: errorText(error) },
      'a call to libvirt failed',
    );
  }

  /** A daemon that words each error in another way must not fill the log. */
  #mayComplain(now: number): boolean {
    if (now - this.#minuteMs >= 60_000) {
      this.#minuteMs = now;
      this.#complaintsOfMinute = 0;
    }
    this.#complaintsOfMinute += 1;
    if (this.#complaintsOfMinute === complaintsPerMinute + 1) {
      this.#options.logger.warn({}, 'more calls to libvirt fail, in other ways, than are told in a minute');
    }
    return this.#complaintsOfMinute <= complaintsPerMinute;
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
