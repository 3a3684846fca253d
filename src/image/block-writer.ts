import type { Slot } from '../tree/bound-tree.ts';
import { movedRows, NEW_ROW } from '../tree/moved-rows.ts';
import { type RowLayout, subIdOfRow } from '../tree/row-layout.ts';
import { nameOf } from '../tree/row-name.ts';
import type { RowSet } from '../tree/tree.ts';
import { type CellKind, cellKindOf, cellWidth } from './column-shape.ts';
import type { ChangedBlock } from './image.ts';
import { TextPool } from './text-pool.ts';

/** Told when a value cannot be read or kept; the instance is then absent. */
export type OnUnreadable = (name: string, error: unknown) => void;

interface WrittenColumn {
  readonly slot: Slot;
  readonly kind: CellKind;
  /** Its first column of cells. */
  readonly at: number;
  /** Of texts: what was given for each row, to be recognised. */
  given: unknown[];
  /** What all rows were last converted by. */
  convertedBy: unknown;
}

/** Rows of a block, ascending: the first so many of a list. */
interface RowList {
  readonly rows: Uint32Array;
  readonly count: number;
}

/** Columns that depend on the same part of a row, or on all of it. */
interface ColumnGroup {
  readonly part: Slot['part'];
  readonly columns: readonly WrittenColumn[];
  /** The part of each row that its cells were written from. To ask the row before for it would be to fetch that from memory. */
  known: (object | undefined)[];
}

const TWO_32 = 2 ** 32;
const LOWER_32 = 0xffff_ffffn;

/** A pool of texts is tidied when it has grown to twice what it was after the last time, and to so many words. */
const tidyFromWords = 16_384;

/** Rows that all columns are read of before the next ones: as many as stay in the processor's cache meanwhile. */
const rowsAtOnce = 32;

const noItems: readonly unknown[] = [];

const noRows: RowSet = { length: 0, subIds: new Uint32Array(0), offsets: new Uint32Array(1) };

/**
 * Writes the values of the objects that have their rows in common into shared memory, alternating
 * between two arrays of cells: one is read while the other is written. Values whose item, or the part of it that they
 * depend on, is the same are copied as they are; of the others the numbers are put in their place, and texts are
 * encoded only where they differ.
 */
export class BlockWriter {
  readonly #number: number;
  readonly #columns: readonly WrittenColumn[];
  readonly #groups: readonly ColumnGroup[];
  /** Those that name their rows. */
  readonly #names: readonly WrittenColumn[];
  // Used anew for each image: lists of rows would be garbage by the thousand.
  #changed: Uint32Array = new Uint32Array(0);
  #other: Uint32Array = new Uint32Array(0);
  readonly #progress: Progress = { items: [], rows: this.#changed, done: 0, end: 0 };
  readonly #width: number;
  readonly #onUnreadable: OnUnreadable;
  #layout: RowLayout | undefined;
  #rows: RowSet = noRows;
  #capacity = 0;
  #cells: Float64Array = new Float64Array(0);
  #spare: Float64Array = new Float64Array(0);
  #texts = new TextPool();
  #publishedTexts: Uint32Array | undefined;
  #tidyAtWords = tidyFromWords;

  constructor(number: number, slots: readonly Slot[], onUnreadable: OnUnreadable) {
    this.#number = number;
    this.#onUnreadable = onUnreadable;
    let at = 0;
    this.#columns = slots.map((slot) => {
      const kind = cellKindOf(slot);
      const column = { slot, kind, at, given: [], convertedBy: slot.convertedBy?.() };
      at += cellWidth(kind);
      return column;
    });
    this.#width = at;
    this.#names = this.#columns.filter(({ slot }) => slot.member !== undefined);
    const read = this.#columns.filter(({ slot }) => slot.member === undefined);
    this.#groups = [...new Set(read.map(({ slot }) => slot.part))].map((part) => ({
      part,
      columns: read.filter(({ slot }) => slot.part === part),
      known: [],
    }));
  }

  /** The first column of cells of each object, in the order of the slots. */
  get places(): readonly number[] {
    return this.#columns.map(({ at }) => at);
  }

  /**
   * Takes the rows as they are now. Undefined if nothing has changed. The memory of the block before the last one is
   * written again: nobody may read it any more.
   */
  write(layout: RowLayout): ChangedBlock | undefined {
    const before = this.#layout;
    const { rows, items, owners } = layout;
    const outdated = this.#outdated();
    if (before !== undefined && rows === before.rows && items === before.items && outdated.length === 0) {
      return undefined;
    }
    const moved =
      before !== undefined && rows === before.rows ? undefined : movedRows(before?.rows ?? noRows, rows);
    const oldCapacity = this.#capacity;
    if (!fits(rows.length, oldCapacity)) this.#capacity = roomFor(rows.length);
    const cells = this.#spareCells();
    const changed = this.#changedRows(items, before?.items ?? noItems, moved);
    if (moved !== undefined) {
      this.#rows = sharedRows(rows);
      this.#move(cells, moved, oldCapacity);
    } else {
      this.#copy(cells, changed.count === items.length);
    }
    for (const group of this.#groups) {
      const { columns } = group;
      const { rows: toRead, count } = this.#withOtherPart(group, items, changed);
      for (let from = 0; from < count; from += rowsAtOnce) {
        const end = Math.min(from + rowsAtOnce, count);
        for (const column of columns) this.#fill(column, cells, items, toRead, from, end);
      }
    }
    for (const column of outdated) {
      column.given = [];
      column.convertedBy = column.slot.convertedBy?.();
      this.#fill(column, cells, items, Uint32Array.from(items.keys()), 0, items.length);
    }
    const sameNames = moved === undefined && owners === before?.owners;
    for (const column of this.#names) {
      if (!sameNames || !column.slot.memberIsFixed) this.#fillNames(column, cells, layout, changed);
    }
    this.#progress.items = noItems;
    this.#spare = this.#cells;
    this.#cells = cells;
    const publishedTexts = this.#publishedTexts;
    if (this.#texts.used > this.#tidyAtWords) this.#tidy();
    // What was laid out is kept, not how: that would keep a whole snapshot in memory.
    this.#layout = { rows, items, ...(owners === undefined ? {} : { owners }) };
    this.#publishedTexts = this.#texts.words;
    return {
      at: this.#number,
      capacity: this.#capacity,
      cells,
      ...(moved === undefined ? {} : { rows: this.#rows }),
      ...(this.#publishedTexts === publishedTexts ? {} : { texts: this.#publishedTexts }),
    };
  }

  /** The block as it was last written, for a reader that knows none before. Undefined if it never was. */
  whole(): ChangedBlock | undefined {
    if (this.#layout === undefined) return undefined;
    const block = { at: this.#number, capacity: this.#capacity, cells: this.#cells, rows: this.#rows };
    return this.#publishedTexts === undefined ? block : { ...block, texts: this.#publishedTexts };
  }

  /** Rows to be read again. */
  #changedRows(
    items: readonly unknown[],
    before: readonly unknown[],
    moved: Int32Array | undefined,
  ): RowList {
    if (this.#changed.length < items.length) this.#changed = new Uint32Array(roomFor(items.length));
    const rows = this.#changed;
    let count = 0;
    for (let row = 0; row < items.length; row++) {
      const old = moved === undefined ? row : (moved[row] ?? NEW_ROW);
      if (old === NEW_ROW || items[row] !== before[old]) rows[count++] = row;
    }
    return { rows, count };
  }

  /** Those of the changed rows in which the part that the columns depend on is another one too. Valid until asked again. */
  #withOtherPart({ part, known }: ColumnGroup, items: readonly unknown[], changed: RowList): RowList {
    if (part === undefined) return changed;
    if (this.#other.length < changed.count) this.#other = new Uint32Array(this.#changed.length);
    const rows = this.#other;
    let count = 0;
    for (let position = 0; position < changed.count; position++) {
      const row = changed.rows[position] as number;
      let given: object | undefined;
      try {
        given = part(items[row]);
        if (given === known[row]) continue;
      } catch {
        // The values that cannot be read tell so themselves, and are absent as without the part.
      }
      known[row] = given;
      rows[count++] = row;
    }
    return { rows, count };
  }

  /** Columns whose values are to be converted anew, though what was read is the same. */
  #outdated(): readonly WrittenColumn[] {
    return this.#columns.filter(
      ({ slot, convertedBy }) => slot.convertedBy !== undefined && slot.convertedBy() !== convertedBy,
    );
  }

  #spareCells(): Float64Array {
    const size = this.#width * this.#capacity;
    return this.#spare.length === size
      ? this.#spare
      : new Float64Array(new SharedArrayBuffer(size * Float64Array.BYTES_PER_ELEMENT));
  }

  /** Carries the cells of rows that are where they were, except those that are replaced anyway. */
  #copy(cells: Float64Array, allChanged: boolean): void {
    if (!allChanged) {
      cells.set(this.#cells);
      return;
    }
    for (const { slot, kind, at } of this.#columns) {
      if (!isText(kind) && slot.part === undefined) continue;
      for (let column = at; column < at + cellWidth(kind); column++) {
        const from = column * this.#capacity;
        cells.set(this.#cells.subarray(from, from + this.#rows.length), from);
      }
    }
  }

  /** Carries the cells of rows that were there before to where they are now. */
  #move(cells: Float64Array, moved: Int32Array, oldCapacity: number): void {
    const old = this.#cells;
    for (let at = 0; at < this.#width; at++) {
      const to = at * this.#capacity;
      const from = at * oldCapacity;
      for (let row = 0; row < moved.length; row++) {
        const source = moved[row] ?? NEW_ROW;
        cells[to + row] = source === NEW_ROW ? Number.NaN : (old[from + source] ?? Number.NaN);
      }
    }
    for (const column of this.#columns) {
      if (isText(column.kind)) column.given = movedValues(column.given, moved);
    }
    for (const group of this.#groups) {
      if (group.part !== undefined) group.known = movedValues(group.known, moved);
    }
  }

  #fill(
    column: WrittenColumn,
    cells: Float64Array,
    items: readonly unknown[],
    rows: Uint32Array,
    from: number,
    end: number,
  ): void {
    const base = column.at * this.#capacity;
    const progress = this.#progress;
    progress.items = items;
    progress.rows = rows;
    progress.done = from;
    progress.end = end;
    while (progress.done < end) {
      try {
        this.#fillRest(column, cells, base, progress);
      } catch (error) {
        // One broken value must not take all others with it.
        this.#onUnreadable(column.slot.name, error);
        const row = rows[progress.done] as number;
        cells[base + row] = Number.NaN;
        column.given[row] = undefined;
        progress.done += 1;
      }
    }
  }

  #fillRest(column: WrittenColumn, cells: Float64Array, from: number, progress: Progress): void {
    switch (column.kind) {
      case 'number':
        fillNumbers(column.slot, cells, from, progress);
        break;
      case 'long':
        fillLongs(column.slot, cells, from, from + this.#capacity, progress);
        break;
      default:
        this.#fillTexts(column, cells, from, progress);
    }
  }

  #fillTexts(column: WrittenColumn, cells: Float64Array, from: number, progress: Progress): void {
    const { slot, kind, given: known } = column;
    const { items, rows, end } = progress;
    for (; progress.done < end; progress.done++) {
      const row = rows[progress.done] as number;
      const given = slot.read(items[row]);
      if (sameText(given, known[row])) continue;
      known[row] = given;
      const value = given === undefined ? undefined : slot.convert(given as never);
      if (value === undefined) cells[from + row] = Number.NaN;
      else if (kind === 'oid') cells[from + row] = this.#texts.addOid(value as readonly number[]);
      else cells[from + row] = this.#texts.add(value as string | Uint8Array);
    }
  }

  /** A name is made anew where the row is of something else, or its owner is called something else. */
  #fillNames(
    { slot, at, given: known }: WrittenColumn,
    cells: Float64Array,
    layout: RowLayout,
    changed: RowList,
  ): void {
    const { member, memberIsFixed, convert } = slot;
    if (member === undefined) return;
    const { items, owners } = layout;
    const ownersBefore = this.#layout?.owners;
    const from = at * this.#capacity;
    // Rows whose owner is called something else need not have changed themselves.
    const some = owners === ownersBefore ? changed : undefined;
    const count = some?.count ?? items.length;
    let head = 0;
    let owner: string | undefined;
    let sameOwner = false;
    for (let position = 0; position < count; position++) {
      const row = some?.rows[position] ?? position;
      const first = subIdOfRow(layout, row, 0);
      if (first !== head) {
        head = first;
        owner = owners?.get(head);
        sameOwner = owner === ownersBefore?.get(head);
      }
      if (memberIsFixed && sameOwner && !Number.isNaN(cells[from + row])) continue;
      try {
        const now = member(items[row], subIdOfRow(layout, row, 1));
        if (sameOwner && now === known[row]) continue;
        if (!memberIsFixed) known[row] = now;
        const name = nameOf(owner, now, convert);
        cells[from + row] = name === undefined ? Number.NaN : this.#texts.add(name as string | Uint8Array);
      } catch (error) {
        this.#onUnreadable(slot.name, error);
        cells[from + row] = Number.NaN;
        known[row] = undefined;
      }
    }
  }

  /** Copies the texts in use to a new pool. */
  #tidy(): void {
    const old = this.#texts;
    const cells = this.#cells;
    this.#texts = new TextPool(Math.ceil(old.used / 2));
    for (const { at, kind } of this.#columns) {
      if (!isText(kind)) continue;
      const base = at * this.#capacity;
      for (let row = 0; row < this.#rows.length; row++) {
        const position = cells[base + row] ?? Number.NaN;
        if (!Number.isNaN(position)) cells[base + row] = this.#texts.copy(old, position);
      }
    }
    this.#tidyAtWords = Math.max(tidyFromWords, this.#texts.used * 2);
  }
}

/** How far the rows to be read again have been read for a column. */
interface Progress {
  items: readonly unknown[];
  rows: Uint32Array;
  /** Positions in `rows`: the next one, and where to stop. */
  done: number;
  end: number;
}

function fillNumbers({ read, convert }: Slot, cells: Float64Array, from: number, progress: Progress): void {
  const { items, rows, end } = progress;
  for (; progress.done < end; progress.done++) {
    const row = rows[progress.done] as number;
    const given = read(items[row]);
    const value = given === undefined ? undefined : convert(given as never);
    cells[from + row] = typeof value === 'number' ? value : Number.NaN;
  }
}

function fillLongs(
  { read, convert }: Slot,
  cells: Float64Array,
  upper: number,
  lower: number,
  progress: Progress,
): void {
  const { items, rows, end } = progress;
  for (; progress.done < end; progress.done++) {
    const row = rows[progress.done] as number;
    const given = read(items[row]);
    // Of 64 bits without a sign: what is a whole number already is what would be made of it.
    const value =
      given === undefined || isWhole(given) ? given : (convert as (given: unknown) => unknown)(given);
    if (typeof value === 'number') {
      const high = Math.floor(value / TWO_32);
      cells[upper + row] = high;
      cells[lower + row] = value - high * TWO_32;
    } else if (typeof value === 'bigint') {
      cells[upper + row] = Number(value >> 32n);
      cells[lower + row] = Number(value & LOWER_32);
    } else {
      cells[upper + row] = Number.NaN;
    }
  }
}

function isWhole(given: unknown): given is number {
  return (
    typeof given === 'number' && given >= 0 && given <= Number.MAX_SAFE_INTEGER && Math.trunc(given) === given
  );
}

/** Values by row at where the rows are now. */
function movedValues<Value>(values: readonly Value[], moved: Int32Array): (Value | undefined)[] {
  return Array.from(moved, (source) => (source === NEW_ROW ? undefined : values[source]));
}

/** Whether a text is the one that was given before. Octets may have been made anew: they are compared. */
function sameText(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  return a instanceof Uint8Array && b instanceof Uint8Array && Buffer.compare(a, b) === 0;
}

function isText(kind: CellKind): boolean {
  return kind === 'octets' || kind === 'oid';
}

function fits(rows: number, capacity: number): boolean {
  return rows <= capacity && rows >= capacity / 4;
}

/** Some room for rows to come: with it, one more row moves values but needs no new memory. */
function roomFor(rows: number): number {
  return rows + Math.ceil(rows / 8);
}

function sharedRows({ length, subIds, offsets }: RowSet): RowSet {
  return { length, subIds: shared(subIds), offsets: shared(offsets) };
}

function shared(words: Uint32Array): Uint32Array {
  const copy = new Uint32Array(new SharedArrayBuffer(words.byteLength));
  copy.set(words);
  return copy;
}
