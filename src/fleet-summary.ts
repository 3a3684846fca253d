import { FleetEvents } from './fleet-events.ts';
import { type FleetEvent, type HypervisorStatus, noFleet } from './model/fleet.ts';
import type { Snapshot } from './model/snapshot.ts';
import type { SnapshotStore } from './model/snapshot-store.ts';

/** One of the hypervisors, as far as the fleet needs to know it. */
export interface FleetMember {
  readonly name: string;
  readonly isDefault: boolean;
  readonly store: SnapshotStore;
}

/** What is told of all is at most so many milliseconds behind what each tells of itself. */
const intervalMs = 500;

/**
 * The table of events is laid out anew with each change. It is followed so seldom that no more than this many rows are laid
 * out in a millisecond on average: 100,000 rows every five seconds, 10,000 or fewer twice a second.
 */
const rowsPerMs = 20;

/**
 * What there is to say of all hypervisors together, kept in the snapshot of the default one. It looks at their snapshots
 * and nothing else, and takes over what has changed twice a second at most, however much happens.
 */
export class FleetSummary {
  readonly #members: readonly FleetMember[];
  readonly #events: FleetEvents;
  readonly #unsubscribe: readonly (() => void)[];
  readonly #target: SnapshotStore | undefined;
  readonly #rows = new Map<string, HypervisorStatus>();
  /** From when on events are taken over again, by the monotonic clock. */
  #eventsDueMs = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param maxEvents how many of their events are told. */
  constructor(members: readonly FleetMember[], maxEvents: number) {
    this.#members = members;
    this.#events = new FleetEvents(maxEvents);
    this.#target = members.find(({ isDefault }) => isDefault)?.store;
    this.#unsubscribe = members.map(({ store }) =>
      store.subscribe((snapshot, previous) => {
        if (isNews(snapshot, previous)) this.#timer ??= setTimeout(() => this.#update(), intervalMs);
      }),
    );
    for (const { store } of members) {
      if (store !== this.#target && store.current.fleet !== noFleet) store.update({ fleet: noFleet });
    }
    this.#update();
  }

  close(): void {
    clearTimeout(this.#timer);
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
  }

  #update(): void {
    this.#timer = undefined;
    const target = this.#target;
    if (target === undefined) return;
    const hypervisors = this.#members.map((member) => this.#rowOf(member));
    target.update({ fleet: { hypervisors, events: this.#latest(target.current.fleet.events) } });
  }

  /** The row of a hypervisor; the same object as long as nothing in it is another. */
  #rowOf({ name, isDefault, store }: FleetMember): HypervisorStatus {
    const { agent, host, domains, warnings } = store.current;
    const known = this.#rows.get(name);
    if (
      known?.agent === agent &&
      known.host === host &&
      known.domains === domains &&
      known.conditions === warnings.length
    ) {
      return known;
    }
    const row = { name, isDefault, agent, host, domains, conditions: warnings.length };
    this.#rows.set(name, row);
    return row;
  }

  /** The latest events; those of before, and these later, if the last ones were taken over just now. */
  #latest(shown: readonly FleetEvent[]): readonly FleetEvent[] {
    const logs = this.#members.map(({ name, store }) => ({ name, view: store.current.events }));
    if (this.#events.isUpToDate(logs)) return shown;
    const waitMs = this.#eventsDueMs - performance.now();
    if (waitMs > 0) {
      this.#timer ??= setTimeout(() => this.#update(), Math.max(waitMs, intervalMs));
      return shown;
    }
    const latest = this.#events.update(logs);
    this.#eventsDueMs = performance.now() + latest.length / rowsPerMs;
    return latest;
  }
}

function isNews(snapshot: Snapshot, previous: Snapshot): boolean {
  return (
    snapshot.agent !== previous.agent ||
    snapshot.events !== previous.events ||
    snapshot.domains !== previous.domains ||
    snapshot.warnings !== previous.warnings
  );
}
