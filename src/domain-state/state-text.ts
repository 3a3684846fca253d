import type { DomainState } from '../model/domain.ts';
import { domainStates } from '../model/libvirt-names.ts';

/** One reason of a domain state: the name used in configuration keys, and the words shown to people. */
interface StateReason {
  readonly name: string;
  readonly text: string;
}

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

/** virDomainRunningReason, virDomainPausedReason and so on, by number. Reason 0 is "unknown" throughout. */
const reasons: Readonly<Record<DomainState, readonly StateReason[]>> = {
  nostate: [{ name: 'unknown', text: 'unknown' }],
  running: [
    { name: 'unknown', text: 'unknown' },
    { name: 'booted', text: 'booted' },
    { name: 'migrated', text: 'migrated' },
    { name: 'restored', text: 'restored' },
    { name: 'from_snapshot', text: 'from snapshot' },
    { name: 'unpaused', text: 'unpaused' },
    { name: 'migration_canceled', text: 'migration cancelled' },
    { name: 'save_canceled', text: 'save cancelled' },
    { name: 'wakeup', text: 'woken up' },
    { name: 'crashed', text: 'resumed after a crash' },
    { name: 'postcopy', text: 'post-copy migration' },
    { name: 'postcopy_failed', text: 'post-copy migration failed' },
  ],
  blocked: [{ name: 'unknown', text: 'unknown' }],
  paused: [
    { name: 'unknown', text: 'unknown' },
    { name: 'user', text: 'user' },
    { name: 'migration', text: 'migration' },
    { name: 'save', text: 'save' },
    { name: 'dump', text: 'dump' },
    { name: 'ioerror', text: 'I/O error' },
    { name: 'watchdog', text: 'watchdog' },
    { name: 'from_snapshot', text: 'from snapshot' },
    { name: 'shutting_down', text: 'shutting down' },
    { name: 'snapshot', text: 'snapshot' },
    { name: 'crashed', text: 'guest crashed' },
    { name: 'starting_up', text: 'starting up' },
    { name: 'postcopy', text: 'post-copy migration' },
    { name: 'postcopy_failed', text: 'post-copy migration failed' },
    { name: 'api_error', text: 'API error' },
  ],
  shutdown: [
    { name: 'unknown', text: 'unknown' },
    { name: 'user', text: 'user' },
  ],
  shutoff: [
    { name: 'unknown', text: 'unknown' },
    { name: 'shutdown', text: 'shutdown' },
    { name: 'destroyed', text: 'destroyed' },
    { name: 'crashed', text: 'crashed' },
    { name: 'migrated', text: 'migrated' },
    { name: 'saved', text: 'saved' },
    { name: 'failed', text: 'failed to start' },
    { name: 'from_snapshot', text: 'from snapshot' },
    { name: 'daemon', text: 'stopped by the daemon' },
  ],
  crashed: [
    { name: 'unknown', text: 'unknown' },
    { name: 'panicked', text: 'panicked' },
  ],
  pmsuspended: [{ name: 'unknown', text: 'unknown' }],
  other: [],
};

/** The state that a number of virDomainState stands for; `other` for numbers of a newer libvirt. */
export function stateFromCode(code: number): DomainState {
  return domainStates[code] ?? 'other';
}

/** The name of a reason as configuration keys spell it: `ioerror`; the number where the name is not known. */
export function reasonName(state: DomainState, reason: number): string {
  return reasons[state][reason]?.name ?? String(reason);
}

/** The number of a reason by its name; 0 (unknown) if the state has no such reason. */
export function reasonCode(state: DomainState, name: string): number {
  const code = reasons[state].findIndex((reason) => reason.name === name);
  return Math.max(code, 0);
}

/**
 * State and reason in words, for lveDomStateText: `paused (I/O error)`. A reason that says nothing
 * (unknown) is left out; a reason of a newer libvirt shows as its number.
 */
export function stateText(state: DomainState, reason: number): string {
  if (reason === 0) return stateWords[state];
  return `${stateWords[state]} (${reasons[state][reason]?.text ?? `reason ${reason}`})`;
}

/** Every `state` and `state/reason` that a severity may be configured for. */
export function stateKeys(): readonly string[] {
  const keys: string[] = [];
  for (const state of [...domainStates, 'other'] as const) {
    keys.push(state);
    for (const reason of reasons[state]) keys.push(`${state}/${reason.name}`);
  }
  return keys;
}
