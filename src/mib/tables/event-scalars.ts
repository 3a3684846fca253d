import type { ScalarBinding } from '../bind.ts';

/** The event log as a whole. */
export const eventScalars: ScalarBinding<'lveEvent'> = {
  group: 'lveEvent',
  scalars: {
    lveEventMaxEntries: ({ events }) => events.maxEntries,
    lveEventMaxAge: ({ events }) => events.maxAgeSec,
    lveEventEntries: ({ events }) => events.entries.length,
    lveEventOldestSeq: ({ events }) => events.entries[0]?.seq ?? 0,
    lveEventNewestSeq: ({ events }) => events.newestSeq,
    lveEventsLogged: ({ events }) => events.logged,
    lveEventsPersistent: ({ events }) => events.persistent,
  },
};
