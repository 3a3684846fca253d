import { parsePoolXml } from '../../definition/pool-xml.ts';
import { ConnectionLostError } from '../../errors.ts';
import {
  connectListAllStoragePools,
  storagePoolGetAutostart,
  storagePoolGetInfo,
  storagePoolGetXmlDesc,
  storagePoolNumOfVolumes,
} from '../../libvirt/procedures.ts';
import type { NamedRef } from '../../libvirt/protocol.ts';
import type { Pool } from '../../model/pool.ts';
import type { Count } from '../../model/scalar-types.ts';
import { add, percentOf, ratioOf } from '../decode/arithmetic.ts';
import type { DomainRecord } from '../records/domain-record.ts';
import type { Collector, CollectorKind, CollectorPass } from './collector.ts';

/** virStoragePoolState by number. */
const states: readonly Pool['state'][] = ['inactive', 'building', 'running', 'degraded', 'inaccessible'];

export const storagePools: CollectorKind = {
  name: 'storage-pools',
  id: 'storagePools',
  selectors: ['pool'],
  stage: 'background',
  interval: ({ intervals }) => intervals.pools,
  promptedBy: ['storagePoolLifecycle', 'storagePoolRefresh'],
  make: () => new StoragePools(),
};

/** Storage pools, and how much of them has been promised to domains. */
export class StoragePools implements Collector {
  async collect(pass: CollectorPass): Promise<void> {
    const listed = await pass.libvirt.call(connectListAllStoragePools, { flags: 0 });
    const known = new Map(pass.infrastructure.pools.map((pool) => [pool.uuid, pool]));
    const pools: Pool[] = [];
    // One after the other: a pool on a dead server makes libvirt wait, and one such wait at a time is enough.
    for (const ref of listed) {
      if (pass.signal.aborted) return;
      try {
        pools.push(await this.#read(pass, ref));
      } catch (error) {
        if (error instanceof ConnectionLostError) throw error;
        pass.failed(error, ref.name);
        const before = known.get(ref.uuid);
        if (before !== undefined) pools.push(before);
      }
    }
    pass.indexes.retainPools(new Set(listed.map((ref) => ref.uuid)));
    pass.infrastructure.pools = pools.sort((a, b) => a.index - b.index);
  }

  async #read(pass: CollectorPass, pool: NamedRef): Promise<Pool> {
    const { libvirt } = pass;
    const info = await libvirt.call(storagePoolGetInfo, { pool });
    const definition = parsePoolXml(await libvirt.call(storagePoolGetXmlDesc, { pool, flags: 0 }));
    const active = info.state !== 0;
    const provisionedBytes = provisionedIn(
      { name: pool.name, type: definition.type, path: definition.path },
      pass.domains.present,
    );
    // The sizes of a pool that is not running are zero because nobody looked.
    const known = active && states[info.state] !== 'inaccessible';
    return {
      index: pass.indexes.pool(pool.uuid),
      name: pool.name,
      uuid: pool.uuid,
      type: definition.type,
      path: definition.path,
      state: states[info.state] ?? 'other',
      autostart: await libvirt.call(storagePoolGetAutostart, { pool }),
      capacityBytes: known ? info.capacityBytes : undefined,
      allocationBytes: known ? info.allocationBytes : undefined,
      availableBytes: known ? info.availableBytes : undefined,
      usedPercent: known ? percentOf(info.allocationBytes, info.capacityBytes) : undefined,
      volumes: active ? await libvirt.call(storagePoolNumOfVolumes, { pool }) : undefined,
      provisionedBytes,
      overcommit: known ? ratioOf(provisionedBytes, info.capacityBytes) : undefined,
    };
  }
}

/** What tells whether an image is in a pool. */
export interface PoolPlace {
  readonly name: string;
  readonly type: string | undefined;
  /** Directory of the volumes, or the source's name. */
  readonly path: string | undefined;
}

/**
 * The capacities of all disks whose image is in the pool, added up; an image that several domains share
 * counts once.
 */
export function provisionedIn(pool: PoolPlace, records: readonly DomainRecord[]): Count {
  const counted = new Set<string>();
  let sum: Count = 0;
  for (const record of records) {
    for (const disk of record.definition?.disks ?? []) {
      const source = disk.source;
      if (source === undefined || counted.has(source) || !isInPool(pool, disk.type, source)) continue;
      const block = record.runtime.sample?.monitor.blocks.find((one) => one.name === disk.target);
      if (block?.capacityBytes === undefined) continue;
      counted.add(source);
      sum = add(sum, block.capacityBytes);
    }
  }
  return sum;
}

function isInPool(pool: PoolPlace, diskType: string | undefined, source: string): boolean {
  if (diskType === 'volume') return source.startsWith(`${pool.name}/`);
  if (pool.path === undefined) return false;
  if (diskType === 'network') return source.startsWith(`${pool.type ?? ''}:${pool.path}/`);
  return source.startsWith(pool.path.endsWith('/') ? pool.path : `${pool.path}/`);
}
