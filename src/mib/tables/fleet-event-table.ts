import type { FleetEvent } from '../../model/fleet.ts';
import { wallOffset } from '../../smi/convert.ts';
import type { TableBinding } from '../bind.ts';
import { unixTime } from '../values/unix-time.ts';

/** The latest events of all hypervisors by their times. */
export const fleetEventTable: TableBinding<'lveFleetEventTable', FleetEvent> = {
  table: 'lveFleetEventTable',
  source: ({ fleet }) => [fleet.events, wallOffset()],
  rows: ({ fleet }, add) => {
    for (const row of fleet.events) add(row, unixTime(row.event.at), row.hypervisor, row.event.seq);
  },
  columns: {
    lveFleetEventHypervisor: ({ hypervisor }) => hypervisor,
    lveFleetEventType: ({ event }) => event.kind,
    lveFleetEventName: ({ event }) => event.name,
    lveFleetEventSeverity: ({ event }) => event.severity,
    lveFleetEventDomName: ({ event }) => event.subjectName,
    lveFleetEventDomUuid: ({ event }) => event.subjectUuid,
    lveFleetEventText: ({ event }) => event.text,
  },
};
