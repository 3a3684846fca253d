import type { LoggedEvent } from '../../model/event.ts';
import type { TableBinding } from '../bind.ts';

/** The event log by sequence number. */
export const eventTable: TableBinding<'lveEventTable', LoggedEvent> = {
  table: 'lveEventTable',
  source: (snapshot) => snapshot.events.entries,
  rows: (snapshot, add) => {
    for (const event of snapshot.events.entries) add(event, event.seq);
  },
  columns: {
    lveEventTime: (event) => event.at,
    lveEventType: (event) => event.kind,
    lveEventDetail: (event) => event.detail,
    lveEventName: (event) => event.name,
    lveEventSeverity: (event) => event.severity,
    lveEventDomIndex: (event) => event.domainIndex,
    lveEventDomName: (event) => event.subjectName,
    lveEventDomUuid: (event) => event.subjectUuid,
    lveEventText: (event) => event.text,
    lveEventNotified: (event) => event.notified,
  },
};
