import { formatAgentxAddress } from './agentx/address.ts';
import { ConnectGate } from './collect/connect-gate.ts';
import type { Config } from './config/config.ts';
import { type HypervisorConfig, hypervisorConfigs } from './config/hypervisor-configs.ts';
import { keptDefinitions } from './config/kept-definitions.ts';
import { errorText } from './errors.ts';
import { FaceSet, faceKey, keyOf } from './face-set.ts';
import { FleetSummary } from './fleet-summary.ts';
import { Hypervisor } from './hypervisor.ts';
import type { Logger } from './log.ts';
import type { EpochMs } from './model/scalar-types.ts';
import { systemClock, wallOffsetMs } from './run/clock.ts';
import { watchClock } from './run/clock-watch.ts';
import { inParallel } from './run/pool.ts';
import { setWallOffset } from './smi/convert.ts';
import { StateDirectoryError } from './state/state-directory-error.ts';

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

/** Hypervisors that are started at a time. */
const startsAtOnce = 8;

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
  readonly #gate = new ConnectGate();
  #config: Config;
  #fleet: FleetSummary | undefined;
  #unwatch: () => void = () => undefined;
  /** Set once it has been told to stop, or could not start: a reload that comes then would start it again. */
  #isEnded = false;
  #changing: Promise<void> = Promise.resolve();

  constructor(options: DaemonOptions) {
    this.#config = options.config;
    this.#logger = options.logger;
    this.#version = options.version;
    this.#faces = new FaceSet({ logger: options.logger, version: options.version });
  }

  /**
   * Starts; resolves once everything runs, whether or not the peers are there yet.
   *
   * @throws StateDirectoryError; nothing is left running then.
   */
  async start(): Promise<void> {
    await this.#inTurn(async () => {
      this.#watchClock();
      try {
        await this.#apply(this.#config);
      } catch (error) {
        this.#isEnded = true;
        this.#unwatch();
        await this.#stopAll([...this.#running.keys()]);
        await this.#faces.stop();
        throw error;
      }
    });
  }

  /**
   * Puts another configuration into effect. Hypervisors whose settings are the same go on undisturbed. Indexes, facts and
   * the event logs of the others live on in the state directory; snmpd goes on being answered from the last snapshot until
   * there is a new one. If something new cannot start, the old configuration is put back.
   */
  async reload(config: Config): Promise<void> {
    await this.#inTurn(async () => {
      if (this.#isEnded) return;
      const old = this.#config;
      try {
        await this.#apply(config);
        this.#config = config;
      } catch (error) {
        await this.#apply(old, (failure) => this.#onNotPutBack(failure));
        throw error;
      }
      this.#logger.info({}, 'configuration reloaded');
    });
  }

  /** Stops tidily: collecting, notifications, the session with the master, what is to be saved. */
  async stop(): Promise<void> {
    this.#isEnded = true;
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

  /** It runs with neither configuration; the others go on. */
  #onNotPutBack(error: unknown): void {
    const remedy = error instanceof StateDirectoryError ? { remedy: error.remedy } : {};
    this.#logger.error(
      { error: errorText(error), ...remedy },
      'a hypervisor of the old configuration could not be started again: it is tried at the next SIGHUP',
    );
  }

  /** Stops what is not wanted any more, and starts what is; what cannot start ends this, or is told and passed over. */
  async #apply(
    config: Config,
    onFailure = (error: unknown): void => {
      throw error;
    },
  ): Promise<void> {
    const wanted = hypervisorConfigs(config);
    const keys = new Map(wanted.map((one) => [one.name, keyOfHypervisor(one)]));
    const isKept = (name: string): boolean => name !== '' && this.#running.get(name)?.key === keys.get(name);
    this.#fleet?.close();
    this.#fleet = undefined;
    await this.#stopAll([...this.#running.keys()].filter((name) => !isKept(name)));
    const { outlets, others } = await this.#faces.open(config, wanted);
    const gate = wanted.length > 1 ? this.#gate : undefined;
    // What they wait for is mostly the disk of their state directories.
    await inParallel(wanted, startsAtOnce, async (one) => {
      const outlet = outlets.get(one.name);
      if (outlet === undefined || this.#running.has(one.name)) return;
      const hypervisor = await Hypervisor.start({
        hypervisor: one,
        outlet,
        logger: this.#logger,
        version: this.#version,
        startedAt: this.#startedAt,
        gate,
      }).catch(onFailure);
      if (hypervisor === undefined) return;
      this.#running.set(one.name, { key: keys.get(one.name) ?? '', hypervisor });
      this.#logger.info(
        {
          version: this.#version,
          ...(one.name === '' ? {} : { hypervisor: one.name }),
          uri: hypervisor.uri,
          agentx: config.agentx.enabled ? formatAgentxAddress(config.agentx.address) : 'off',
        },
        'libvirt-agentx started',
      );
    });
    this.#showFleet(config, wanted);
    const first = wanted.find(({ isDefault }) => isDefault)?.name;
    others?.reportTo((key, text) => {
      if (first !== undefined) this.#running.get(first)?.hypervisor.warn(`face-${key}`, 'other', text);
    });
  }

  /** Where hypervisors have names, the snapshot of the default one tells of all. */
  #showFleet(config: Config, wanted: readonly HypervisorConfig[]): void {
    const members = wanted.flatMap(({ name, isDefault }) => {
      const store = this.#running.get(name)?.hypervisor.store;
      return name === '' || store === undefined ? [] : [{ name, isDefault, store }];
    });
    if (members.length > 0) this.#fleet = new FleetSummary(members, config.events.maxEntries);
  }

  /** All at a time: each waits a moment for the master. */
  async #stopAll(names: readonly string[]): Promise<void> {
    this.#fleet?.close();
    this.#fleet = undefined;
    const stopped = names.map((name) => this.#running.get(name)?.hypervisor);
    for (const name of names) this.#running.delete(name);
    await Promise.all(stopped.map((hypervisor) => hypervisor?.stop()));
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
