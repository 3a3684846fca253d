import type { LoggedEvent } from './model/event.ts';
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
 * What there is to say of all hypervisors together, kept in the snapshot of the default one. It looks at their snapshots
 * and nothing else, and takes over what has changed twice a second at most, however much happens.
 */
export class FleetSummary {
  readonly #members: readonly FleetMember[];
  readonly #maxEvents: number;
  readonly #unsubscribe: readonly (() => void)[];
  readonly #target: SnapshotStore | undefined;
  readonly #rows = new Map<string, HypervisorStatus>();
  readonly #events = new WeakMap<LoggedEvent, FleetEvent>();
  #known: readonly Snapshot['events'][] = [];
  #timer: NodeJS.Timeout | undefined;

  /** @param maxEvents how many of their events are told. */
  constructor(members: readonly FleetMember[], maxEvents: number) {
    this.#members = members;
    this.#maxEvents = maxEvents;
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
    const { fleet } = target.current;
    const hypervisors = this.#members.map((member) => this.#rowOf(member));
    const views = this.#members.map(({ store }) => store.current.events);
    const isSameLog =
      views.length === this.#known.length && views.every((view, at) => view === this.#known[at]);
    const events = isSameLog ? fleet.events : this.#latest();
    this.#known = views;
    target.update({ fleet: { hypervisors, events } });
  }

  /** The row of a hypervisor; the same object as long as nothing in it is another. */
  #rowOf({ name, isDefault, store }: FleetMember): HypervisorStatus {
    const { agent, host, domains } = store.current;
    const known = this.#rows.get(name);
    if (known !== undefined && known.agent === agent && known.host === host && known.domains === domains) {
      return known;
    }
    const row = { name, isDefault, agent, host, domains };
    this.#rows.set(name, row);
    return row;
  }

  #latest(): readonly FleetEvent[] {
    const all: FleetEvent[] = [];
    for (const { name, store } of this.#members) {
      // More than are told of all cannot be told of one.
      for (const event of store.current.events.entries.slice(-this.#maxEvents)) {
        const known = this.#events.get(event) ?? { hypervisor: name, event };
        this.#events.set(event, known);
        all.push(known);
      }
    }
    all.sort((a, b) => a.event.at - b.event.at);
    return all.slice(-this.#maxEvents);
  }
}

function isNews(snapshot: Snapshot, previous: Snapshot): boolean {
  return (
    snapshot.agent !== previous.agent ||
    snapshot.events !== previous.events ||
    snapshot.domains !== previous.domains
  );
}
