import type { ImageTree } from '../image/image-tree.ts';
import { octetsAt } from '../image/text-pool.ts';
import type { RowSet } from '../tree/tree.ts';

const TWO_32 = 2 ** 32;

/** One column at one moment. */
interface FrameColumn {
  readonly rows: RowSet;
  readonly isLong: boolean;
  readonly cells: Float64Array;
  readonly lower: Float64Array;
  readonly texts: Uint32Array;
}

/** Some columns of the image that was shown at one moment, kept although images follow. */
export class Frame {
  readonly #columns = new Map<string, FrameColumn>();

  /** @param isKept whether the cells are copied: without that the frame is of use while this image is shown. */
  constructor(tree: ImageTree, names: readonly string[], { isKept }: { readonly isKept: boolean }) {
    for (const name of names) {
      const column = tree.column(name);
      if (column === undefined) continue;
      const { rows, texts, kind, cells } = column;
      const isLong = kind === 'long';
      const lower = isLong ? column.lowerCells : none;
      this.#columns.set(name, {
        rows,
        texts,
        isLong,
        cells: isKept ? Float64Array.from(cells) : cells,
        lower: isKept ? Float64Array.from(lower) : lower,
      });
    }
  }

  /** The rows of a column; none if there is no such column. */
  rows(name: string): RowSet {
    return this.#columns.get(name)?.rows ?? noRows;
  }

  /** A number as a double holds it; undefined if there is no such instance. */
  number(name: string, row: number): number | undefined {
    const column = this.#columns.get(name);
    const cell = column?.cells[row] ?? Number.NaN;
    if (column === undefined || Number.isNaN(cell)) return undefined;
    return column.isLong ? cell * TWO_32 + (column.lower[row] ?? 0) : cell;
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

const none = new Float64Array(0);
const noRows: RowSet = { length: 0, subIds: new Uint32Array(0), offsets: new Uint32Array(1) };
