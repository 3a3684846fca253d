import type { DiskDefinition } from '../../definition/disk-definition.ts';
import { parsePoolXml } from '../../definition/pool-xml.ts';
import { ConnectionLostError } from '../../errors.ts';
import {
  connectListAllStoragePools,
  storagePoolGetAutostart,
  storagePoolGetInfo,
  storagePoolGetXmlDesc,
  storagePoolNumOfVolumes,
  storagePoolRefresh,
} from '../../libvirt/procedures.ts';
import type { NamedRef } from '../../libvirt/protocol.ts';
import { poolStates } from '../../libvirt-enums/infrastructure.ts';
import { add, percentOf, ratioOf } from '../../model/arithmetic.ts';
import type { Pool } from '../../model/pool.ts';
import type { Count, EpochMs } from '../../model/scalar-types.ts';
import { systemClock } from '../../run/clock.ts';
import type { DomainRecord } from '../records/domain-record.ts';
import type { Collector, CollectorKind, CollectorPass } from './collector.ts';
import { eachMember, readMember } from './each-member.ts';
import { FileSystemProbe } from './file-system-figures.ts';
import { inNumberingOrder } from './numbering-order.ts';

/** Pools whose figures libvirt takes from the file system of their directory. */
const directoryTypes: ReadonlySet<string> = new Set(['dir', 'fs', 'netfs']);

/** libvirt opens each volume of a pool to read it anew. */
const refreshTimeoutMs = 30_000;

export const storagePools: CollectorKind = {
  name: 'storage-pools',
  id: 'storagePools',
  selectors: ['pool'],
  stage: 'background',
  interval: ({ intervals }) => intervals.pools,
  promptedBy: ['storagePoolLifecycle', 'storagePoolRefresh'],
  make: ({ config, local }) =>
    new StoragePools({
      fileSystems: local ? new FileSystemProbe() : undefined,
      refreshSec: config.collect.poolRefresh,
    }),
};

export interface StoragePoolsOptions {
  /** Where the directories of pools can be looked at; undefined if the hypervisor is another machine. */
  readonly fileSystems: Pick<FileSystemProbe, 'read'> | undefined;
  /** Seconds after which libvirt is asked to read a pool anew; 0 is never. */
  readonly refreshSec: number;
}

/**
 * Storage pools, and how much of them has been promised to domains. libvirt's figures of a pool are those of the last
 * time somebody had it read anew: for a directory of this host those of its file system are taken instead.
 */
export class StoragePools implements Collector {
  readonly #options: StoragePoolsOptions;
  /** When this agent last had a pool read anew, by UUID. */
  readonly #refreshed = new Map<string, EpochMs>();
  /** When a pool was first looked at, by UUID: its figures may be older. */
  readonly #watchedSince = new Map<string, EpochMs>();
  /** What libvirt last said, by UUID. */
  readonly #told = new Map<string, PoolFigures>();

  constructor(options: StoragePoolsOptions) {
    this.#options = options;
  }

  async collect(pass: CollectorPass): Promise<void> {
    const { infrastructure } = pass;
    const listed = await pass.libvirt.call(connectListAllStoragePools, { flags: 0 });
    const known = new Map(infrastructure.pools.map((pool) => [pool.uuid, pool]));
    // One after the other: a pool on a dead server makes libvirt wait, and one such wait at a time is enough.
    const pools = await eachMember(pass, inNumberingOrder(listed), {
      nameOf: ({ name }) => name,
      known: ({ uuid }) => known.get(uuid),
      read: (ref) => this.#read(pass, ref, known.get(ref.uuid)),
    });
    const present = new Set(listed.map((ref) => ref.uuid));
    pass.indexes.retainPools(present);
    for (const seen of [infrastructure.poolsReadAt, this.#refreshed, this.#told, this.#watchedSince]) {
      for (const uuid of seen.keys()) if (!present.has(uuid)) seen.delete(uuid);
    }
    if (!infrastructure.setPools(pools.sort((a, b) => a.index - b.index))) return;
    for (const record of pass.domains.present) {
      record.devices = undefined;
      record.touch();
    }
  }

  async #read(pass: CollectorPass, pool: NamedRef, known: Pool | undefined): Promise<Pool> {
    const { libvirt } = pass;
    const stateAt = systemClock.now();
    const info = await libvirt.call(storagePoolGetInfo, { pool });
    const state = poolStates[info.state] ?? 'other';
    const definition = await parsePoolXml(await libvirt.call(storagePoolGetXmlDesc, { pool, flags: 0 }));
    const place = { name: pool.name, type: definition.type, path: definition.path };
    this.#noteFigures(pass, pool.uuid, info);
    const figures = await this.#figures(pass, place, pool, state, info);
    if (figures.figuresSource === 'libvirt' && (await this.#refresh(pass, pool, state))) {
      return await this.#read(pass, pool, known);
    }
    const provisionedBytes = provisionedIn(place, pass.domains.present);
    return {
      index: pass.indexes.pool(pool.uuid),
      name: pool.name,
      uuid: pool.uuid,
      type: definition.type,
      path: definition.path,
      state,
      stateAt,
      autostart: await libvirt.call(storagePoolGetAutostart, { pool }),
      ...figures,
      // A pool that is not active offers nothing, and has nothing to be a share of.
      usedPercent: state === 'inactive' ? 0 : percentOf(figures.allocationBytes, figures.capacityBytes),
      volumes: state === 'inactive' ? 0 : await this.#volumes(pass, pool, known),
      provisionedBytes,
      overcommit: state === 'inactive' ? 0 : ratioOf(provisionedBytes, figures.capacityBytes),
    };
  }

  async #figures(
    { infrastructure, now }: CollectorPass,
    { type, path }: PoolPlace,
    { uuid }: NamedRef,
    state: Pool['state'],
    told: PoolFigures,
  ): Promise<PoolFigures & Pick<Pool, 'figuresAt' | 'figuresSource'>> {
    if (state === 'inactive') return { ...nothing, figuresSource: 'libvirt', figuresAt: undefined };
    // libvirt cannot get at it, and its figures are zero because nobody looked.
    if (state === 'inaccessible') return { ...unknown, figuresSource: 'libvirt', figuresAt: undefined };
    const { capacityBytes, allocationBytes, availableBytes } = told;
    const isDirectory = type !== undefined && path !== undefined && directoryTypes.has(type);
    const own = isDirectory ? await this.#options.fileSystems?.read(path) : undefined;
    // Of another size it is another file system: the agent may see other mounts than libvirt does.
    if (own !== undefined && own.capacityBytes === Number(capacityBytes)) {
      return { ...own, figuresSource: 'fileSystem', figuresAt: now };
    }
    return {
      capacityBytes,
      allocationBytes,
      availableBytes,
      figuresSource: 'libvirt',
      figuresAt: infrastructure.poolsReadAt.get(uuid) ?? this.#watchedSince.get(uuid),
    };
  }

  /** A pool whose volumes cannot be counted, because it has just stopped, is shown without their number. */
  async #volumes(pass: CollectorPass, pool: NamedRef, known: Pool | undefined): Promise<number | undefined> {
    return await readMember(pass, `volumes of ${pool.name}`, {
      known: known?.volumes,
      read: () => pass.libvirt.call(storagePoolNumOfVolumes, { pool }),
      partOf: pool.name,
    });
  }

  /** Other figures than before tell that libvirt has read the pool anew, or changed a volume itself. */
  #noteFigures(
    { infrastructure: { poolsReadAt }, now }: CollectorPass,
    uuid: string,
    told: PoolFigures,
  ): void {
    const before = this.#told.get(uuid);
    this.#told.set(uuid, told);
    const same =
      before?.capacityBytes === told.capacityBytes && before?.allocationBytes === told.allocationBytes;
    if (before === undefined) this.#watchedSince.set(uuid, now);
    else if (!same) poolsReadAt.set(uuid, now);
  }

  /** Has libvirt read a pool anew, if that is wanted and due. @returns whether it did. */
  async #refresh(pass: CollectorPass, pool: NamedRef, state: Pool['state']): Promise<boolean> {
    const { refreshSec } = this.#options;
    if (refreshSec === 0 || state !== 'running' || !pass.libvirt.canWrite) return false;
    const last = Math.max(
      this.#refreshed.get(pool.uuid) ?? 0,
      pass.infrastructure.poolsReadAt.get(pool.uuid) ?? 0,
    );
    if (pass.now - last < refreshSec * 1000) {
      pass.spared(`refresh of ${pool.name}`);
      return false;
    }
    // Noted before: one that fails or is not answered has had its turn.
    this.#refreshed.set(pool.uuid, pass.now);
    try {
      await pass.libvirt.call(storagePoolRefresh, { pool, flags: 0 }, { timeoutMs: refreshTimeoutMs });
    } catch (error) {
      if (error instanceof ConnectionLostError) throw error;
      pass.failed(error, `refresh of ${pool.name}`, 'member', [pool.name]);
      return false;
    }
    pass.infrastructure.poolsReadAt.set(pool.uuid, systemClock.now());
    return true;
  }
}

/** The space of a pool. */
interface PoolFigures {
  readonly capacityBytes: Count | undefined;
  readonly allocationBytes: Count | undefined;
  readonly availableBytes: Count | undefined;
}

const nothing: PoolFigures = { capacityBytes: 0, allocationBytes: 0, availableBytes: 0 };

const unknown: PoolFigures = {
  capacityBytes: undefined,
  allocationBytes: undefined,
  availableBytes: undefined,
};

/** What tells whether an image is in a pool. */
export interface PoolPlace {
  readonly name: string;
  readonly type: string | undefined;
  /** Directory of the volumes, or the source's name. */
  readonly path: string | undefined;
}

/**
 * The capacities of all disks whose image is in the pool, added up; an image that several domains share
 * counts once. Undefined while a definition has not been read.
 */
export function provisionedIn(pool: PoolPlace, records: readonly DomainRecord[]): Count | undefined {
  const counted = new Set<string>();
  let sum: Count = 0;
  for (const record of records) {
    if (record.definition === undefined) return undefined;
    for (const disk of record.definition.disks) {
      const source = disk.source;
      if (source === undefined || counted.has(source) || !isInPool(pool, disk)) continue;
      const monitor = record.runtime.sample?.monitor;
      const block = monitor?.block(disk.target);
      const capacityBytes = block && monitor?.countOf('block', block, 'capacity');
      if (capacityBytes === undefined) continue;
      counted.add(source);
      sum = add(sum, capacityBytes);
    }
  }
  return sum;
}

function isInPool(pool: PoolPlace, { type, protocol, source, pool: named }: DiskDefinition): boolean {
  if (type === 'volume') return named === pool.name;
  if (pool.path === undefined) return false;
  if (type === 'network') return protocol === pool.type && named === pool.path;
  return source?.startsWith(pool.path.endsWith('/') ? pool.path : `${pool.path}/`) === true;
}
