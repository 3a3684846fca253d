import { compareRuns } from '../tree/lexicographic.ts';
import type { Column, MibTree, ReadContext, RowSet } from '../tree/tree.ts';
import type { PduWriter } from './pdu-writer.ts';
import { internetPrefix } from './pdu-writer.ts';
import { RequestOid } from './request-oid.ts';
import { valueTypes, writeValue } from './varbind.ts';

/** Where a search stands and where it has to stop, as positions in the tree. */
export class SearchCursor {
  column = 0;
  row = 0;
  /** The first position that is no answer any more. */
  endColumn = 0;
  endRow = 0;
  /** The instance found last; -1 for none. */
  foundColumn = -1;
  foundRow = -1;
}

/** Told when a column fails to give a value; the instance then counts as absent. */
export type OnReadError = (column: Column, error: unknown) => void;

/**
 * Looks instances up in a tree and writes them as variable bindings. Values are read when they are asked
 * for; of the tree only the columns' names are prepared, in two flat arrays. No column may lie below another.
 */
export class TreeView {
  readonly tree: MibTree;
  readonly #columns: readonly Column[];
  readonly #onReadError: OnReadError;
  /** The columns' sub-identifiers, one column after another; column c starts at #prefixAt[c]. */
  readonly #prefixes: Uint32Array;
  readonly #prefixAt: Uint32Array;
  /** What a variable binding of a column begins with, likewise. */
  readonly #heads: Uint32Array;
  readonly #headAt: Uint32Array;
  /** By column: no row from here on has a value, as far as searches have found out; else {@link noHole}. */
  readonly #emptyFrom: Uint32Array;
  /** Where the last lookup ended: walks mostly stay in a column. */
  #lastColumn = 0;
  #lastRow = 0;
  /** The last end of a range and its position: a walk has the same one all the time. */
  readonly #lastEnd = new RequestOid();
  #lastEndColumn = 0;
  #lastEndRow = 0;
  #foundColumn = 0;
  #foundRow = 0;

  /** @param previous the view before: what was prepared for the same columns is taken over. */
  constructor(tree: MibTree, onReadError: OnReadError, previous?: TreeView) {
    const { columns } = tree;
    this.tree = tree;
    this.#columns = columns;
    this.#onReadError = onReadError;
    this.#emptyFrom = new Uint32Array(columns.length).fill(noHole);
    if (previous !== undefined && sameObjects(previous.#columns, columns)) {
      this.#prefixes = previous.#prefixes;
      this.#prefixAt = previous.#prefixAt;
      this.#heads = previous.#heads;
      this.#headAt = previous.#headAt;
      return;
    }
    let subIds = 0;
    for (const { oid } of columns) subIds += oid.length;
    this.#prefixes = new Uint32Array(subIds);
    this.#prefixAt = new Uint32Array(columns.length + 1);
    this.#heads = new Uint32Array(subIds + 2 * columns.length);
    this.#headAt = new Uint32Array(columns.length + 1);
    this.#prepare();
  }

  /** Values that were absent may have come: what was learnt about empty columns no longer holds. */
  forgetHoles(): void {
    this.#emptyFrom.fill(noHole);
  }

  /** Answers one name of a Get (RFC 2741 section 7.2.3.1): always writes one variable binding. */
  get(writer: PduWriter, name: RequestOid, context: ReadContext): void {
    if (!this.#findColumn(name)) {
      writeException(writer, name, valueTypes.noSuchObject);
      return;
    }
    const position = this.#foundColumn;
    const column = this.#columns[position];
    const from = this.#prefixLength(position);
    if (column !== undefined) {
      const row = lowerBound(column.rows, name, from, true);
      if (row < column.rows.length && compareRow(column.rows, row, name, from) === 0) {
        if (this.#write(writer, position, column, row, context)) return;
      }
    }
    writeException(writer, name, valueTypes.noSuchInstance);
  }

  /** Puts a cursor at the start of a search range (RFC 2741 section 5.2). */
  place(cursor: SearchCursor, start: RequestOid, end: RequestOid): void {
    if (end.length === 0) {
      cursor.endColumn = this.#columns.length;
      cursor.endRow = 0;
    } else {
      if (!sameName(this.#lastEnd, end)) {
        this.#seek(end, true);
        copyName(this.#lastEnd, end);
        this.#lastEndColumn = this.#foundColumn;
        this.#lastEndRow = this.#foundRow;
      }
      cursor.endColumn = this.#lastEndColumn;
      cursor.endRow = this.#lastEndRow;
    }
    this.#seek(start, start.include);
    cursor.column = this.#foundColumn;
    cursor.row = this.#foundRow;
    cursor.foundColumn = -1;
    cursor.foundRow = -1;
  }

  /**
   * Writes the first instance from the cursor on and moves the cursor behind it; false, with nothing
   * written, if there is none before the end of the range.
   */
  next(writer: PduWriter, cursor: SearchCursor, context: ReadContext): boolean {
    const { endColumn, endRow } = cursor;
    let { column: position, row } = cursor;
    while (position <= endColumn) {
      const column = this.#columns[position];
      if (column === undefined) break;
      const emptyFrom = Math.min(this.#emptyFrom[position] ?? 0, column.rows.length);
      const stop = position === endColumn && endRow < emptyFrom ? endRow : emptyFrom;
      const from = row;
      for (; row < stop; row++) {
        if (this.#write(writer, position, column, row, context)) {
          cursor.column = position;
          cursor.row = row + 1;
          cursor.foundColumn = position;
          cursor.foundRow = row;
          this.#lastRow = row;
          return true;
        }
      }
      if (stop === emptyFrom && from < stop) this.#emptyFrom[position] = from;
      if (position === endColumn) break;
      position += 1;
      row = 0;
    }
    cursor.column = position;
    cursor.row = row;
    return false;
  }

  /** Writes endOfMibView under the name that the cursor found last, or else the start of its range. */
  writeEnd(writer: PduWriter, cursor: SearchCursor, start: RequestOid): void {
    const column = this.#columns[cursor.foundColumn];
    if (column === undefined) writeException(writer, start, valueTypes.endOfMibView);
    else this.#writeName(writer, cursor.foundColumn, column, cursor.foundRow, valueTypes.endOfMibView);
  }

  /** The column and row of an instance, for SET; the row is -1 if the column has no such row. */
  locate(name: RequestOid): { readonly column: Column; readonly row: number } | undefined {
    if (!this.#findColumn(name)) return undefined;
    const column = this.#columns[this.#foundColumn];
    if (column === undefined) return undefined;
    const from = this.#prefixLength(this.#foundColumn);
    const row = lowerBound(column.rows, name, from, true);
    const exists = row < column.rows.length && compareRow(column.rows, row, name, from) === 0;
    return { column, row: exists ? row : -1 };
  }

  #prepare(): void {
    let prefixAt = 0;
    let headAt = 0;
    for (const [position, { oid, syntax }] of this.#columns.entries()) {
      this.#prefixAt[position] = prefixAt;
      this.#headAt[position] = headAt;
      this.#prefixes.set(oid, prefixAt);
      const prefix = internetPrefix(oid);
      const written = prefix === 0 ? oid : oid.slice(5);
      this.#heads[headAt] = valueTypes[syntax] << 16;
      this.#heads[headAt + 1] = (written.length << 24) | (prefix << 16);
      this.#heads.set(written, headAt + 2);
      prefixAt += oid.length;
      headAt += 2 + written.length;
    }
    this.#prefixAt[this.#columns.length] = prefixAt;
    this.#headAt[this.#columns.length] = headAt;
  }

  #prefixLength(position: number): number {
    return (this.#prefixAt[position + 1] ?? 0) - (this.#prefixAt[position] ?? 0);
  }

  /** Finds the first position at (if `inclusive`) or behind a name. */
  #seek(name: RequestOid, inclusive: boolean): void {
    if (this.#findColumn(name)) {
      const position = this.#foundColumn;
      const rows = this.#columns[position]?.rows;
      this.#foundRow =
        rows === undefined ? 0 : this.#seekRow(rows, name, this.#prefixLength(position), inclusive);
    } else {
      this.#foundRow = 0;
    }
  }

  /** As {@link lowerBound}, but looks first where the last instance was found. */
  #seekRow(rows: RowSet, name: RequestOid, from: number, inclusive: boolean): number {
    const last = this.#lastRow;
    if (last < rows.length && compareRow(rows, last, name, from) === 0) return inclusive ? last : last + 1;
    return lowerBound(rows, name, from, inclusive);
  }

  /** Finds the column that a name lies in, or else (false) the first column behind the name. */
  #findColumn(name: RequestOid): boolean {
    if (this.#compareColumn(this.#lastColumn, name) === 0) {
      this.#foundColumn = this.#lastColumn;
      return true;
    }
    let low = 0;
    let high = this.#columns.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const order = this.#compareColumn(middle, name);
      if (order === 0) {
        this.#lastColumn = middle;
        this.#foundColumn = middle;
        return true;
      }
      if (order < 0) low = middle + 1;
      else high = middle;
    }
    this.#foundColumn = low;
    return false;
  }

  /** 0 if the name is the column's or lies below it; negative if the column comes before the name. */
  #compareColumn(position: number, name: RequestOid): number {
    const at = this.#prefixAt[position] ?? 0;
    const length = (this.#prefixAt[position + 1] ?? 0) - at;
    if (length === 0) return 1;
    const rest = Math.min(length, name.length);
    return compareRuns(this.#prefixes, at, at + length, name.subIds, 0, rest);
  }

  /** Writes the binding of an instance; false, with nothing written, if it does not exist. */
  #write(writer: PduWriter, position: number, column: Column, row: number, context: ReadContext): boolean {
    const before = writer.length;
    try {
      const value = column.read(row, context);
      if (value === undefined) return false;
      this.#writeName(writer, position, column, row, 0);
      writeValue(writer, column.syntax, value);
      return true;
    } catch (error) {
      // One broken value must not end a walk over all others.
      writer.truncate(before);
      this.#onReadError(column, error);
      return false;
    }
  }

  /** Writes v.type and v.name of an instance; type 0 stands for that of the column. */
  #writeName(writer: PduWriter, position: number, column: Column, row: number, type: number): void {
    const at = writer.length;
    const headAt = this.#headAt[position] ?? 0;
    const { subIds, offsets } = column.rows;
    const from = offsets[row] ?? 0;
    const to = offsets[row + 1] ?? 0;
    writer.range(this.#heads, headAt, this.#headAt[position + 1] ?? 0);
    writer.patchU32(at + 4, (this.#heads[headAt + 1] ?? 0) + ((to - from) << 24));
    writer.range(subIds, from, to);
    if (type !== 0) writer.patchU32(at, type << 16);
  }
}

/** No row is known to be without a value. */
const noHole = 0xffff_ffff;

/** Whether two lists of columns are of the same objects. */
function sameObjects(a: readonly Column[], b: readonly Column[]): boolean {
  return (
    a.length === b.length && a.every(({ oid, syntax }, i) => oid === b[i]?.oid && syntax === b[i]?.syntax)
  );
}

function sameName(left: RequestOid, right: RequestOid): boolean {
  if (left.length !== right.length) return false;
  for (let i = left.length - 1; i >= 0; i--) {
    if (left.subIds[i] !== right.subIds[i]) return false;
  }
  return true;
}

function copyName(to: RequestOid, from: RequestOid): void {
  to.length = from.length;
  to.subIds.set(from.subIds);
}

/** Writes the name of a request with an exception as its value (RFC 2741 section 5.4). */
export function writeException(writer: PduWriter, name: RequestOid, type: number): void {
  writer.u32(type << 16);
  writer.oid(name.subIds, false, name.length);
}

/** The first row whose index is at (if `inclusive`) or behind the rest of a name from `from` on. */
function lowerBound(rows: RowSet, name: RequestOid, from: number, inclusive: boolean): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const order = compareRow(rows, middle, name, from);
    if (order < 0 || (order === 0 && !inclusive)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Lexicographical order of a row's index and the rest of a name. */
function compareRow(rows: RowSet, row: number, name: RequestOid, from: number): number {
  const { subIds, offsets } = rows;
  return compareRuns(subIds, offsets[row] ?? 0, offsets[row + 1] ?? 0, name.subIds, from, name.length);
}
