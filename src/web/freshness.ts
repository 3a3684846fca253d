import { refreshedAt } from '../expose/refreshed-at.ts';
import type { ImageTree } from '../image/image-tree.ts';
import { findDefinition } from '../mib/definitions.ts';
import { systemClock } from '../run/clock.ts';
import { labelOf } from '../smi/display.ts';

/** Data that is older than so many intervals is not fresh. */
const maxIntervals = 3;

/** The main thread says at least every 10 seconds that it lives; silence for this many milliseconds is a fault. */
const silenceMs = 30_000;

/** Whether what is served is worth serving. */
export class Freshness {
  readonly #trees: readonly ImageTree[];
  readonly #now: () => number;
  #heardAt: number;

  /**
   * @param trees of each hypervisor.
   * @param now milliseconds since 1970.
   */
  constructor(trees: readonly ImageTree[], now: () => number = systemClock.now) {
    this.#trees = trees;
    this.#now = now;
    this.#heardAt = now();
  }

  /** The main thread has said something. */
  heard(): void {
    this.#heardAt = this.#now();
  }

  /** Why the program is not well. */
  threadFault(): string | undefined {
    return this.#now() - this.#heardAt > silenceMs ? 'The thread that collects does not answer.' : undefined;
  }

  /** Why the data is not fresh. One hypervisor that is away is no reason to ask none of the others. */
  dataFault(): string | undefined {
    const fault = this.threadFault();
    if (fault !== undefined) return fault;
    const faults = this.#trees.map((tree) => this.#faultOf(tree));
    return faults.includes(undefined) ? undefined : faults[0];
  }

  #faultOf(tree: ImageTree): string | undefined {
    const number = (name: string): number => tree.column(name)?.cells[0] ?? Number.NaN;
    const state = number('lveConnState');
    if (Number.isNaN(state)) return 'There is no data yet.';
    const word = labelOf(findDefinition('lveConnState')?.labels ?? {}, state) ?? 'unknown';
    if (word !== 'connected') return `The connection to libvirt is in the state "${word}".`;
    const limitSec = maxIntervals * number('lveRefreshInterval');
    const ageSec = (this.#now() - refreshedAt(tree)) / 1000;
    if (Number.isNaN(ageSec)) return 'No refresh has been completed yet.';
    return ageSec > limitSec ? `The data is ${Math.floor(ageSec)} seconds old.` : undefined;
  }
}
