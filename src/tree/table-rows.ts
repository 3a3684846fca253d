import type { AddPart, RowLayout } from './row-layout.ts';
import type { OwnerNames } from './row-name.ts';
import type { RowSet } from './tree.ts';

export interface TableRowsOptions {
  /** What the rows come from; cheap to tell. */
  readonly source: readonly unknown[];
  /** Of the domains at that snapshot. */
  readonly owners: OwnerNames;
  /** What exactly the rows come from, where that can be the same although the source is not. */
  readonly parts?: (add: AddPart) => void;
  /** Makes the layout; given a row set, it takes that over if the rows are the same. */
  readonly layOut: (known: RowSet | undefined) => RowLayout;
}

/** The last layout of a table with parts, which stays valid while they are identical. */
interface KeptLayout {
  readonly parts: readonly unknown[];
  readonly layout: RowLayout;
}

/**
 * The rows of a table at one snapshot, laid out when they are first asked for, as far as possible by comparison
 * with those of an earlier snapshot.
 */
export class TableRows implements RowLayout {
  readonly #options: TableRowsOptions;
  #layout: RowLayout | undefined;
  // Of earlier layouts no more is kept than is needed: their items would keep a whole old snapshot in memory.
  #known: RowSet | undefined;
  #kept: KeptLayout | undefined;

  /** @param before the rows of an earlier snapshot. */
  constructor(options: TableRowsOptions, before?: TableRows) {
    this.#options = options;
    if (before === undefined) return;
    this.#known = before.#layout === undefined ? before.#known : before.#layout.rows;
    this.#kept = before.#kept;
  }

  /** The rows of the same table at the next snapshot: these if they come from the same source. */
  next(options: TableRowsOptions): TableRows {
    return sameElements(this.#options.source, options.source) ? this : new TableRows(options, this);
  }

  get rows(): RowSet {
    return (this.#layout ?? this.#make()).rows;
  }

  get owners(): OwnerNames {
    return this.#options.owners;
  }

  get items(): readonly unknown[] {
    return (this.#layout ?? this.#make()).items;
  }

  #make(): RowLayout {
    const { parts, layOut } = this.#options;
    const kept = this.#kept;
    if (parts !== undefined && kept !== undefined && areParts(kept.parts, parts)) {
      this.#layout = kept.layout;
    } else {
      this.#layout = layOut(this.#known);
      this.#kept = parts === undefined ? undefined : { parts: collected(parts), layout: this.#layout };
    }
    this.#known = undefined;
    return this.#layout;
  }
}

function collected(parts: (add: AddPart) => void): readonly unknown[] {
  const all: unknown[] = [];
  parts((part) => all.push(part));
  return all;
}

/** Whether these are the parts. They are compared one by one, without making a list of them each time. */
function areParts(known: readonly unknown[], parts: (add: AddPart) => void): boolean {
  let at = 0;
  let same = true;
  parts((part) => {
    same &&= at < known.length && known[at] === part;
    at += 1;
  });
  return same && at === known.length;
}

function sameElements(a: readonly unknown[], b: readonly unknown[]): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
