import { section, setting } from '../setting.ts';
import { flag, integer, wholeSeconds } from '../setting-kinds.ts';

export const events = section('The event log (lveEventTable).', {
  maxEntries: setting(integer(1, 100_000), 1000, { help: 'Entries of the event log.' }),
  maxAge: setting(wholeSeconds(0, 31_536_000), 0, {
    help: 'Entries that are older are removed; 0 is no limit.',
  }),
  persistent: setting(flag(), true, { help: 'Keep the event log across restarts.' }),
});
