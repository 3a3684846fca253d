import { domainStates, stateReasons } from '../libvirt-enums/domain-state.ts';
import type { DomainState } from '../model/domain.ts';

type LibvirtState = keyof typeof stateReasons;

/** How each state reads. */
const stateWords: Readonly<Record<DomainState, string>> = {
  nostate: 'no state',
  running: 'running',
  blocked: 'blocked',
  paused: 'paused',
  shutdown: 'shutting down',
  shutoff: 'shut off',
  crashed: 'crashed',
  pmsuspended: 'suspended by the guest',
  other: 'unknown state',
};

/** How each reason reads. Reason 0 is "unknown" throughout. */
const reasonWords: {
  readonly [S in LibvirtState]: Readonly<Record<(typeof stateReasons)[S][number], string>>;
} = {
  nostate: { unknown: 'unknown' },
  running: {
    unknown: 'unknown',
    booted: 'booted',
    migrated: 'migrated',
    restored: 'restored',
    from_snapshot: 'from snapshot',
    unpaused: 'unpaused',
    migration_canceled: 'migration cancelled',
    save_canceled: 'save cancelled',
    wakeup: 'woken up',
    crashed: 'resumed after a crash',
    postcopy: 'post-copy migration',
    postcopy_failed: 'post-copy migration failed',
  },
  blocked: { unknown: 'unknown' },
  paused: {
    unknown: 'unknown',
    user: 'user',
    migration: 'migration',
    save: 'save',
    dump: 'dump',
    ioerror: 'I/O error',
    watchdog: 'watchdog',
    from_snapshot: 'from snapshot',
    shutting_down: 'shutting down',
    snapshot: 'snapshot',
    crashed: 'guest crashed',
    starting_up: 'starting up',
    postcopy: 'post-copy migration',
    postcopy_failed: 'post-copy migration failed',
    api_error: 'API error',
  },
  shutdown: {
    unknown: 'unknown',
    user: 'user',
  },
  shutoff: {
    unknown: 'unknown',
    shutdown: 'shutdown',
    destroyed: 'destroyed',
    crashed: 'crashed',
    migrated: 'migrated',
    saved: 'saved',
    failed: 'failed to start',
    from_snapshot: 'from snapshot',
    daemon: 'stopped by the daemon',
  },
  crashed: {
    unknown: 'unknown',
    panicked: 'panicked',
  },
  pmsuspended: { unknown: 'unknown' },
};

/** The state that a number of virDomainState stands for; `other` for numbers of a newer libvirt. */
export function stateFromCode(code: number): DomainState {
  return domainStates[code] ?? 'other';
}

/** The name of a reason as configuration keys spell it: `ioerror`; the number where the name is not known. */
export function reasonName(state: DomainState, reason: number): string {
  return namesOf(state)[reason] ?? String(reason);
}

/** The number of a reason by its name; 0 (unknown) if the state has no such reason. */
export function reasonCode(state: DomainState, name: string): number {
  return Math.max(namesOf(state).indexOf(name), 0);
}

/**
 * State and reason in words, for lveDomStateText: `paused (I/O error)`. A reason that says nothing
 * (unknown) is left out; a reason of a newer libvirt shows as its number.
 */
export function stateText(state: DomainState, reason: number): string {
  if (reason === 0) return stateWords[state];
  const words: Readonly<Record<string, string>> = state === 'other' ? {} : reasonWords[state];
  return `${stateWords[state]} (${words[namesOf(state)[reason] ?? ''] ?? `reason ${reason}`})`;
}

/** Every `state` and `state/reason` that a severity may be configured for. */
export function stateKeys(): readonly string[] {
  const keys: string[] = [];
  for (const state of [...domainStates, 'other'] as const) {
    keys.push(state);
    for (const reason of namesOf(state)) keys.push(`${state}/${reason}`);
  }
  return keys;
}

/** The reasons of a state, by number. */
function namesOf(state: DomainState): readonly string[] {
  return state === 'other' ? [] : stateReasons[state];
}
