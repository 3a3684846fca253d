import type { RowSet } from '../tree/tree.ts';
import type { ColumnShape } from './column-shape.ts';

/**
 * The values of all objects that have their rows in common, as one thread writes them and another reads them. All
 * arrays lie in shared memory. Nothing that a published image refers to is written again before its reader has said
 * that it uses a later one.
 */
export interface Block {
  readonly rows: RowSet;
  /** Rows there is room for: cell r of column c is cells[c * capacity + r]. */
  readonly capacity: number;
  readonly cells: Float64Array;
  /** See TextPool. */
  readonly texts: Uint32Array;
}

/** What an image says of one block; what is left out is as it was. */
export interface ChangedBlock {
  /** Number of the block. */
  readonly at: number;
  readonly rows?: RowSet;
  readonly capacity: number;
  readonly cells: Float64Array;
  readonly texts?: Uint32Array;
}

/** Everything served at one snapshot, as far as it differs from the image before. */
export interface Image {
  readonly blocks: readonly ChangedBlock[];
}

/** What is the same in every image of one MIB. */
export interface ImageShape {
  /** Ascending by OID. */
  readonly columns: readonly ColumnShape[];
  /** How many blocks there are. */
  readonly blocks: number;
}
