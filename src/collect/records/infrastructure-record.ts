import type { DiskDefinition } from '../../definition/disk-definition.ts';
import type { Network } from '../../model/network.ts';
import type { Pool } from '../../model/pool.ts';
import type { EpochMs } from '../../model/scalar-types.ts';

/** Pools whose volumes are the files, or devices, directly inside their directory. */
const directoryTypes: ReadonlySet<string> = new Set(['dir', 'fs', 'logical', 'netfs', 'vstorage', 'zfs']);

/** Storage pools and virtual networks as last collected; collectors replace the lists. */
export class InfrastructureRecord {
  /** Ascending by index. */
  pools: readonly Pool[] = [];
  /** Ascending by index. */
  networks: readonly Network[] = [];
  /** When libvirt was last seen to read a pool anew, by UUID. */
  readonly poolsReadAt = new Map<string, EpochMs>();

  /**
   * The name of the storage pool that has the image of a disk: as the definition says it, else that of libvirt in whose
   * directory it is; undefined where it is in none.
   */
  poolOf({ pool, type, source }: DiskDefinition): string | undefined {
    if (pool !== undefined || source === undefined) return pool;
    if (type !== 'file' && type !== 'block') return undefined;
    const directory = source.slice(0, source.lastIndexOf('/'));
    return this.pools.find((one) => directoryTypes.has(one.type ?? '') && trimmed(one.path) === directory)
      ?.name;
  }

  /** Whether this is the UUID of a pool or a network. */
  has(uuid: string): boolean {
    return (
      this.pools.some((pool) => pool.uuid === uuid) || this.networks.some((network) => network.uuid === uuid)
    );
  }

  /** Replaces the pools. Returns whether the pool of a disk may be another one now. */
  setPools(pools: readonly Pool[]): boolean {
    const before = placesOf(this.pools);
    this.pools = pools;
    return placesOf(pools) !== before;
  }
}

function trimmed(path: string | undefined): string | undefined {
  return path?.replace(/\/+$/, '');
}

function placesOf(pools: readonly Pool[]): string {
  return JSON.stringify(pools.map(({ name, type, path }) => [name, type, path]));
}
