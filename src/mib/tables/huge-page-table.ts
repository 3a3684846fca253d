import type { HugePagePool } from '../../model/host.ts';
import type { TableBinding } from '../bind.ts';

/** The pools of huge pages, by NUMA cell + 1 and page size. */
export const hugePageTable: TableBinding<'lveHugePageTable', HugePagePool> = {
  table: 'lveHugePageTable',
  source: (snapshot) => snapshot.host.hugePages,
  rows: (snapshot, add) => {
    for (const pool of snapshot.host.hugePages) add(pool, pool.cell + 1, pool.sizeKib);
  },
  columns: {
    lveHugePageTotal: (pool) => pool.total,
    lveHugePageFree: (pool) => pool.free,
    lveHugePageRowName: ({ cell, sizeKib }) => `node${cell}:${sizeKib}KiB`,
  },
};
