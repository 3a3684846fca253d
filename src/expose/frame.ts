import { sameCells } from '../families/column-watch.ts';
import type { ImageTree } from '../image/image-tree.ts';
import { octetsAt } from '../image/text-pool.ts';
import type { RowSet } from '../tree/tree.ts';

const TWO_32 = 2 ** 32;

/** One column at one moment. */
interface FrameColumn {
  readonly rows: RowSet;
  readonly cells: Float64Array;
  /** The lower halves of long numbers; undefined where the cells are whole numbers or positions of texts. */
  readonly lower: Float64Array | undefined;
  readonly texts: Uint32Array;
}

export interface FrameOptions {
  /** Whether the cells are copied: without that the frame is of use while this image is shown. */
  readonly isKept: boolean;
  /** A frame of the same columns that is kept: what is the same is not kept twice. */
  readonly before?: Frame | undefined;
}

/** Some columns of the image that was shown at one moment, kept although images follow. */
export class Frame {
  readonly #columns = new Map<string, FrameColumn>();

  constructor(tree: ImageTree, names: readonly string[], { isKept, before }: FrameOptions) {
    for (const name of names) {
      const column = tree.column(name);
      if (column === undefined) continue;
      const { rows, texts, kind, cells } = column;
      const lower = kind === 'long' ? column.lowerCells : undefined;
      const shown: FrameColumn = { rows, cells, lower, texts };
      this.#columns.set(
        name,
        isKept ? kept(shown, before === undefined ? undefined : before.#columns.get(name)) : shown,
      );
    }
  }

  /** The rows of a column; none if there is no such column. */
  rows(name: string): RowSet {
    return this.#columns.get(name)?.rows ?? noRows;
  }

  /** A number as a double holds it; undefined if there is no such instance. */
  number(name: string, row: number): number | undefined {
    const column = this.#columns.get(name);
    const number = column === undefined ? Number.NaN : numberAt(column, row);
    return Number.isNaN(number) ? undefined : number;
  }

  /** A text; empty if there is no such instance. */
  text(name: string, row: number): string {
    const column = this.#columns.get(name);
    const cell = column?.cells[row] ?? Number.NaN;
    return column === undefined || Number.isNaN(cell)
      ? ''
      : Buffer.from(octetsAt(column.texts, cell)).toString();
  }
}

function numberAt({ cells, lower }: FrameColumn, row: number): number {
  const cell = cells[row] ?? Number.NaN;
  return lower === undefined ? cell : cell * TWO_32 + (lower[row] ?? 0);
}

/** A copy, with long numbers in one piece as they are read; the one before if nothing is other. */
function kept(shown: FrameColumn, before: FrameColumn | undefined): FrameColumn {
  const { rows, texts } = shown;
  const cells = shown.cells.map((_, row) => numberAt(shown, row));
  const isSame = rows === before?.rows && texts === before.texts && sameCells(cells, before.cells);
  return isSame ? before : { rows, texts, cells, lower: undefined };
}

const noRows: RowSet = { length: 0, subIds: new Uint32Array(0), offsets: new Uint32Array(1) };
