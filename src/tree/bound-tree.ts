import { type Clock, clockValue } from './clock.ts';
import type { Oid } from './oid.ts';
import { type RowLayout, subIdOfRow } from './row-layout.ts';
import { nameOf, type OwnerNames } from './row-name.ts';
import type { Column, MibTree, ReadContext, RowSet, WireSyntax, WireValue } from './tree.ts';

/** What the columns of one object have in common over all trees. */
export interface Slot {
  readonly name: string;
  readonly oid: Oid;
  readonly syntax: WireSyntax;
  /** Set where a moment is stored, from which the value is worked out when it is read. */
  readonly clock: Clock | undefined;
  /** The value of a row, or the moment, as the binding gives it. */
  readonly read: (row: unknown) => unknown;
  /** Set where the value depends on this part of a row only. */
  readonly part: ((row: unknown) => object | undefined) | undefined;
  /** Set where the value names the row: what of its owner the row is of. `read` tells nothing then. */
  readonly member: ((row: unknown, second: number) => string) | undefined;
  /** Whether `member` gives the same of every row with the same index. */
  readonly memberIsFixed: boolean;
  /** Turns what was read into what is kept; undefined if the object cannot represent it. */
  readonly convert: (given: never) => WireValue | undefined;
  /** Set where the conversion depends on something else as well: when that is another, all rows are converted anew. */
  readonly convertedBy: (() => unknown) | undefined;
  /** Which of the tree's layouts its rows are those of. */
  readonly layout: number;
  readonly writable: boolean;
}

/** A scalar or a column of a table over the items of one snapshot. */
export class BoundColumn implements Column {
  readonly slot: Slot;
  readonly #layout: RowLayout;

  constructor(slot: Slot, layout: RowLayout) {
    this.slot = slot;
    this.#layout = layout;
  }

  get name(): string {
    return this.slot.name;
  }

  get oid(): Oid {
    return this.slot.oid;
  }

  get syntax(): WireSyntax {
    return this.slot.syntax;
  }

  get rows(): RowSet {
    return this.#layout.rows;
  }

  read(row: number, context: ReadContext): WireValue | undefined {
    const { items } = this.#layout;
    if (row < 0 || row >= items.length) return undefined;
    const { slot } = this;
    if (slot.member !== undefined) {
      const owner = this.#layout.owners?.get(subIdOfRow(this.#layout, row, 0));
      return nameOf(owner, slot.member(items[row], subIdOfRow(this.#layout, row, 1)), slot.convert);
    }
    const given = slot.read(items[row]);
    const stored = given === undefined ? undefined : slot.convert(given as never);
    if (stored === undefined || slot.clock === undefined) return stored;
    return clockValue(slot.clock, stored as number, context);
  }
}

/** The tree of a snapshot, with what its columns have in common. */
export interface BoundTree extends MibTree {
  readonly columns: readonly BoundColumn[];
  /** The rows that columns share: that of the scalars first, then one for each function that gives rows. */
  readonly layouts: readonly RowLayout[];
  /** Of the domains at that snapshot; undefined in a tree of another kind. */
  readonly owners?: OwnerNames;
}
