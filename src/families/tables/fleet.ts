import type { FamilyTable } from '../family-table.ts';

// In metrics each hypervisor tells this of itself, under the label hypervisor.

export const fleetFamilies: FamilyTable<'lveHypervisorTable'> = {
  table: 'lveHypervisorTable',
  prefix: 'libvirt_hypervisor_',
  labels: {},
  rest: null,
  families: {},
};

export const fleetEventFamilies: FamilyTable<'lveFleetEventTable'> = {
  table: 'lveFleetEventTable',
  prefix: 'libvirt_event_',
  labels: {},
  rest: null,
  families: {},
};
