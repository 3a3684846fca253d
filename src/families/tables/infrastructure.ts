import { began, type FamilyTable } from '../family-table.ts';

export const poolFamilies: FamilyTable<'lvePoolTable'> = {
  table: 'lvePoolTable',
  prefix: 'libvirt_storage_pool_',
  labels: { storage_pool: 'lvePoolName' },
  families: {
    lvePoolState: 'state',
    lvePoolAutostart: 'autostart',
    lvePoolCapacity: 'capacity_bytes',
    lvePoolAllocation: 'allocation_bytes',
    lvePoolAvailable: 'available_bytes',
    lvePoolUsedPercent: null,
    lvePoolVolumes: 'volumes',
    lvePoolProvisioned: 'provisioned_bytes',
    lvePoolOvercommit: null,
    lvePoolFiguresAge: began('figures_timestamp_seconds', 'The time of the figures of the pool.'),
    lvePoolFiguresSource: null,
  },
};

export const netFamilies: FamilyTable<'lveNetTable'> = {
  table: 'lveNetTable',
  prefix: 'libvirt_network_',
  labels: { network: 'lveNetName' },
  families: {
    lveNetActive: 'active',
    lveNetAutostart: 'autostart',
    lveNetLeases: 'leases',
    lveNetPorts: 'ports',
  },
};
