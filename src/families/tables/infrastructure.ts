import { began, type FamilyTable } from '../family-table.ts';

export const poolFamilies: FamilyTable<'lvePoolTable'> = {
  table: 'lvePoolTable',
  prefix: 'libvirt_storage_pool_',
  labels: { storage_pool: 'lvePoolName' },
  families: {
    lvePoolUsedPercent: null,
    lvePoolOvercommit: null,
    lvePoolFiguresAge: began('figures_timestamp_seconds', 'The time of the figures of the pool.'),
    lvePoolFiguresSource: null,
  },
};

export const netFamilies: FamilyTable<'lveNetTable'> = {
  table: 'lveNetTable',
  prefix: 'libvirt_network_',
  labels: { network: 'lveNetName' },
  families: {},
};
