import type { LoggedEvent } from '../../model/event.ts';
import { eventKinds } from '../../model/event.ts';
import { wallOffset } from '../../smi/convert.ts';
import type { TableBinding } from '../bind.ts';
import { unixTime } from '../values/unix-time.ts';

/** The event log by type and time: each event under its own type and under type 0, which is all. */
export const eventFindTable: TableBinding<'lveEventFindTable', LoggedEvent> = {
  table: 'lveEventFindTable',
  source: (snapshot) => [snapshot.events.entries, wallOffset()],
  rows: (snapshot, add) => {
    // Type by type, because rows that come in ascending order need no sorting.
    const byKind = new Map<number, LoggedEvent[]>();
    for (const event of snapshot.events.entries) {
      add(event, 0, unixTime(event.at), event.seq);
      const kind = eventKinds[event.kind];
      const others = byKind.get(kind);
      if (others === undefined) byKind.set(kind, [event]);
      else others.push(event);
    }
    for (const kind of [...byKind.keys()].sort((a, b) => a - b)) {
      for (const event of byKind.get(kind) ?? []) add(event, kind, unixTime(event.at), event.seq);
    }
  },
  columns: {
    lveEventFindSummary: (event) =>
      [event.name, event.severity, event.subjectName, event.subjectUuid, event.text].join('|'),
  },
};
