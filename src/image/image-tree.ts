import { type Clock, clockValue } from '../tree/clock.ts';
import type { Column, MibTree, ReadContext, RowSet, WireSyntax, WireValue } from '../tree/tree.ts';
import { type CellKind, type ColumnShape, cellKindOf } from './column-shape.ts';
import type { Block, ChangedBlock, Image, ImageShape } from './image.ts';
import { octetsAt, oidAt } from './text-pool.ts';

const TWO_32 = 2 ** 32;

/** Upper 32 bits of the integers that a number can no longer hold exactly begin here. */
const BIG_FROM = 2 ** 21;

const noBlock: Block = {
  rows: { length: 0, subIds: new Uint32Array(0), offsets: new Uint32Array(1) },
  capacity: 0,
  cells: new Float64Array(0),
  texts: new Uint32Array(0),
};

/** The block as it is in the current image. */
interface BlockHolder {
  current: Block;
}

/** The tree that images describe, one after another: it always shows the last one. */
export class ImageTree implements MibTree {
  readonly columns: readonly ImageColumn[];
  readonly #blocks: readonly BlockHolder[];
  readonly #byName: ReadonlyMap<string, ImageColumn>;

  constructor(shape: ImageShape) {
    this.#blocks = Array.from({ length: shape.blocks }, () => ({ current: noBlock }));
    this.columns = shape.columns.map(
      (column) => new ImageColumn(column, this.#blocks[column.block] ?? { current: noBlock }),
    );
    this.#byName = new Map(this.columns.map((column) => [column.name, column]));
  }

  /** The column of an object; undefined if the images do not have it. */
  column(name: string): ImageColumn | undefined {
    return this.#byName.get(name);
  }

  /** Shows the next image from now on; nothing of the one before is read any more, except what is the same in both. */
  show({ blocks }: Image): void {
    for (const changed of blocks) {
      const holder = this.#blocks[changed.at];
      if (holder !== undefined) holder.current = merged(holder.current, changed);
    }
  }
}

function merged(before: Block, { rows, capacity, cells, texts }: ChangedBlock): Block {
  return { rows: rows ?? before.rows, capacity, cells, texts: texts ?? before.texts };
}

/** One object in the current image. */
export class ImageColumn implements Column {
  readonly name: string;
  readonly oid: readonly number[];
  readonly syntax: WireSyntax;
  readonly writable: boolean;
  readonly kind: CellKind;
  readonly clock: Clock | undefined;
  readonly #at: number;
  readonly #block: BlockHolder;

  constructor(shape: ColumnShape, block: BlockHolder) {
    this.name = shape.name;
    this.oid = shape.oid;
    this.syntax = shape.syntax;
    this.writable = shape.writable;
    this.kind = cellKindOf(shape);
    this.clock = shape.clock;
    this.#at = shape.at;
    this.#block = block;
  }

  get rows(): RowSet {
    return this.#block.current.rows;
  }

  /** The cells of all rows, those of the upper halves where numbers are long. They are written again later. */
  get cells(): Float64Array {
    return this.#cellsAt(this.#at);
  }

  /** The cells of the lower halves of long numbers. */
  get lowerCells(): Float64Array {
    return this.#cellsAt(this.#at + 1);
  }

  /** Where texts lie; see {@link octetsAt}. */
  get texts(): Uint32Array {
    return this.#block.current.texts;
  }

  #cellsAt(at: number): Float64Array {
    const { rows, capacity, cells } = this.#block.current;
    return cells.subarray(at * capacity, at * capacity + rows.length);
  }

  read(row: number, context: ReadContext): WireValue | undefined {
    const { rows, capacity, cells, texts } = this.#block.current;
    if (row < 0 || row >= rows.length) return undefined;
    const cell = cells[this.#at * capacity + row];
    if (cell === undefined || Number.isNaN(cell)) return undefined;
    switch (this.kind) {
      case 'number':
        return this.clock === undefined ? cell : clockValue(this.clock, cell, context);
      case 'long': {
        const lower = cells[(this.#at + 1) * capacity + row] ?? 0;
        return cell < BIG_FROM ? cell * TWO_32 + lower : (BigInt(cell) << 32n) | BigInt(lower);
      }
      case 'octets':
        return octetsAt(texts, cell);
      case 'oid':
        return oidAt(texts, cell);
    }
  }
}
