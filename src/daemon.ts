import { formatAgentxAddress } from './agentx/address.ts';
import { ConnectGate } from './collect/connect-gate.ts';
import type { Config } from './config/config.ts';
import { type HypervisorConfig, hypervisorConfigs } from './config/hypervisor-configs.ts';
import { keptDefinitions } from './config/kept-definitions.ts';
import { DaemonError, errorText } from './errors.ts';
import { FaceSet, faceKey } from './face-set.ts';
import type { FacesThread } from './faces/faces-thread.ts';
import { FleetSummary } from './fleet-summary.ts';
import { Hypervisor } from './hypervisor.ts';
import type { Logger } from './log.ts';
import type { EpochMs } from './model/scalar-types.ts';
import type { Outlet } from './outlet.ts';
import { systemClock, wallOffsetMs } from './run/clock.ts';
import { watchClock } from './run/clock-watch.ts';
import { late, within } from './run/deadline.ts';
import { inParallel } from './run/pool.ts';
import { keyOf } from './run/settings-key.ts';
import { setWallOffset } from './smi/convert.ts';
import { StalledHypervisor } from './stalled-hypervisor.ts';
import { StateDirectoryError } from './state/state-directory-error.ts';
import { statusText } from './status-text.ts';

export interface DaemonOptions {
  readonly config: Config;
  readonly logger: Logger;
  readonly version: string;
}

/** A hypervisor that runs, and the settings it runs with. */
interface Running {
  readonly key: string;
  readonly hypervisor: Hypervisor;
}

/** Nothing could be started with a new configuration, nor again with the old one: nothing is left to run. */
export class NothingRunsError extends DaemonError {
  /** A sentence for the operator. */
  readonly remedy: string | undefined;

  constructor(withNew: unknown, withOld: unknown) {
    super('STATE_UNUSABLE', `the new one: ${errorText(withNew)}; the old one: ${errorText(withOld)}`, {
      cause: withNew,
    });
    this.remedy = remedyOf(withNew);
  }
}

/** Hypervisors that are started at a time. */
const startsAtOnce = 8;

/** How often it is asked, in milliseconds, what keeps a hypervisor from being stopped. */
const stopCheckMs = 2000;

/** A row of lveWarningTable tells of a step of the clock for so long. */
const clockStepShownMs = 3_600_000;

/**
 * The composition root of the running agent: makes the hypervisors and the faces, connects them, and stops them in the
 * reverse order.
 */
export class Daemon {
  readonly #logger: Logger;
  readonly #version: string;
  readonly #startedAt: EpochMs = systemClock.now();
  readonly #faces: FaceSet;
  readonly #running = new Map<string, Running>();
  readonly #stalled = new Map<string, StalledHypervisor>();
  readonly #gate = new ConnectGate();
  #config: Config;
  #wanted: readonly HypervisorConfig[] = [];
  /** State directories whose file system was silent and still is. */
  #unanswered = 0;
  /** Of hypervisors that could not be stopped, by state directory: why, and when they have. */
  readonly #leftBehind = new Map<string, StateDirectoryError>();
  #fleet: FleetSummary | undefined;
  /** What is served beside SNMP. */
  #others: FacesThread | undefined;
  #unwatch: () => void = () => undefined;
  /** Aborted once it has been told to stop, or could not start: a reload that comes then would start it again. */
  readonly #ending = new AbortController();
  #changing: Promise<void> = Promise.resolve();

  constructor(options: DaemonOptions) {
    this.#config = options.config;
    this.#logger = options.logger;
    this.#version = options.version;
    this.#faces = new FaceSet({ logger: options.logger, version: options.version });
  }

  /**
   * Starts; resolves once everything runs, whether or not the peers are there yet. Of several hypervisors, those that
   * cannot be started are told of and tried again.
   *
   * @throws StateDirectoryError if that is the only one, or all of them; nothing is left running then.
   */
  async start(): Promise<void> {
    await this.#inTurn(async () => {
      this.#watchClock();
      try {
        await this.#apply(this.#config);
      } catch (error) {
        await this.#end();
        throw error;
      }
    });
  }

  /** Whether threads of this process wait for a file system that is silent: an ordinary exit would wait for them. */
  get waitsForFiles(): boolean {
    return this.#unanswered > 0;
  }

  /**
   * Puts another configuration into effect. Hypervisors whose settings are the same go on undisturbed. Indexes, facts and
   * the event logs of the others live on in the state directory; snmpd goes on being answered from the last snapshot until
   * there is a new one. If nothing can start with it, the old configuration is put back.
   *
   * @throws what kept the new configuration from coming into effect; NothingRunsError if the old one cannot be put back
   *   either: nothing is left running then.
   */
  async reload(config: Config): Promise<void> {
    await this.#inTurn(async () => {
      if (this.#ending.signal.aborted) return;
      const old = this.#config;
      try {
        await this.#apply(config);
        this.#config = config;
      } catch (error) {
        await this.#apply(old).catch(async (failure: unknown) => {
          await this.#end();
          throw new NothingRunsError(error, failure);
        });
        throw error;
      }
      if (this.#ending.signal.aborted) return;
      this.#logger.info({}, 'configuration reloaded');
    });
  }

  /** How it is, in one line. */
  statusText(): string {
    const running = [...this.#running.values()].map(({ hypervisor }) => hypervisor);
    // One that cannot be started is one that is not connected.
    const snapshots = [...running, ...this.#stalled.values()].map(({ store }) => store.current);
    return statusText(snapshots, this.#faces.masterState);
  }

  /** Resolves if requests of the master are still being answered; does not as long as they are not. */
  isAlive(): Promise<void> {
    return this.#faces.ping();
  }

  /** Stops tidily: collecting, notifications, the session with the master, what is to be saved. */
  async stop(): Promise<void> {
    this.#ending.abort();
    await this.#inTurn(async () => {
      this.#unwatch();
      await this.#stopAll([...this.#running.keys()]);
      const notifications = this.#faces.untaken;
      await this.#faces.stop();
      if (notifications > 0) {
        this.#logger.warn(
          { notifications },
          this.#config.events.persistent
            ? 'the master has not taken all notifications: they leave after the next start'
            : 'the master has not taken all notifications: they are lost, since events.persistent is false',
        );
      }
    });
  }

  /** One change at a time: a reload must not meet a stop half way. */
  async #inTurn(change: () => Promise<void>): Promise<void> {
    const done = this.#changing.then(change);
    this.#changing = done.catch(() => undefined);
    await done;
  }

  /** Nothing runs any more, and nothing will. */
  async #end(): Promise<void> {
    this.#ending.abort();
    this.#unwatch();
    await this.#stopAll([...this.#running.keys()]);
    await this.#faces.stop();
  }

  /**
   * Stops what is not wanted any more, and starts what is. Of several, those that cannot be started are told of and tried
   * again.
   *
   * @throws what keeps the only one, or the first of all, from being started.
   */
  async #apply(config: Config): Promise<void> {
    const wanted = hypervisorConfigs(config);
    const keys = new Map(wanted.map((one) => [one.name, keyOfHypervisor(one)]));
    const isKept = (name: string): boolean => name !== '' && this.#running.get(name)?.key === keys.get(name);
    await this.#stopAll([...this.#running.keys()].filter((name) => !isKept(name)));
    this.#wanted = wanted;
    const { outlets, others } = await this.#faces.open(config, wanted);
    this.#others = others;
    const failures: { readonly one: HypervisorConfig; readonly outlet: Outlet; readonly error: unknown }[] =
      [];
    // What they wait for is mostly the disk of their state directories.
    const start = async (one: HypervisorConfig): Promise<void> => {
      const outlet = outlets.get(one.name);
      if (outlet === undefined || this.#running.has(one.name)) return;
      try {
        await this.#startOne(one, outlet);
      } catch (error) {
        this.#noteSilence(error);
        failures.push({ one, outlet, error });
      }
    };
    await inParallel(wanted, startsAtOnce, start, () => !this.#ending.signal.aborted);
    // What is not wanted any more has not failed.
    if (this.#ending.signal.aborted) return;
    const [failure] = failures;
    if (failure !== undefined && this.#running.size === 0) throw failure.error;
    for (const { one, outlet, error } of failures) this.#stall(one, outlet, error);
    this.#showFleet();
    this.#showFaces();
  }

  async #startOne(one: HypervisorConfig, outlet: Outlet): Promise<void> {
    const { name, config } = one;
    // The one before has what is to be read and still to be written.
    const left = this.#leftBehind.get(config.state.directory);
    if (left !== undefined) throw left;
    const hypervisor = await Hypervisor.start({
      hypervisor: one,
      outlet,
      logger: this.#logger,
      version: this.#version,
      startedAt: this.#startedAt,
      gate: this.#wanted.length > 1 ? this.#gate : undefined,
      sharers: this.#wanted.length,
      signal: this.#ending.signal,
    });
    this.#running.set(name, { key: keyOfHypervisor(one), hypervisor });
    this.#logger.info(
      {
        version: this.#version,
        ...(name === '' ? {} : { hypervisor: name }),
        uri: hypervisor.uri,
        agentx: config.agentx.enabled ? formatAgentxAddress(config.agentx.address) : 'off',
      },
      'libvirt-agentx started',
    );
  }

  /** One of several cannot be started: why is told, logged and served in its place. */
  #stall(hypervisor: HypervisorConfig, outlet: Outlet, error: unknown): void {
    const { name } = hypervisor;
    const before = this.#stalled.get(name)?.error;
    if (before === undefined || errorText(before) !== errorText(error)) {
      const remedy = remedyOf(error);
      this.#logger.error(
        {
          hypervisor: name,
          error: errorText(error),
          ...(remedy === undefined ? {} : { remedy }),
          // What nobody expected is told with its stack.
          ...(error instanceof DaemonError ? {} : { err: error }),
        },
        'a hypervisor cannot be started; the others go on, and it is tried again',
      );
    }
    const stalled = new StalledHypervisor({
      hypervisor,
      outlet,
      version: this.#version,
      startedAt: this.#startedAt,
      error,
      onDue: () => void this.#inTurn(() => this.#startStalled(stalled)),
    });
    this.#stalled.get(name)?.close();
    this.#stalled.set(name, stalled);
  }

  /** Another attempt, unless the configuration has changed meanwhile. */
  async #startStalled(stalled: StalledHypervisor): Promise<void> {
    const { hypervisor, outlet } = stalled;
    const { name } = hypervisor;
    if (this.#ending.signal.aborted || this.#stalled.get(name) !== stalled) return;
    try {
      await this.#startOne(hypervisor, outlet);
      stalled.close();
      this.#stalled.delete(name);
      this.#showFaces();
    } catch (error) {
      this.#noteSilence(error);
      this.#stall(hypervisor, outlet, error);
    }
    this.#showFleet();
  }

  /** Where a file system was silent, a thread of this process waits until it answers. */
  #noteSilence(error: unknown): void {
    const answered = error instanceof StateDirectoryError ? error.answered : undefined;
    if (answered === undefined) return;
    this.#waitFor(answered);
  }

  #waitFor(answer: Promise<unknown>): void {
    this.#unanswered += 1;
    void answer.then(() => {
      this.#unanswered -= 1;
    });
  }

  /** Where hypervisors have names, the snapshot of the default one tells of all. */
  #showFleet(): void {
    this.#fleet?.close();
    const members = this.#wanted.flatMap(({ name, isDefault }) => {
      const { store } = this.#running.get(name)?.hypervisor ?? this.#stalled.get(name) ?? {};
      return name === '' || store === undefined ? [] : [{ name, isDefault, store }];
    });
    const maxEvents = this.#wanted[0]?.config.events.maxEntries ?? 0;
    this.#fleet = members.length === 0 ? undefined : new FleetSummary(members, maxEvents);
  }

  /** What is wrong with the faces beside SNMP is told by the default hypervisor, as soon as it runs. */
  #showFaces(): void {
    const first = this.#wanted.find(({ isDefault }) => isDefault)?.name;
    this.#others?.reportTo((key, text) => {
      if (first !== undefined) this.#running.get(first)?.hypervisor.warn(`face-${key}`, 'other', text);
    });
  }

  /** All at a time: each waits a moment for the master. What waits to be started is given up. */
  async #stopAll(names: readonly string[]): Promise<void> {
    this.#fleet?.close();
    this.#fleet = undefined;
    for (const stalled of this.#stalled.values()) stalled.close();
    this.#stalled.clear();
    const stopped = names.map((name) => this.#running.get(name)?.hypervisor);
    for (const name of names) this.#running.delete(name);
    await Promise.all(
      stopped.map(async (hypervisor) => {
        if (hypervisor !== undefined) await this.#stopInTime(hypervisor);
      }),
    );
  }

  /**
   * Whose state directory does not answer is not waited for: a reload would never end. What is left to save is saved if
   * it answers after all.
   */
  async #stopInTime(hypervisor: Hypervisor): Promise<void> {
    const stopped = hypervisor.stop();
    do {
      if ((await within(stopCheckMs, stopped)) !== late) return;
      // A disk that is only slow is waited for: a successor could not have the directory yet.
    } while (hypervisor.stateSilence === undefined);
    const { message, remedy } = hypervisor.stateSilence;
    this.#logger.warn(
      {
        ...(hypervisor.name === '' ? {} : { hypervisor: hypervisor.name }),
        error: message,
        remedy,
      },
      'a hypervisor could not be stopped in order: what it had to save may be lost',
    );
    const left = new StateDirectoryError('silent', message, remedy, { answered: stopped });
    this.#leftBehind.set(hypervisor.stateDirectory, left);
    void left.answered?.then(() => this.#leftBehind.delete(hypervisor.stateDirectory));
    this.#waitFor(stopped);
  }

  /** Durations go by the monotonic clock; moments are shown as the wall clock counts them now. */
  #watchClock(): void {
    setWallOffset(wallOffsetMs());
    let forget: NodeJS.Timeout | undefined;
    const each = (tell: (hypervisor: Hypervisor) => void): void => {
      for (const { hypervisor } of this.#running.values()) tell(hypervisor);
    };
    const stop = watchClock({
      onStep: (byMs, offsetMs) => {
        setWallOffset(offsetMs);
        const text = `The clock of this host was set by ${(byMs / 1000).toFixed(1)} s`;
        this.#logger.warn({ byMs: Math.round(byMs) }, text);
        clearTimeout(forget);
        forget = setTimeout(
          () => each((hypervisor) => hypervisor.warn('clock-step', 'clockStep', undefined)),
          clockStepShownMs,
        );
        forget.unref();
        each((hypervisor) => {
          hypervisor.warn(
            'clock-step',
            'clockStep',
            `${text}: all times are shown by the clock as it is now; durations are right.`,
          );
          hypervisor.onClockStep();
        });
      },
    });
    this.#unwatch = () => {
      clearTimeout(forget);
      stop();
    };
  }
}

/** What the operator can do about an error. */
export function remedyOf(error: unknown): string | undefined {
  return error instanceof StateDirectoryError || error instanceof NothingRunsError ? error.remedy : undefined;
}

/** What makes a hypervisor another one: everything but the settings of the log and of the faces. */
function keyOfHypervisor({ config }: HypervisorConfig): string {
  const { libvirt, collect, intervals, agentx, mib, state, notifications, events } = config;
  const { severity, labels, namespaces } = config;
  return keyOf([
    faceKey(config),
    keptDefinitions(config),
    { ...agentx, contexts: [] },
    [libvirt, collect, intervals, mib, state, notifications, events, severity, labels, namespaces],
  ]);
}
