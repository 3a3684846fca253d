import { reasonCode } from '../domain-state/state-text.ts';
import type { DomainState } from '../model/domain.ts';
import type { EventKind } from '../model/event.ts';

/** State and reason that a lifecycle event brings about. */
export interface ImpliedState {
  readonly state: DomainState;
  /** Number of the reason; 0 if the event does not tell. */
  readonly reason: number;
  /** Whether libvirt sends the same event for several reasons, so that only a query tells which. */
  readonly ambiguous: boolean;
}

/** One lifecycle event with its detail. */
export interface Lifecycle {
  readonly kind: EventKind;
  /** `started/migrated` */
  readonly name: string;
  readonly text: string;
  /** Undefined where the state stays as it is. */
  readonly implied: ImpliedState | undefined;
}

/** Name and text of a detail, and the name of the reason it implies. */
type Detail = readonly [name: string, text: string, reason?: string];

interface Kind {
  readonly kind: EventKind;
  /** How the event reads if the detail is not known. */
  readonly text: string;
  readonly state: DomainState | undefined;
  readonly details: readonly Detail[];
}

/**
 * virDomainEventType by number, with virDomainEventStartedDetailType and its siblings by number; up to
 * date with libvirt 12.
 */
const kinds: readonly Kind[] = [
  {
    kind: 'defined',
    text: 'defined',
    state: undefined,
    details: [
      ['added', 'defined'],
      ['updated', 'definition changed'],
      ['renamed', 'renamed'],
      ['from_snapshot', 'definition restored from a snapshot'],
    ],
  },
  {
    kind: 'undefined',
    text: 'undefined',
    state: undefined,
    details: [
      ['removed', 'undefined'],
      ['renamed', 'old name given up'],
    ],
  },
  {
    kind: 'started',
    text: 'started',
    state: 'running',
    details: [
      ['booted', 'started (booted)', 'booted'],
      ['migrated', 'started (migrated from another host)', 'migrated'],
      ['restored', 'started (restored from a saved state)', 'restored'],
      ['from_snapshot', 'started (from a snapshot)', 'from_snapshot'],
      ['wakeup', 'started (woken up by the guest)', 'wakeup'],
      ['recreated', 'started (recreated)', 'booted'],
    ],
  },
  {
    kind: 'suspended',
    text: 'paused',
    state: 'paused',
    details: [
      ['paused', 'paused', 'user'],
      ['migrated', 'paused (migration)', 'migration'],
      ['ioerror', 'paused (I/O error)', 'ioerror'],
      ['watchdog', 'paused (watchdog)', 'watchdog'],
      ['restored', 'paused (restored from a paused state)', 'user'],
      ['from_snapshot', 'paused (from a snapshot of a paused domain)', 'from_snapshot'],
      ['api_error', 'paused (after an API error)', 'api_error'],
      ['postcopy', 'paused (post-copy migration)', 'postcopy'],
      ['postcopy_failed', 'paused (post-copy migration failed)', 'postcopy_failed'],
      ['guest_shutdown', 'paused (the guest shut down)', 'shutting_down'],
    ],
  },
  {
    kind: 'resumed',
    text: 'resumed',
    state: 'running',
    details: [
      ['unpaused', 'resumed', 'unpaused'],
      ['migrated', 'resumed (migration completed)', 'migrated'],
      ['from_snapshot', 'resumed (from a snapshot)', 'from_snapshot'],
      ['postcopy', 'resumed (post-copy migration)', 'postcopy'],
      ['postcopy_failed', 'resumed (post-copy migration failed)', 'postcopy_failed'],
    ],
  },
  {
    kind: 'stopped',
    text: 'stopped',
    state: 'shutoff',
    details: [
      ['shutdown', 'stopped (shut down)', 'shutdown'],
      ['destroyed', 'stopped (destroyed)', 'destroyed'],
      ['crashed', 'stopped (crashed)', 'crashed'],
      ['migrated', 'stopped (migrated to another host)', 'migrated'],
      ['saved', 'stopped (saved)', 'saved'],
      ['failed', 'stopped (the hypervisor failed)', 'crashed'],
      ['from_snapshot', 'stopped (a snapshot of a stopped domain was loaded)', 'from_snapshot'],
      ['recreated', 'stopped (to be recreated)', 'destroyed'],
    ],
  },
  {
    kind: 'shutdown',
    text: 'shutting down',
    state: 'shutdown',
    details: [
      ['finished', 'shutting down', 'unknown'],
      ['guest', 'shutting down (by the guest)', 'unknown'],
      ['host', 'shutting down (by the host)', 'unknown'],
    ],
  },
  {
    kind: 'pmsuspended',
    text: 'suspended by the guest',
    state: 'pmsuspended',
    details: [
      ['memory', 'suspended by the guest (to memory)', 'unknown'],
      ['disk', 'suspended by the guest (to disk)', 'unknown'],
    ],
  },
  {
    kind: 'crashed',
    text: 'crashed',
    state: 'crashed',
    details: [
      ['panicked', 'crashed (the guest panicked)', 'panicked'],
      ['crashloaded', 'the guest crashed and started its crash kernel'],
    ],
  },
];

/**
 * libvirt says `suspended/paused` for user pauses, saves, dumps and snapshots alike, `resumed/unpaused` after each of them
 * and after an aborted one, `stopped/failed` for a hypervisor process that died as well as for one that could not be
 * started, and `started/migrated` as soon as a migration to this host begins.
 */
const ambiguousNames: ReadonlySet<string> = new Set([
  'started/migrated',
  'suspended/paused',
  'suspended/restored',
  'suspended/api_error',
  'resumed/unpaused',
  'stopped/failed',
]);

/** What a lifecycle event says, by virDomainEventType and its detail; numbers of a newer libvirt keep their number. */
export function lifecycleOf(event: number, detail: number): Lifecycle {
  const kind = kinds[event];
  if (kind === undefined) {
    return {
      kind: 'other',
      name: `lifecycle/${event}`,
      text: `lifecycle event ${event}, detail ${detail}`,
      implied: undefined,
    };
  }
  const known = kind.details[detail];
  const name = `${kind.kind}/${known?.[0] ?? detail}`;
  const text = known?.[1] ?? `${kind.text} (detail ${detail})`;
  return { kind: kind.kind, name, text, implied: impliedBy(kind, known, name) };
}

/** The lifecycle event that would have told of a change of state, for a change that was only found. */
export function lifecycleBetween(from: DomainState, to: DomainState, reason: string): Lifecycle {
  const resumed = to === 'running' && (from === 'paused' || from === 'blocked');
  const event = kinds.findIndex((kind) => (resumed ? kind.kind === 'resumed' : kind.state === to));
  const kind = kinds[event];
  if (kind === undefined)
    return { kind: 'other', name: `state/${to}`, text: `now ${to}`, implied: undefined };
  const detail = kind.details.findIndex((candidate) => candidate[0] === reason || candidate[2] === reason);
  if (detail >= 0) return lifecycleOf(event, detail);
  return { kind: kind.kind, name: kind.kind, text: kind.text, implied: undefined };
}

function impliedBy(kind: Kind, detail: Detail | undefined, name: string): ImpliedState | undefined {
  if (kind.state === undefined || (detail !== undefined && detail[2] === undefined)) return undefined;
  return {
    state: kind.state,
    reason: reasonCode(kind.state, detail?.[2] ?? 'unknown'),
    ambiguous: ambiguousNames.has(name) || (kind.state === 'paused' && detail === undefined),
  };
}
