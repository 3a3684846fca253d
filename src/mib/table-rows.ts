import type { RowLayout } from './row-layout.ts';
import type { RowSet } from './tree.ts';

/**
 * The rows of a table at one snapshot, laid out when they are first asked for: between two refreshes most
 * tables are not asked for at all.
 */
export class TableRows implements RowLayout {
  /** What tells whether the rows are still valid. */
  readonly source: readonly unknown[];
  readonly #layOut: (known: RowSet | undefined) => RowLayout;
  #known: RowSet | undefined;
  #layout: RowLayout | undefined;

  /**
   * @param layOut makes the layout; given a row set, it takes that over if the rows are the same.
   * @param before the rows of an earlier snapshot.
   */
  constructor(
    source: readonly unknown[],
    layOut: (known: RowSet | undefined) => RowLayout,
    before?: TableRows,
  ) {
    this.source = source;
    this.#layOut = layOut;
    this.#known = before?.latestRowSet;
  }

  /** The newest row set that was laid out here or before. It refers to nothing of the model. */
  get latestRowSet(): RowSet | undefined {
    return this.#layout?.rows ?? this.#known;
  }

  get rows(): RowSet {
    return (this.#layout ?? this.#make()).rows;
  }

  get records(): readonly unknown[] {
    return (this.#layout ?? this.#make()).records;
  }

  #make(): RowLayout {
    this.#layout = this.#layOut(this.#known);
    this.#known = undefined;
    return this.#layout;
  }
}
