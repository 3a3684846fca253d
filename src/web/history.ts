import { Frame } from '../expose/frame.ts';
import { vadvisorColumns } from '../expose/vadvisor-stats.ts';
import type { ImageTree } from '../image/image-tree.ts';
import { systemClock } from '../run/clock.ts';

/** What was to be seen at one refresh. */
export interface Moment {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly frame: Frame;
}

/** Readings that are kept at most, however short the interval is. */
const maxMoments = 600;

/** The statistics of the refreshes of the last so many seconds, for /api/v1.0/stats. */
export class History {
  readonly #tree: ImageTree;
  #keepMs: number;
  #moments: Moment[] = [];
  #seen = Number.NaN;

  /** @param keepSec 0 keeps none. */
  constructor(tree: ImageTree, keepSec: number) {
    this.#tree = tree;
    this.#keepMs = keepSec * 1000;
  }

  /** From now on, as long as this. */
  keepFor(keepSec: number): void {
    this.#keepMs = keepSec * 1000;
    if (keepSec === 0) this.#moments = [];
  }

  /** There is another image: it is kept if there was a refresh since the last one. */
  take(): void {
    if (this.#keepMs === 0) return;
    const refreshes = this.#tree.column('lveRefreshCount')?.cells[0] ?? Number.NaN;
    if (Number.isNaN(refreshes) || refreshes === this.#seen) return;
    this.#seen = refreshes;
    const moment = this.#now(true);
    const oldest = moment.at - this.#keepMs;
    this.#moments = [...this.#moments.filter(({ at }) => at >= oldest), moment].slice(-maxMoments);
  }

  /** Oldest first. */
  get moments(): readonly Moment[] {
    return this.#moments;
  }

  /** The newest reading; of use until the next image. */
  newest(): Moment {
    return this.#now(false);
  }

  #now(isKept: boolean): Moment {
    // The age of the refresh is kept as its moment.
    const at = this.#tree.column('lveRefreshAge')?.cells[0] ?? systemClock.now();
    const before = this.#moments.at(-1)?.frame;
    return { at, frame: new Frame(this.#tree, vadvisorColumns, { isKept, before }) };
  }
}
