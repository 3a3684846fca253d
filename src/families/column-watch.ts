import type { ImageColumn } from '../image/image-tree.ts';
import type { RowSet } from '../tree/tree.ts';
import { shownOffsetMs } from './reading.ts';

/** Notices whether a column's cells have changed from image to image. */
export class ColumnWatch {
  #rows: RowSet | undefined;
  #offsetMs = 0;
  #texts: Uint32Array | undefined;
  #cells: Float64Array = new Float64Array(0);
  #lower: Float64Array = new Float64Array(0);

  /** Whether the column is not as it was when this was asked last. */
  changed(column: ImageColumn): boolean {
    const { rows, kind, cells } = column;
    const isText = kind === 'octets' || kind === 'oid';
    // A position says the same only in the same memory.
    const texts = isText ? column.texts : undefined;
    const lower = kind === 'long' ? column.lowerCells : undefined;
    // Moments are shown by the wall clock.
    const offsetMs = column.clock === undefined ? 0 : shownOffsetMs();
    const isSame =
      rows === this.#rows &&
      offsetMs === this.#offsetMs &&
      texts?.buffer === this.#texts?.buffer &&
      sameCells(cells, this.#cells) &&
      (lower === undefined || sameCells(lower, this.#lower));
    if (isSame) return false;
    this.#rows = rows;
    this.#texts = texts;
    this.#offsetMs = offsetMs;
    this.#cells = keep(cells, this.#cells);
    if (lower !== undefined) this.#lower = keep(lower, this.#lower);
    return true;
  }
}

/** By their octets: NaN equals itself. */
export function sameCells(a: Float64Array, b: Float64Array): boolean {
  return a.length === b.length && Buffer.compare(octetsOf(a), octetsOf(b)) === 0;
}

function octetsOf({ buffer, byteOffset, byteLength }: Float64Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function keep(cells: Float64Array, into: Float64Array): Float64Array {
  if (into.length !== cells.length) return Float64Array.from(cells);
  into.set(cells);
  return into;
}
