import type { Pool } from '../../model/pool.ts';
import type { TableBinding } from '../bind.ts';
import { NEVER, secondsSince } from '../elapsed.ts';

/** The storage pools. */
export const poolTable: TableBinding<'lvePoolTable', Pool> = {
  table: 'lvePoolTable',
  source: (snapshot) => snapshot.pools,
  rows: (snapshot, add) => {
    for (const pool of snapshot.pools) add(pool, pool.index);
  },
  columns: {
    lvePoolName: (pool) => pool.name,
    lvePoolUuid: (pool) => pool.uuid,
    lvePoolType: (pool) => pool.type,
    lvePoolPath: (pool) => pool.path,
    lvePoolState: (pool) => pool.state,
    lvePoolAutostart: (pool) => pool.autostart,
    lvePoolCapacity: (pool) => pool.capacityBytes,
    lvePoolAllocation: (pool) => pool.allocationBytes,
    lvePoolAvailable: (pool) => pool.availableBytes,
    lvePoolUsedPercent: (pool) => pool.usedPercent,
    lvePoolVolumes: (pool) => pool.volumes,
    lvePoolProvisioned: (pool) => pool.provisionedBytes,
    lvePoolOvercommit: (pool) => pool.overcommit,
    lvePoolFiguresSource: (pool) => pool.figuresSource,
    lvePoolFiguresAge: secondsSince((pool) => (pool.state === 'inactive' ? NEVER : pool.figuresAt)),
  },
};
