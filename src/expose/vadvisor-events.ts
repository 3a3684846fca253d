import type { JsonEvent } from './events-json.ts';

// Lifecycle events as clients of vAdvisor know them (github.com/kubevirt/vAdvisor).

/** An event as vAdvisor has it. */
export interface VadvisorEvent {
  readonly domain_name: string;
  readonly domain_id: string;
  readonly timestamp: string;
  readonly event_type: string;
  readonly reason: string;
}

/** Its names of the kinds, and of the details of each by virDomainEvent…DetailType. */
const kinds: Readonly<Record<string, { readonly type: string; readonly reasons: readonly string[] }>> = {
  defined: { type: 'Defined', reasons: ['Added', 'Updated', 'Renamed', 'Snapshot'] },
  undefined: { type: 'Undefined', reasons: ['Removed', 'Renamed'] },
  started: {
    type: 'Started',
    reasons: ['Booted', 'Migrated', 'Restored', 'Snapshot', 'Wakeup', 'Recovered'],
  },
  suspended: {
    type: 'Suspended',
    reasons: [
      'Paused',
      'Migrated',
      'IOError',
      'Watchdog',
      'Restored',
      'Snapshot',
      'API error',
      'Postcopy',
      'Postcopy failed',
    ],
  },
  resumed: { type: 'Resumed', reasons: ['Unpaused', 'Migrated', 'Snapshot', 'Postcopy', 'Postcopy failed'] },
  stopped: {
    type: 'Stopped',
    reasons: ['Shutdown', 'Destroyed', 'Crashed', 'Migrated', 'Saved', 'Failed', 'Snapshot', 'Recreated'],
  },
  shutdown: { type: 'Shutdown', reasons: ['Finished', 'Guest', 'Host'] },
  pmsuspended: { type: 'PMSuspended', reasons: ['Memory', 'Disk'] },
  crashed: { type: 'Crashed', reasons: ['Panicked', 'Crashloaded'] },
};

/** Its name of a kind for each parameter that asks for one: `started_events`. */
export const vadvisorParameters: ReadonlyMap<string, string> = new Map(
  Object.values(kinds).map(({ type }) => [`${type.toLowerCase()}_events`, type]),
);

/** An entry of the log as vAdvisor has it; undefined for what is no event of its kinds. */
export function vadvisorEvent({ kind, detail, subject, uuid, time }: JsonEvent): VadvisorEvent | undefined {
  const known = Object.hasOwn(kinds, kind) ? kinds[kind] : undefined;
  if (known === undefined) return undefined;
  return {
    domain_name: subject,
    domain_id: uuid,
    timestamp: time.replace(/\.(\d{3})Z$/, '.$1000Z'),
    event_type: known.type,
    reason: known.reasons[detail] ?? `Detail ${detail}`,
  };
}
