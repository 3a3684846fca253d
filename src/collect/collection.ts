import type { Config } from '../config/config.ts';
import { saslSettings } from '../config/sections/libvirt.ts';
import { EventMeter } from '../libvirt/event-meter.ts';
import type { LibvirtEvent } from '../libvirt/events.ts';
import { domainGetState } from '../libvirt/procedures.ts';
import type { DomainRef } from '../libvirt/protocol.ts';
import { type ConnectTarget, isLocalTarget } from '../libvirt/uri.ts';
import { lifecycleEventNames } from '../libvirt-enums/domain-event.ts';
import { poolLifecycleEvents } from '../libvirt-enums/infrastructure.ts';
import type { Logger } from '../log.ts';
import type { Agent, ConnState } from '../model/agent.ts';
import type { SnapshotStore } from '../model/snapshot-store.ts';
import { systemClock } from '../run/clock.ts';
import type { IndexStore } from '../state/index-store.ts';
import { AnswerShare } from './access/answer-share.ts';
import { LibvirtAccess } from './access/libvirt-access.ts';
import type { LibvirtSession } from './access/libvirt-session.ts';
import { CollectorBoard } from './collector-board.ts';
import { makeCollectors } from './collectors.ts';
import type { ConnectGate } from './connect-gate.ts';
import { RowReader } from './decode/row-reader.ts';
import { selectorsOff } from './decode/stats-groups.ts';
import { LibvirtLink } from './libvirt-link.ts';
import { LimitBoard, type ReachedLimit } from './limit-board.ts';
import { type BuildContext, buildDomain } from './records/domain-builder.ts';
import { DomainTable } from './records/domain-table.ts';
import { HostRecord } from './records/host-record.ts';
import { InfrastructureRecord } from './records/infrastructure-record.ts';
import { RowUnits } from './records/row-units.ts';
import type { WarningBoard } from './records/warning-board.ts';
import { type PassBase, Refresher } from './refresher.ts';
import { SnapshotPublisher } from './snapshot-publisher.ts';
import { isStuck } from './sources/control-probe.ts';
import { versionText } from './sources/host-identity.ts';

export interface CollectionOptions {
  readonly config: Config;
  readonly logger: Logger;
  readonly store: SnapshotStore;
  readonly indexes: IndexStore;
  readonly warnings: WarningBoard;
  /** lveEventSeq of a domain's latest event; 0 if there is none. */
  readonly lastEventSeq: (uuid: string) => number;
  /** Who is told of what happens. */
  readonly listener?: CollectionListener;
  /** Shared with the other hypervisors; undefined where there are none. */
  readonly gate?: ConnectGate | undefined;
}

/** Is told of what happens, as it happens. */
export interface CollectionListener {
  /** Told of each libvirt event before anything is refreshed because of it. */
  onEvent(event: LibvirtEvent): void;
  /** Told how many events were dropped since the last time, because too many came. */
  onEventsDropped(count: number): void;
  /** Told after the snapshot shows a new state of the connection; `error` is why it is not there. */
  onConnection(state: ConnState, error: unknown): void;
}

/** The share of one of several hypervisors where `collect.max_memory` says nothing, in MiB. */
const memoryOfOneMib = 64;

/** Events that tell nothing a refresh could show. */
const silentEvents: ReadonlySet<LibvirtEvent['type']> = new Set([
  'reboot',
  'rtcChange',
  'graphics',
  'migrationIteration',
]);

/** The whole way from libvirt to snapshots: the link, the records, the collectors and the publisher. */
export class Collection {
  readonly #options: CollectionOptions;
  readonly #target: ConnectTarget;
  readonly #table: DomainTable;
  readonly #host: HostRecord;
  readonly #infrastructure = new InfrastructureRecord();
  readonly #board = new CollectorBoard();
  readonly #context: BuildContext;
  readonly #publisher: SnapshotPublisher;
  readonly #refresher: Refresher;
  readonly #link: LibvirtLink;
  readonly #limits: LimitBoard;
  readonly #share: AnswerShare | undefined;
  readonly #events: EventMeter;
  /** Events dropped that the listener has been told of. */
  #toldDrops = 0;
  #access: LibvirtAccess | undefined;

  constructor(options: CollectionOptions) {
    this.#options = options;
    const { config, store, indexes, logger } = options;
    this.#target = config.libvirt.uri.readOnly;
    const context: BuildContext = {
      severities: config.severity,
      reader: new RowReader(selectorsOff(config.collect.extraStats)),
      lastEventSeq: options.lastEventSeq,
      diskIndex: (uuid, target) => indexes.disk(uuid, target),
      poolOf: (disk) => this.#infrastructure.poolOf(disk),
      nicIndex: (uuid, mac) => indexes.nic(uuid, mac),
      perfEventNumber: (name) => indexes.perfEvent(name),
      units: new RowUnits(indexes),
    };
    this.#context = context;
    const { maxDomains, maxMemory } = config.collect;
    this.#table = new DomainTable(indexes, config.collect.retention * 1000, maxDomains);
    indexes.addReferences((index) => this.#table.hasNumber(index));
    this.#limits = new LimitBoard(options.warnings, logger.child({ component: 'collect' }));
    this.#events = new EventMeter(config.libvirt.maxEventRate, () =>
      this.#limits.reached(this.#tooManyEvents),
    );
    const maxMib = maxMemory > 0 ? maxMemory : options.gate && memoryOfOneMib;
    this.#share =
      maxMib === undefined
        ? undefined
        : new AnswerShare(maxMib * 2 ** 20, () => this.#limits.reached(this.#tooMuchMemory));
    this.#host = new HostRecord(config.mib.hvObjectId);
    this.#publisher = new SnapshotPublisher({
      store,
      domains: this.#table,
      host: this.#host,
      infrastructure: this.#infrastructure,
      board: this.#board,
      context,
    });
    this.#refresher = new Refresher({
      intervalSec: config.collect.interval,
      collectors: makeCollectors({
        config,
        local: isLocalTarget(this.#target),
      }),
      board: this.#board,
      publisher: this.#publisher,
      logger: logger.child({ component: 'collect' }),
      isOneOfMany: options.gate !== undefined,
    });
    this.#link = new LibvirtLink({
      target: this.#target,
      readWriteTarget: config.libvirt.readWrite ? config.libvirt.uri.readWrite : undefined,
      sasl: saslSettings(config.libvirt),
      logger: logger.child({ component: 'libvirt' }),
      gate: options.gate,
      onEvent: (event) => this.#onEvent(event),
      admitEvent: () => this.#events.admit(),
      onSubscribed: (any) => this.#board.supported('events', any ? 'supported' : 'unsupported'),
      onState: (agent, state, error) => this.#onState(agent, state, error),
      work: (session, signal) => this.#refresher.run(this.#passBase(session, signal)),
    });
  }

  /** Collects until the signal aborts, whatever happens to libvirt. */
  async run(signal: AbortSignal): Promise<void> {
    await this.#link.run(signal);
    await this.#refresher.settled();
    this.#limits.close();
  }

  /** Connects, collects everything once and publishes it. Rejects if libvirt cannot be reached. */
  async once(signal: AbortSignal): Promise<void> {
    const session = await this.#link.open(signal);
    try {
      this.#onState({ libvirtVersion: versionText(session.libVersion) }, 'connected', undefined);
      await this.#refresher.once(this.#passBase(session, signal));
    } finally {
      await session.close();
    }
  }

  /** Shows what the records hold and the numbers of the domains' latest events, without asking libvirt. */
  async publish(): Promise<void> {
    await this.#publisher.publish();
  }

  /**
   * State and reason of a domain, asked of libvirt now; undefined while there is no connection. An event may be the first
   * that is heard of the domain.
   */
  async readState({
    name,
    uuid,
  }: Pick<DomainRef, 'name' | 'uuid'>): Promise<
    { readonly state: number; readonly reason: number } | undefined
  > {
    if (this.#access === undefined) return undefined;
    const domain = this.#table.get(uuid)?.ref ?? { name, uuid, id: -1 };
    return await this.#access.call(domainGetState, { domain, flags: 0 });
  }

  #passBase(session: LibvirtSession, signal: AbortSignal): PassBase {
    const { config, indexes, warnings } = this.#options;
    this.#access = new LibvirtAccess(session, {
      timeoutMs: config.libvirt.callTimeout * 1000,
      maxUnanswered: config.libvirt.maxUnansweredCalls,
      share: this.#share,
      isResponsive: (uuid) => {
        const record = this.#table.get(uuid);
        return record === undefined || !isStuck(record, config.libvirt.controlGrace * 1000);
      },
    });
    return {
      libvirt: this.#access,
      domains: this.#table,
      host: this.#host,
      infrastructure: this.#infrastructure,
      indexes,
      warnings,
      limits: this.#limits,
      share: this.#share,
      signal,
      buildRow: (record) => void buildDomain(record, this.#context),
      // Shown with the snapshot that shows the definition.
      configChanged: () => this.#publisher.note({ configChangedAt: systemClock.now() }),
    };
  }

  #onEvent(event: LibvirtEvent): void {
    this.#board.ran('events', 0, systemClock.now(), true);
    this.#options.listener?.onEvent(event);
    if (
      event.type === 'storagePoolRefresh' ||
      (event.type === 'storagePoolLifecycle' && poolLifecycleEvents[event.event] === 'started')
    ) {
      this.#infrastructure.poolsReadAt.set(event.pool.uuid, systemClock.now());
    }
    this.#refresher.prompt(event);
    if (!('domain' in event) || silentEvents.has(event.type)) return;
    const { uuid } = event.domain;
    if (event.type === 'lifecycle' && lifecycleEventNames[event.event] === 'started') {
      this.#table.announceStart(uuid, systemClock.now());
    }
    this.#refresher.poke(uuid);
  }

  /** The listener is told as often as the operator is. */
  readonly #tooManyEvents: ReachedLimit = {
    key: 'event-rate',
    code: 'eventsLost',
    text: () => {
      const { dropped } = this.#events;
      this.#options.listener?.onEventsDropped(dropped - this.#toldDrops);
      this.#toldDrops = dropped;
      const { maxEventRate } = this.#options.config.libvirt;
      return (
        `${dropped} events of libvirt were dropped since the agent started: more than ${maxEventRate} a second came ` +
        '(libvirt.max_event_rate). What they led to is found by comparison.'
      );
    },
  };

  readonly #tooMuchMemory: ReachedLimit = {
    key: 'max-memory',
    code: 'limitReached',
    text: () => {
      const { refused = 0, octets = 0 } = this.#share ?? {};
      return (
        `${refused} answers of libvirt were not taken since the agent started: ${Math.ceil(octets / 2 ** 20)} MiB are ` +
        'kept of this hypervisor, and more is not its share (collect.max_memory). What is shown lacks them, or is old.'
      );
    },
  };

  #onState(agent: Partial<Agent>, state: ConnState, error: unknown): void {
    const { current } = this.#options.store;
    const changed = current.agent.connState !== state;
    this.#publishAgent({
      ...agent,
      connState: state,
      ...(changed ? { connSince: systemClock.now() } : {}),
      ...(error instanceof Error ? { connLastError: error.message } : {}),
      readOnly: !this.#options.config.libvirt.readWrite,
    });
    if (!changed) return;
    if (state !== 'connected' && state !== 'connecting') {
      this.#table.markStale();
      void this.#publisher.publish();
    }
    this.#options.listener?.onConnection(state, error);
  }

  #publishAgent(parts: Partial<Agent>): void {
    const { store } = this.#options;
    store.update({ agent: { ...store.current.agent, ...parts } });
  }
}
