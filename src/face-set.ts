import type { Config } from './config/config.ts';
import { keptDefinitions } from './config/kept-definitions.ts';
import { ConnectionLostError } from './errors.ts';
import { facesOptions } from './faces/configured.ts';
import { hasFaces } from './faces/faces-options.ts';
import { FacesThread } from './faces/faces-thread.ts';
import { ImageFeed } from './image/image-feed.ts';
import { unreadableLog } from './image/unreadable-log.ts';
import type { Logger } from './log.ts';
import type { SwitchName } from './mib/bind.ts';
import { modules, tables } from './mib/objects.gen.ts';
import { ServedMib } from './mib/served-mib.ts';
import { type NotificationMaster, NotificationQueue } from './notify/notification-queue.ts';
import { ServingThread } from './serve/serving-thread.ts';
import { isWithin } from './tree/oid.ts';

export interface FaceSetOptions {
  readonly logger: Logger;
  readonly version: string;
  /** Puts a switch into effect that the master has set; the next tree must show it. */
  readonly onSwitch: (name: SwitchName, value: boolean) => void;
}

/** Something that was made from settings, and is kept as long as they are the same. */
interface Kept<Part> {
  readonly key: string;
  readonly part: Part;
}

/** What all faces are fed from. */
interface Source {
  readonly mib: ServedMib;
  readonly images: ImageFeed;
}

/** The AgentX face, if there is one, with the notifications that are to go through it. */
interface Master {
  readonly agentx: ServingThread | undefined;
  readonly queue: NotificationQueue;
}

/** Where there is no AgentX: it never comes up. */
const noMaster: NotificationMaster = {
  state: 'stopped',
  isAsked: false,
  onStateChange: () => () => undefined,
  notify: () => Promise.reject(new ConnectionLostError('AgentX is off')),
};

/** The faces of one configuration. */
export interface OpenFaces extends Source {
  /** Undefined if nothing is served to an AgentX master. */
  readonly agentx: ServingThread | undefined;
  /** What is on its way to the master stays so while the session lives. */
  readonly queue: NotificationQueue;
  /** Undefined if nothing is served beside SNMP. */
  readonly others: FacesThread | undefined;
}

/** What others see of the agent. Each face outlives a reload that does not concern it, so that nothing disappears. */
export class FaceSet {
  readonly #options: FaceSetOptions;
  #source: Kept<Source> | undefined;
  #master: Kept<Master> | undefined;
  #others: Kept<FacesThread> | undefined;

  constructor(options: FaceSetOptions) {
    this.#options = options;
  }

  /** The faces for these settings: those there are, or new ones. */
  async open(config: Config): Promise<OpenFaces> {
    const { agentx, mib } = config;
    const faces = facesOptions(config, this.#options.version);
    // The faces beside SNMP tell what is in VM-MIB whether or not SNMP does.
    const sourceKey = keyOf([mib.root, mib.vmMib || hasFaces(faces)]);
    const isHidden = !keptDefinitions(config).forSnmp;
    const masterKey = keyOf([sourceKey, agentx, mib, isHidden]);
    const othersKey = hasFaces(faces) ? keyOf([sourceKey, faces]) : undefined;
    const previous = this.#master?.part.queue;
    if (this.#master?.key !== masterKey) await this.#stopMaster();
    if (this.#others?.key !== othersKey) await this.#stopOthers();
    const source = this.#source?.key === sourceKey ? this.#source.part : this.#makeSource(config, faces);
    this.#source = { key: sourceKey, part: source };
    this.#master ??= { key: masterKey, part: this.#startMaster(config, source, previous) };
    if (othersKey !== undefined && this.#others === undefined) {
      const logger = this.#options.logger.child({ component: 'faces' });
      const part = new FacesThread({ faces, images: source.images, logger });
      this.#others = { key: othersKey, part };
    }
    return { ...source, ...this.#master.part, others: this.#others?.part };
  }

  /** How many notifications the master has not taken. */
  get untaken(): number {
    return this.#master?.part.queue.left.length ?? 0;
  }

  async stop(): Promise<void> {
    await this.#stopOthers();
    await this.#stopMaster();
    this.#source = undefined;
  }

  async #stopMaster(): Promise<void> {
    const kept = this.#master;
    this.#master = undefined;
    await kept?.part.agentx?.stop();
    kept?.part.queue.close();
  }

  async #stopOthers(): Promise<void> {
    const kept = this.#others;
    this.#others = undefined;
    await kept?.part.stop();
  }

  #makeSource({ mib: { root, vmMib } }: Config, faces: Parameters<typeof hasFaces>[0]): Source {
    const mib = new ServedMib({ root, vmMib: vmMib || hasFaces(faces) });
    const logger = this.#options.logger.child({ component: 'image' });
    return { mib, images: new ImageFeed(mib.slots, unreadableLog(logger)) };
  }

  #startMaster(config: Config, source: Source, previous: NotificationQueue | undefined): Master {
    const agentx = config.agentx.enabled ? this.#startAgentx(config, source) : undefined;
    const queue = new NotificationQueue({
      master: agentx ?? noMaster,
      encode: (content, appended) => source.mib.encode(content, appended),
      logger: this.#options.logger.child({ component: 'notify' }),
      previous,
    });
    return { agentx, queue };
  }

  #startAgentx(config: Config, { mib: served, images }: Source): ServingThread {
    const { agentx, mib } = config;
    const { version, logger, onSwitch } = this.#options;
    const regions = served.roots
      .map((oid) => ({ oid, name: isVmMib(oid) ? 'VM-MIB' : 'LIBVIRT-EXT-MIB' }))
      .filter(({ oid }) => mib.vmMib || !isVmMib(oid));
    return new ServingThread({
      images,
      hidden: keptDefinitions(config).forSnmp ? [] : tables.lveXmlTable.columns,
      subagent: {
        address: agentx.address,
        description: `libvirt-agentx ${version}`,
        regions,
        capabilities: regions.map((region) => ({
          oid: region.oid,
          description: `libvirt-agentx ${version}: ${region.name}`,
        })),
        contexts: agentx.contexts,
        priority: agentx.priority,
        tellsAsked: agentx.standby,
      },
      logger: logger.child({ component: 'agentx' }),
      onSwitch,
    });
  }
}

function isVmMib(oid: readonly number[]): boolean {
  return isWithin(oid, modules['VM-MIB'].root);
}

/** Settings as a text; patterns, which JSON does not have, as they were written. */
function keyOf(settings: readonly unknown[]): string {
  return JSON.stringify(settings, (_key, value: unknown) =>
    value instanceof RegExp ? String(value) : value,
  );
}
