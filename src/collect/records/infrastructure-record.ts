import type { Network } from '../../model/network.ts';
import type { Pool } from '../../model/pool.ts';
import type { EpochMs } from '../../model/scalar-types.ts';

/** Storage pools and virtual networks as last collected; collectors replace the lists. */
export class InfrastructureRecord {
  /** Ascending by index. */
  pools: readonly Pool[] = [];
  /** Ascending by index. */
  networks: readonly Network[] = [];
  /** When libvirt was last seen to read a pool anew, by UUID. */
  readonly poolsReadAt = new Map<string, EpochMs>();
}
