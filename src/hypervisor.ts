import { Collection } from './collect/collection.ts';
import type { ConnectGate } from './collect/connect-gate.ts';
import { WarningBoard } from './collect/records/warning-board.ts';
import type { Config } from './config/config.ts';
import { domainFilter } from './config/domain-filter.ts';
import type { HypervisorConfig } from './config/hypervisor-configs.ts';
import { errorText } from './errors.ts';
import { EventLog } from './events/event-log.ts';
import { initialSnapshot } from './initial-snapshot.ts';
import type { Logger } from './log.ts';
import { modules } from './mib/objects.gen.ts';
import type { EpochMs } from './model/scalar-types.ts';
import type { Snapshot } from './model/snapshot.ts';
import { SnapshotStore } from './model/snapshot-store.ts';
import { NotificationCentre } from './notify/notification-centre.ts';
import { notifyOptions } from './notify-settings.ts';
import type { Outlet } from './outlet.ts';
import { systemClock } from './run/clock.ts';
import { IndexStore } from './state/index-store.ts';
import { StateDirectory } from './state/state-directory.ts';
import type { StateDirectoryError } from './state/state-directory-error.ts';

export interface HypervisorOptions {
  readonly hypervisor: HypervisorConfig;
  /** Where its data goes out. */
  readonly outlet: Outlet;
  readonly logger: Logger;
  readonly version: string;
  /** When the agent was started. */
  readonly startedAt: EpochMs;
  /** Bounds the connections that are made at a time; undefined for a hypervisor that is alone. */
  readonly gate: ConnectGate | undefined;
  /** How many hypervisors there are, this one included. */
  readonly sharers: number;
  /** Aborted when it is not wanted any more, also while it starts. */
  readonly signal: AbortSignal;
}

/** Undoes one step of starting. */
type Closer = () => Promise<void> | void;

/** Until libvirt has answered for the first time, at most so long, an empty table would be a lie. */
const firstTreeMs = 5000;

/**
 * One hypervisor with all that is its own: the connection to libvirt, records and collectors, the state directory with the
 * index numbers, the event log and the notifications. It stops in the reverse order of its start, so that nothing is lost
 * on the way; of other hypervisors it knows nothing.
 */
export class Hypervisor {
  readonly name: string;
  readonly store: SnapshotStore;
  readonly #options: HypervisorOptions;
  readonly #logger: Logger;
  readonly #warnings: WarningBoard;
  readonly #closers: Closer[] = [];
  #afterClockStep: () => void = () => undefined;
  #state: StateDirectory | undefined;

  /**
   * Starts; resolves once everything runs, whether or not libvirt is there yet.
   *
   * @throws StateDirectoryError; nothing is left running then.
   */
  static async start(options: HypervisorOptions): Promise<Hypervisor> {
    const hypervisor = new Hypervisor(options);
    try {
      await hypervisor.#start();
    } catch (error) {
      await hypervisor.stop();
      throw error;
    }
    return hypervisor;
  }

  private constructor(options: HypervisorOptions) {
    const { hypervisor, version, startedAt, logger } = options;
    const { name, config } = hypervisor;
    this.name = name;
    this.#options = options;
    this.#logger = name === '' ? logger : logger.child({ hypervisor: name });
    this.store = new SnapshotStore(initialSnapshot(config, version, startedAt), systemClock.now);
    this.#warnings = new WarningBoard((rows) => this.store.update({ warnings: rows }));
  }

  /** The URI of its connection, without user information. */
  get uri(): string {
    return this.store.current.agent.uri;
  }

  get stateDirectory(): string {
    return this.#options.hypervisor.config.state.directory;
  }

  /** What the file system of its state directory has not answered; undefined while it answers. */
  get stateSilence(): StateDirectoryError | undefined {
    const problem = this.#state?.problem;
    return problem?.reason === 'silent' ? problem : undefined;
  }

  /** Shows that something is so, or with no text that it no longer is. */
  warn(key: string, code: 'other' | 'clockStep', text: string | undefined): void {
    if (text === undefined) this.#warnings.clear(key);
    else this.#warnings.raise(key, code, text);
  }

  /** The clock of this host was set: the same moments are other times of day now. */
  onClockStep(): void {
    this.#afterClockStep();
  }

  /** Stops tidily: collecting, notifications, what is to be saved. */
  async stop(): Promise<void> {
    const closers = this.#closers.splice(0).reverse();
    for (const close of closers) {
      try {
        await close();
      } catch (error) {
        this.#logger.warn({ error: errorText(error) }, 'a part did not stop in order');
      }
    }
  }

  async #start(): Promise<void> {
    const { outlet } = this.#options;
    const { config } = this.#options.hypervisor;
    const { queue } = outlet;
    const { store } = this;
    const warnings = this.#warnings;
    const logger = this.#logger;
    if (queue === undefined) throw new Error('the outlet is not open');
    standingWarnings(config, warnings);

    const stateProblem = (key: string) => (problem: string | undefined) => {
      if (problem === undefined) warnings.clear(key);
      else warnings.raise(key, 'stateNotSaved', problem);
    };
    const lost = (key: string) => (problem: string) => warnings.raise(key, 'stateNotSaved', problem);
    const state = await StateDirectory.open(config.state.directory, {
      logger: logger.child({ component: 'state' }),
      onProblem: stateProblem('state-directory'),
      signal: this.#options.signal,
    });
    this.#state = state;
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
    // The newest first: it knows better.
    const logged = [...log.view().entries].reverse();
    indexes.adopt(logged.map(({ subjectUuid: uuid, domainIndex: index }) => ({ uuid, index })));

    if (this.name !== '') {
      outlet.identity = () => ({
        lveNotifyHypervisor: { value: this.name },
        lveHostName: { value: store.current.host.hostname ?? '' },
      });
    }
    const notifications = new NotificationCentre({
      store,
      log,
      indexes,
      notify: notifyOptions(config),
      queue,
      uri: this.uri,
      logger: logger.child({ component: 'notify' }),
      readState: (subject) => collection.readState(subject),
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
      lastEventSeq: (uuid) => log.lastSeqOf(uuid),
      listener: notifications,
      gate: this.#options.gate,
    });
    this.#afterClockStep = () => {
      indexes.saveAgain();
      log.saveAgain();
    };

    const trees = outlet.feed(this.#options.sharers);
    outlet.onSwitch = (name, value) => {
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
