import { reasonCode } from '../domain-state/state-text.ts';
import { type LifecycleEvent, lifecycleEventNames, lifecycleEvents } from '../libvirt-enums/domain-event.ts';
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

/** Text of a detail, and the name of the reason it implies. */
type Detail = readonly [text: string, reason?: string];

interface Kind<Name extends string = string> {
  /** How the event reads if the detail is not known. */
  readonly text: string;
  readonly state: DomainState | undefined;
  readonly details: Readonly<Record<Name, Detail>>;
}

/** How each lifecycle event reads, and what state it brings about. */
const kinds: { readonly [E in LifecycleEvent]: Kind<(typeof lifecycleEvents)[E][number]> } = {
  defined: {
    text: 'defined',
    state: undefined,
    details: {
      added: ['defined'],
      updated: ['definition changed'],
      renamed: ['renamed'],
      from_snapshot: ['definition restored from a snapshot'],
    },
  },
  undefined: {
    text: 'undefined',
    state: undefined,
    details: {
      removed: ['undefined'],
      renamed: ['old name given up'],
    },
  },
  started: {
    text: 'started',
    state: 'running',
    details: {
      booted: ['started (booted)', 'booted'],
      migrated: ['started (migrated from another host)', 'migrated'],
      restored: ['started (restored from a saved state)', 'restored'],
      from_snapshot: ['started (from a snapshot)', 'from_snapshot'],
      wakeup: ['started (woken up by the guest)', 'wakeup'],
      recreated: ['started (recreated)', 'booted'],
    },
  },
  suspended: {
    text: 'paused',
    state: 'paused',
    details: {
      paused: ['paused', 'user'],
      migrated: ['paused (migration)', 'migration'],
      ioerror: ['paused (I/O error)', 'ioerror'],
      watchdog: ['paused (watchdog)', 'watchdog'],
      restored: ['paused (restored from a paused state)', 'user'],
      from_snapshot: ['paused (from a snapshot of a paused domain)', 'from_snapshot'],
      api_error: ['paused (after an API error)', 'api_error'],
      postcopy: ['paused (post-copy migration)', 'postcopy'],
      postcopy_failed: ['paused (post-copy migration failed)', 'postcopy_failed'],
      guest_shutdown: ['paused (the guest shut down)', 'shutting_down'],
    },
  },
  resumed: {
    text: 'resumed',
    state: 'running',
    details: {
      unpaused: ['resumed', 'unpaused'],
      migrated: ['resumed (migration completed)', 'migrated'],
      from_snapshot: ['resumed (from a snapshot)', 'from_snapshot'],
      postcopy: ['resumed (post-copy migration)', 'postcopy'],
      postcopy_failed: ['resumed (post-copy migration failed)', 'postcopy_failed'],
    },
  },
  stopped: {
    text: 'stopped',
    state: 'shutoff',
    details: {
      shutdown: ['stopped (shut down)', 'shutdown'],
      destroyed: ['stopped (destroyed)', 'destroyed'],
      crashed: ['stopped (crashed)', 'crashed'],
      migrated: ['stopped (migrated to another host)', 'migrated'],
      saved: ['stopped (saved)', 'saved'],
      failed: ['stopped (the hypervisor failed)', 'crashed'],
      from_snapshot: ['stopped (a snapshot of a stopped domain was loaded)', 'from_snapshot'],
      recreated: ['stopped (to be recreated)', 'destroyed'],
    },
  },
  shutdown: {
    text: 'shutting down',
    state: 'shutdown',
    details: {
      finished: ['shutting down', 'unknown'],
      guest: ['shutting down (by the guest)', 'unknown'],
      host: ['shutting down (by the host)', 'unknown'],
    },
  },
  pmsuspended: {
    text: 'suspended by the guest',
    state: 'pmsuspended',
    details: {
      memory: ['suspended by the guest (to memory)', 'unknown'],
      disk: ['suspended by the guest (to disk)', 'unknown'],
    },
  },
  crashed: {
    text: 'crashed',
    state: 'crashed',
    details: {
      panicked: ['crashed (the guest panicked)', 'panicked'],
      crashloaded: ['the guest crashed and started its crash kernel'],
    },
  },
};

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
  const kind = lifecycleEventNames[event];
  if (kind === undefined) {
    return {
      kind: 'other',
      name: `lifecycle/${event}`,
      text: `lifecycle event ${event}, detail ${detail}`,
      implied: undefined,
    };
  }
  const name = lifecycleEvents[kind][detail];
  return name === undefined ? unknownDetail(kind, detail) : knownDetail(kind, name);
}

/** The lifecycle event that would have told of a change of state, for a change that was only found. */
export function lifecycleBetween(from: DomainState, to: DomainState, reason: string): Lifecycle {
  const resumed = to === 'running' && (from === 'paused' || from === 'blocked');
  const kind = resumed ? 'resumed' : lifecycleEventNames.find((name) => kinds[name].state === to);
  if (kind === undefined)
    return { kind: 'other', name: `state/${to}`, text: `now ${to}`, implied: undefined };
  const detail = lifecycleEvents[kind].find(
    (name) => name === reason || detailOf(kind, name)?.[1] === reason,
  );
  if (detail !== undefined) return knownDetail(kind, detail);
  return { kind, name: kind, text: kinds[kind].text, implied: undefined };
}

function detailOf(kind: LifecycleEvent, name: string): Detail | undefined {
  const details: Readonly<Record<string, Detail>> = kinds[kind].details;
  return details[name];
}

function knownDetail(kind: LifecycleEvent, detail: string): Lifecycle {
  const name = `${kind}/${detail}`;
  const [text, reason] = detailOf(kind, detail) ?? [kinds[kind].text];
  const { state } = kinds[kind];
  const implied =
    state === undefined || reason === undefined
      ? undefined
      : { state, reason: reasonCode(state, reason), ambiguous: ambiguousNames.has(name) };
  return { kind, name, text, implied };
}

function unknownDetail(kind: LifecycleEvent, detail: number): Lifecycle {
  const { text, state } = kinds[kind];
  const implied =
    state === undefined
      ? undefined
      : { state, reason: reasonCode(state, 'unknown'), ambiguous: state === 'paused' };
  return { kind, name: `${kind}/${detail}`, text: `${text} (detail ${detail})`, implied };
}
