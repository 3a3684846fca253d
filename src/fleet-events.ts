import type { EventLogView, LoggedEvent } from './model/event.ts';
import type { FleetEvent } from './model/fleet.ts';

/** The event log of one hypervisor. */
export interface NamedLog {
  readonly name: string;
  readonly view: EventLogView;
}

/** How far a log has been taken over. */
interface Progress {
  readonly view: EventLogView;
  /** Number of its oldest entry; infinite if it has none. */
  readonly firstSeq: number;
  readonly lastSeq: number;
}

/**
 * The latest events of several logs in the order of their times. What it does for an update depends on how many events are
 * new, not on how many the logs hold: with fifty logs of 100,000 entries, going through all of them would take longer than
 * the time between two updates.
 */
export class FleetEvents {
  readonly #maxEvents: number;
  readonly #logs = new Map<string, Progress>();
  #latest: readonly FleetEvent[] = [];

  /** @param maxEvents how many are kept. */
  constructor(maxEvents: number) {
    this.#maxEvents = maxEvents;
  }

  /** Whether these are the logs that were taken over last. */
  isUpToDate(logs: readonly NamedLog[]): boolean {
    return logs.every(({ name, view }) => this.#logs.get(name)?.view === view);
  }

  /** Takes over what the logs, always the same ones, have now. Returns the same list as before if nothing is new. */
  update(logs: readonly NamedLog[]): readonly FleetEvent[] {
    const added: FleetEvent[] = [];
    for (const { name, view } of logs) {
      const known = this.#logs.get(name);
      if (known?.view === view) continue;
      const { entries } = view;
      const newest = entries.at(-1);
      // Numbers begin again when they are used up, and with another log.
      const isAnother = known !== undefined && newest !== undefined && newest.seq < known.lastSeq;
      if (isAnother) this.#latest = this.#latest.filter(({ hypervisor }) => hypervisor !== name);
      for (const event of laterThan(entries, isAnother ? 0 : (known?.lastSeq ?? 0), this.#maxEvents)) {
        added.push({ hypervisor: name, event });
      }
      this.#logs.set(name, {
        view,
        firstSeq: entries[0]?.seq ?? Number.POSITIVE_INFINITY,
        lastSeq: newest?.seq ?? known?.lastSeq ?? 0,
      });
    }
    added.sort((a, b) => a.event.at - b.event.at);
    const removed = this.#removed();
    if (added.length === 0 && removed === 0) return this.#latest;
    this.#latest = merged(removed === 0 ? this.#latest : this.#latest.slice(removed), added).slice(
      -this.#maxEvents,
    );
    return this.#latest;
  }

  /** How many of the oldest are in the log of their hypervisor no more, because of their age. */
  #removed(): number {
    let count = 0;
    for (const { hypervisor, event } of this.#latest) {
      if (event.seq >= (this.#logs.get(hypervisor)?.firstSeq ?? 0)) break;
      count += 1;
    }
    return count;
  }
}

/** The last entries that come after a number, at most so many. */
function laterThan(entries: readonly LoggedEvent[], seq: number, max: number): readonly LoggedEvent[] {
  let from = entries.length;
  while (from > 0 && entries.length - from < max && (entries[from - 1]?.seq ?? 0) > seq) from -= 1;
  return entries.slice(from);
}

/** Both in the order of their times; of the first, which is nearly always the older one, only the end is looked at. */
function merged(known: readonly FleetEvent[], added: readonly FleetEvent[]): readonly FleetEvent[] {
  const oldest = added[0]?.event.at ?? Number.POSITIVE_INFINITY;
  let from = known.length;
  while (from > 0 && (known[from - 1]?.event.at ?? 0) > oldest) from -= 1;
  const tail = [...known.slice(from), ...added];
  // What is known comes first where the times are the same.
  tail.sort((a, b) => a.event.at - b.event.at);
  return known.slice(0, from).concat(tail);
}
