import type { FamilyTable } from '../family-table.ts';

// In metrics each hypervisor tells this of itself, under the label hypervisor.

export const fleetFamilies: FamilyTable<'lveHypervisorTable'> = {
  table: 'lveHypervisorTable',
  prefix: 'libvirt_hypervisor_',
  labels: {},
  families: {
    lveHypervisorDefault: null,
    lveHypervisorState: null,
    lveHypervisorSince: null,
    lveHypervisorActive: null,
    lveHypervisorInactive: null,
    lveHypervisorOkay: null,
    lveHypervisorWarning: null,
    lveHypervisorFailure: null,
    lveHypervisorBlocked: null,
    lveHypervisorRefreshAge: null,
    lveHypervisorRefreshDuration: null,
    lveHypervisorRefreshInterval: null,
    lveHypervisorConditions: null,
  },
};

export const fleetEventFamilies: FamilyTable<'lveFleetEventTable'> = {
  table: 'lveFleetEventTable',
  prefix: 'libvirt_event_',
  labels: {},
  families: { lveFleetEventType: null, lveFleetEventSeverity: null },
};
