import type { SubagentState } from './agentx/subagent.ts';
import type { Config } from './config/config.ts';
import type { HypervisorConfig } from './config/hypervisor-configs.ts';
import { contextsOf } from './config/hypervisor-contexts.ts';
import { keptDefinitions } from './config/kept-definitions.ts';
import { NotSentError } from './errors.ts';
import { facesOptions } from './faces/configured.ts';
import { hasFaces } from './faces/faces-options.ts';
import { type FacesTask, FacesThread } from './faces/faces-thread.ts';
import { ImageFeed } from './image/image-feed.ts';
import { unreadableLog } from './image/unreadable-log.ts';
import type { Logger } from './log.ts';
import { onlyInDefault } from './mib/fleet-objects.ts';
import { tables } from './mib/objects.gen.ts';
import { ServedMib } from './mib/served-mib.ts';
import { servedModules } from './mib/served-modules.ts';
import type { NotificationMaster } from './notify/notification-master.ts';
import { NotificationQueue } from './notify/notification-queue.ts';
import { SharedMaster } from './notify/shared-master.ts';
import { Outlet } from './outlet.ts';
import { within } from './run/deadline.ts';
import { keyOf } from './run/settings-key.ts';
import { ServingThread } from './serve/serving-thread.ts';

export interface FaceSetOptions {
  readonly logger: Logger;
  readonly version: string;
}

/** Something that was made from settings, and is kept as long as they are the same. */
interface Kept<Part> {
  readonly key: string;
  readonly part: Part;
}

/** The AgentX face, if there is one, with the way of notifications through it. */
interface Master {
  readonly agentx: ServingThread | undefined;
  readonly shared: SharedMaster;
}

/** Where there is no AgentX: it never comes up. */
const noMaster: NotificationMaster = {
  state: 'stopped',
  isAsked: false,
  onStateChange: () => () => undefined,
  notify: () => Promise.reject(new NotSentError('AgentX is off')),
};

/** sysORDescr is a DisplayString of at most so many characters (RFC 3418). */
const maxDescription = 255;

/** A master that stands still is not waited for longer than this, in milliseconds: it unregisters when it goes on. */
const patienceMs = 1000;

/** The faces of one configuration. */
export interface OpenFaces {
  /** Where each hypervisor's data goes out, by its name. */
  readonly outlets: ReadonlyMap<string, Outlet>;
  /** Undefined if nothing is served beside SNMP. */
  readonly others: FacesThread | undefined;
}

/** What others see of the agent. Each face outlives a reload that does not concern it, so that nothing disappears. */
export class FaceSet {
  readonly #options: FaceSetOptions;
  readonly #outlets = new Map<string, Kept<Outlet>>();
  /** Of all outlets: it has no state of its own. */
  #mib: Kept<ServedMib> | undefined;
  #master: Kept<Master> | undefined;
  #others: Kept<FacesThread> | undefined;

  constructor(options: FaceSetOptions) {
    this.#options = options;
  }

  /** The faces for these settings: those there are, or new ones. */
  async open(config: Config, hypervisors: readonly HypervisorConfig[]): Promise<OpenFaces> {
    const { agentx, mib } = config;
    const faces = facesOptions(config, this.#options.version);
    const sourceKey = faceKey(config);
    const masterKey = keyOf([sourceKey, { ...agentx, contexts: [] }, mib]);
    const names = hypervisors.map(({ name }) => name);
    const first = hypervisors.find(({ isDefault }) => isDefault)?.name;
    // The first of them is the one that faces without contexts tell of where nobody names another.
    const inOrder = [...names.filter((name) => name === first), ...names.filter((name) => name !== first)];
    const othersKey = hasFaces(faces) ? keyOf([sourceKey, faces, inOrder]) : undefined;
    if (this.#master?.key !== masterKey) await this.#stopMaster();
    if (othersKey === undefined) await this.#stopOthers();
    // A queue outlives its outlet: what waits in it, and what it has counted, is not of one MIB.
    const queues = new Map<string, NotificationQueue | undefined>();
    const leaving: Outlet[] = [];
    for (const [name, { key, part }] of [...this.#outlets]) {
      if (key !== sourceKey || !names.includes(name)) {
        leaving.push(part);
        part.queue?.close();
        queues.set(name, part.queue);
        this.#outlets.delete(name);
      }
    }
    this.#master ??= { key: masterKey, part: this.#startMaster(config) };
    for (const hypervisor of hypervisors) {
      const known = this.#outlets.get(hypervisor.name)?.part;
      if (known !== undefined && known.scopeKey !== scopeKey(hypervisor)) leaving.push(known);
    }
    // All at a time, since each may have to wait for the master, and before anything new is served: a context may go from
    // one to the other.
    await Promise.all(leaving.map((outlet) => this.#closeScope(outlet)));
    const outlets = new Map<string, Outlet>();
    for (const hypervisor of hypervisors) {
      const { name } = hypervisor;
      const outlet = this.#outlets.get(name)?.part ?? this.#makeOutlet(config, name, queues.get(name));
      this.#outlets.set(name, { key: sourceKey, part: outlet });
      outlets.set(name, outlet);
      this.#serve(outlet, config, hypervisor, this.#master.part);
    }
    if (othersKey !== undefined && this.#others?.key !== othersKey) {
      const sources = inOrder.flatMap((name) => outlets.get(name) ?? []);
      this.#others = { key: othersKey, part: this.#othersFor({ faces, sources }) };
    }
    return { outlets, others: this.#others?.part };
  }

  /** How many notifications the master has not taken. */
  get untaken(): number {
    let count = 0;
    for (const { part } of this.#outlets.values()) count += part.queue?.left.length ?? 0;
    return count;
  }

  /** The session with the master; undefined if AgentX is off. */
  get masterState(): SubagentState | undefined {
    return this.#master?.part.agentx?.state;
  }

  /** Resolves as soon as the thread that answers the master has taken a message. */
  async ping(): Promise<void> {
    await this.#master?.part.agentx?.ping();
  }

  async stop(): Promise<void> {
    await this.#stopOthers();
    await this.#stopMaster();
    this.#outlets.clear();
  }

  async #stopMaster(): Promise<void> {
    const kept = this.#master;
    this.#master = undefined;
    await kept?.part.agentx?.stop();
    for (const { part } of this.#outlets.values()) {
      part.queue?.close();
      part.scope = undefined;
    }
  }

  async #stopOthers(): Promise<void> {
    const kept = this.#others;
    this.#others = undefined;
    await kept?.part.stop();
  }

  /** The thread goes on as far as it can: who is being answered by it, and what it has yet to send, is not given up. */
  #othersFor(task: FacesTask): FacesThread {
    const known = this.#others?.part;
    known?.configure(task);
    return known ?? new FacesThread({ ...task, logger: this.#options.logger.child({ component: 'faces' }) });
  }

  #makeOutlet(config: Config, name: string, queue: NotificationQueue | undefined): Outlet {
    const mib = this.#mibFor(config);
    const logger = this.#options.logger.child({
      component: 'image',
      ...(name === '' ? {} : { hypervisor: name }),
    });
    const outlet = new Outlet({ name, mib, images: new ImageFeed(mib.slots, unreadableLog(logger)) });
    outlet.queue = queue;
    return outlet;
  }

  #mibFor(config: Config): ServedMib {
    const key = faceKey(config);
    if (this.#mib?.key !== key) {
      const { root, vmMib, libvirtMib } = config.mib;
      const withVmMib = vmMib || hasFaces(facesOptions(config, this.#options.version));
      this.#mib = { key, part: new ServedMib({ root, vmMib: withVmMib, libvirtMib }) };
    }
    return this.#mib.part;
  }

  /** Connects an outlet to the master, as far as it is not. */
  #serve(outlet: Outlet, config: Config, hypervisor: HypervisorConfig, { agentx, shared }: Master): void {
    if (outlet.queue?.isClosed !== false) {
      const { name } = hypervisor;
      outlet.queue = new NotificationQueue({
        master: shared,
        encode: (content, appended) => outlet.encode(content, appended),
        logger: this.#options.logger.child({
          component: 'notify',
          ...(name === '' ? {} : { hypervisor: name }),
        }),
        previous: outlet.queue,
      });
    }
    if (agentx === undefined || outlet.scope !== undefined) return;
    outlet.scopeKey = scopeKey(hypervisor);
    const contexts = contextsOf(hypervisor);
    const regions = servedModules(config.mib);
    const where = hypervisor.name === '' ? '' : ` of ${hypervisor.name} ${whereIs(contexts)}`;
    outlet.scope = agentx.serve({
      images: outlet.images,
      contexts,
      regions,
      capabilities: regions.map((region) => ({
        oid: region.oid,
        description: `libvirt-agentx ${this.#options.version}: ${region.name}${where}`.slice(
          0,
          maxDescription,
        ),
      })),
      onlyInDefault,
      hidden: hiddenOf(hypervisor),
      onSwitch: (name, value) => outlet.onSwitch(name, value),
    });
  }

  async #closeScope(outlet: Outlet): Promise<void> {
    const { scope } = outlet;
    outlet.scope = undefined;
    if (scope !== undefined) await within(patienceMs, scope.close());
  }

  #startMaster(config: Config): Master {
    const agentx = config.agentx.enabled ? this.#startAgentx(config) : undefined;
    return { agentx, shared: new SharedMaster(agentx ?? noMaster) };
  }

  #startAgentx({ agentx }: Config): ServingThread {
    const { version, logger } = this.#options;
    return new ServingThread({
      subagent: {
        address: agentx.address,
        description: `libvirt-agentx ${version}`,
        priority: agentx.priority,
        tellsAsked: agentx.standby,
      },
      logger: logger.child({ component: 'agentx' }),
    });
  }
}

/** Settings that decide what the faces read: with others of these, everything behind them is made anew. */
export function faceKey(config: Config): string {
  const { root, vmMib, libvirtMib } = config.mib;
  // The faces beside SNMP tell what is in VM-MIB whether or not SNMP does.
  return keyOf([root, vmMib || hasFaces(facesOptions(config, '')), libvirtMib]);
}

/** What is served under other conditions is served anew. */
function scopeKey(hypervisor: HypervisorConfig): string {
  return keyOf([contextsOf(hypervisor), hiddenOf(hypervisor)]);
}

/** Definitions that are kept for HTTP alone are not shown to the master. */
function hiddenOf({ config }: HypervisorConfig): readonly string[] {
  return keptDefinitions(config).forSnmp ? [] : tables.lveXmlTable.columns;
}

/**
 * For sysORDescr: which contexts. Not the URI: every usual view shows this table, and a reload may change the URI while
 * the contexts stay.
 */
function whereIs(contexts: readonly string[]): string {
  const [first, ...more] = contexts.map((name) => (name === '' ? 'the default context' : `context ${name}`));
  return `in ${[first, ...more].join(' and ')}`;
}
