import { formatAgentxAddress } from './agentx/address.ts';
import { Collection } from './collect/collection.ts';
import { WarningBoard } from './collect/records/warning-board.ts';
import type { Config } from './config/config.ts';
import { domainFilter } from './config/domain-filter.ts';
import { errorText } from './errors.ts';
import { EventLog } from './events/event-log.ts';
import { FaceSet } from './face-set.ts';
import { initialSnapshot } from './initial-snapshot.ts';
import type { Logger } from './log.ts';
import type { SwitchName } from './mib/bind.ts';
import { modules } from './mib/objects.gen.ts';
import type { EpochMs } from './model/scalar-types.ts';
import type { Snapshot } from './model/snapshot.ts';
import { SnapshotStore } from './model/snapshot-store.ts';
import { NotificationCentre } from './notify/notification-centre.ts';
import { notifyOptions } from './notify-settings.ts';
import { systemClock, wallOffsetMs } from './run/clock.ts';
import { watchClock } from './run/clock-watch.ts';
import { TreeFeed } from './serve/tree-feed.ts';
import { setWallOffset } from './smi/convert.ts';
import { IndexStore } from './state/index-store.ts';
import { StateDirectory } from './state/state-directory.ts';

export interface DaemonOptions {
  readonly config: Config;
  readonly logger: Logger;
  readonly version: string;
}

/** Undoes one step of starting. */
type Closer = () => Promise<void> | void;

/** Until libvirt has answered for the first time, at most so long, an empty table would be a lie. */
const firstTreeMs = 5000;

/** A row of lveWarningTable tells of a step of the clock for so long. */
const clockStepShownMs = 3_600_000;

/**
 * The composition root of the running agent: makes the parts, connects them, and stops them in the reverse
 * order, so that nothing is lost on the way.
 */
export class Daemon {
  readonly #logger: Logger;
  readonly #version: string;
  readonly #startedAt: EpochMs = systemClock.now();
  #config: Config;
  #closers: Closer[] = [];
  readonly #faces: FaceSet;
  /** Receives SETs; changes with each set of parts. */
  #onSwitch: (name: SwitchName, value: boolean) => void = () => undefined;
  #changing: Promise<void> = Promise.resolve();

  constructor(options: DaemonOptions) {
    this.#config = options.config;
    this.#logger = options.logger;
    this.#version = options.version;
    this.#faces = new FaceSet({
      logger: options.logger,
      version: options.version,
      onSwitch: (name, value) => this.#onSwitch(name, value),
    });
  }

  /** Starts; resolves once everything runs, whether or not the peers are there yet. */
  async start(): Promise<void> {
    await this.#inTurn(() => this.#startParts());
  }

  /**
   * Puts another configuration into effect. Indexes, facts and the event log live on in the state directory;
   * snmpd goes on being answered from the last snapshot until there is a new one. If the new parts cannot
   * start, the old configuration is put back.
   */
  async reload(config: Config): Promise<void> {
    await this.#inTurn(async () => {
      const old = this.#config;
      await this.#stopParts();
      this.#config = config;
      try {
        await this.#startParts();
      } catch (error) {
        await this.#stopParts();
        this.#config = old;
        await this.#startParts();
        throw error;
      }
    });
    this.#logger.info({}, 'configuration reloaded');
  }

  /** Stops tidily: collecting, notifications, the session with the master, what is to be saved. */
  async stop(): Promise<void> {
    await this.#inTurn(async () => {
      await this.#stopParts();
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

  async #stopParts(): Promise<void> {
    const closers = this.#closers.reverse();
    this.#closers = [];
    for (const close of closers) {
      try {
        await close();
      } catch (error) {
        this.#logger.warn({ error: errorText(error) }, 'a part did not stop in order');
      }
    }
  }

  async #startParts(): Promise<void> {
    const config = this.#config;
    const logger = this.#logger;
    const store = new SnapshotStore(initialSnapshot(config, this.#version, this.#startedAt), systemClock.now);
    const warnings = new WarningBoard((rows) => store.update({ warnings: rows }));
    standingWarnings(config, warnings);

    const stateProblem = (key: string) => (problem: string | undefined) => {
      if (problem === undefined) warnings.clear(key);
      else warnings.raise(key, 'stateNotSaved', problem);
    };
    const lost = (key: string) => (problem: string) => warnings.raise(key, 'stateNotSaved', problem);
    const state = await StateDirectory.open(config.state.directory, {
      logger: logger.child({ component: 'state' }),
      onProblem: stateProblem('state-directory'),
    });
    this.#closers.push(() => state.close());
    const indexes = await IndexStore.load({
      place: state,
      logger: logger.child({ component: 'state' }),
      onProblem: stateProblem('indexes'),
      onLoss: lost('indexes-lost'),
    });
    this.#closers.push(() => indexes.close());
    const log = await EventLog.open({
      place: config.events.persistent ? state : undefined,
      maxEntries: config.events.maxEntries,
      maxAgeSec: config.events.maxAge,
      logger: logger.child({ component: 'events' }),
      onProblem: stateProblem('event-log'),
      onLoss: lost('events-lost'),
    });
    this.#closers.push(() => log.close());

    const { mib, images, agentx, queue, others } = await this.#faces.open(config);
    others?.reportTo((key, text) => {
      if (text === undefined) warnings.clear(`face-${key}`);
      else warnings.raise(`face-${key}`, 'other', text);
    });
    const notifications = new NotificationCentre({
      store,
      log,
      indexes,
      notify: notifyOptions(config),
      queue,
      uri: store.current.agent.uri,
      logger: logger.child({ component: 'notify' }),
      readState: (uuid) => collection.readState(uuid),
      admits: domainFilter(config.collect),
      onLogged: () => void collection.publish(),
      onEventsLost: (text) => warnings.raise('libvirt-events', 'eventsLost', `${text}.`),
    });
    indexes.addReferences((index) => notifications.refersTo(index));
    const collection = new Collection({
      config,
      logger,
      store,
      indexes,
      warnings,
      startedAt: this.#startedAt,
      lastEventSeq: (uuid) => log.lastSeqOf(uuid),
      listener: notifications,
    });

    const trees = new TreeFeed({
      build: (snapshot, previous) => mib.buildTree(snapshot, previous),
      deliver: (tree) => images.push(tree, agentx?.switchesSeen),
    });
    this.#onSwitch = (name, value) => {
      notifications.set(name, value);
      store.update({ notify: notifications.status });
    };
    const unsubscribe = store.subscribe((snapshot, previous) => {
      if (isWorthServing(snapshot)) trees.push(snapshot);
      notifications.onSnapshot(snapshot, previous);
    });
    const patience = setTimeout(() => trees.push(store.current), firstTreeMs);
    const stopping = new AbortController();
    const running = collection.run(stopping.signal);
    this.#watchClock(warnings, indexes, collection);
    this.#closers.push(
      () => notifications.close(),
      async () => {
        clearTimeout(patience);
        stopping.abort();
        await running;
        unsubscribe();
        trees.close();
      },
    );
    logger.info(
      {
        version: this.#version,
        uri: store.current.agent.uri,
        agentx: config.agentx.enabled ? formatAgentxAddress(config.agentx.address) : 'off',
      },
      'libvirt-agentx started',
    );
  }

  /** Durations go by the monotonic clock; moments are shown as the wall clock counts them now. */
  #watchClock(warnings: WarningBoard, indexes: IndexStore, collection: Collection): void {
    setWallOffset(wallOffsetMs());
    let forget: NodeJS.Timeout | undefined;
    const stop = watchClock({
      onStep: (byMs, offsetMs) => {
        setWallOffset(offsetMs);
        const text = `The clock of this host was set by ${(byMs / 1000).toFixed(1)} s`;
        this.#logger.warn({ byMs: Math.round(byMs) }, text);
        warnings.raise(
          'clock-step',
          'clockStep',
          `${text}: times of events before are those of the clock as it was; durations are right.`,
        );
        clearTimeout(forget);
        forget = setTimeout(() => warnings.clear('clock-step'), clockStepShownMs);
        forget.unref();
        indexes.saveAgain();
        void collection.showAgain();
      },
    });
    this.#closers.push(() => {
      clearTimeout(forget);
      stop();
    });
  }
}

/** Whether a snapshot tells more than that the agent has just started. */
function isWorthServing(snapshot: Snapshot): boolean {
  const { refreshCount, connState } = snapshot.agent;
  return refreshCount > 0 || (connState !== 'connecting' && connState !== 'connected');
}

/** Conditions that follow from the configuration alone. */
function standingWarnings(config: Config, warnings: WarningBoard): void {
  if (config.mib.root.join('.') === modules['LIBVIRT-EXT-MIB'].root.join('.')) {
    warnings.raise(
      'root',
      'rootIsExperimental',
      'LIBVIRT-EXT-MIB is registered under netSnmpPlaypen, which is for experiments; set mib.root to move it.',
    );
  }
  const wantsGuests = config.collect.extraStats.some((name) => name === 'guest' || name === 'fs_info');
  if (wantsGuests && !config.libvirt.readWrite) {
    warnings.raise(
      'read-only',
      'readOnlyConnection',
      'The selectors guest and fs_info need a read-write connection: set libvirt.read_write.',
    );
  }
}
