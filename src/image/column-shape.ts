import type { Clock } from '../tree/clock.ts';
import type { WireSyntax } from '../tree/tree.ts';

/**
 * What is the same in every image about one object, a scalar or a column. Plain data: it is sent to the serving
 * thread once.
 */
export interface ColumnShape {
  readonly name: string;
  readonly oid: readonly number[];
  readonly syntax: WireSyntax;
  /** Set where the cells hold moments, from which values are worked out when they are read. */
  readonly clock: Clock | undefined;
  readonly writable: boolean;
  /** The block that its cells are in. */
  readonly block: number;
  /** The column of the block where its cells are: one of a column's rows after another. */
  readonly at: number;
}

/**
 * How the values of an object are kept, in cells of 64 bits, of which NaN is "no such instance":
 * - number: as they are, which also suits moments
 * - long: in two columns of cells, first the upper 32 bits and then the lower ones
 * - octets, oid: as a position in the block's texts
 */
export type CellKind = 'number' | 'long' | 'octets' | 'oid';

export function cellKindOf({ syntax }: Pick<ColumnShape, 'syntax'>): CellKind {
  switch (syntax) {
    case 'Counter64':
      return 'long';
    case 'OctetString':
    case 'IpAddress':
      return 'octets';
    case 'ObjectIdentifier':
      return 'oid';
    default:
      return 'number';
  }
}

/** Columns of cells that an object takes. */
export function cellWidth(kind: CellKind): number {
  return kind === 'long' ? 2 : 1;
}
