import type { Column, MibTree, ReadContext, RowSet, WireSyntax, WireValue } from '../../src/tree/tree.ts';

/** A column as a test describes it: instances with their values, `undefined` for a hole. */
export interface SyntheticColumn {
  readonly name?: string;
  readonly oid: readonly number[];
  readonly syntax: WireSyntax;
  /** Ascending. */
  readonly rows: readonly (readonly number[])[];
  readonly read: (row: number, context: ReadContext) => WireValue | undefined;
  readonly planSet?: Column['planSet'];
}

export const noContext: ReadContext = { now: 0, masterStartedAt: undefined };

export function rowSet(indexes: readonly (readonly number[])[]): RowSet {
  const offsets = new Uint32Array(indexes.length + 1);
  for (const [row, index] of indexes.entries()) offsets[row + 1] = (offsets[row] ?? 0) + index.length;
  return { length: indexes.length, subIds: Uint32Array.from(indexes.flat()), offsets };
}

/** A tree of columns in ascending order; columns that share an array of rows share their row set. */
export function syntheticTree(columns: readonly SyntheticColumn[]): MibTree {
  const sets = new Map<readonly (readonly number[])[], RowSet>();
  return {
    columns: columns.map(({ name, oid, syntax, rows, read, planSet }): Column => {
      const set = sets.get(rows) ?? rowSet(rows);
      sets.set(rows, set);
      return {
        name: name ?? oid.join('.'),
        oid,
        syntax,
        rows: set,
        read,
        ...(planSet === undefined ? {} : { planSet }),
      };
    }),
  };
}

/** A scalar with a fixed value. */
export function scalar(
  oid: readonly number[],
  syntax: WireSyntax,
  value: WireValue | undefined,
): SyntheticColumn {
  return { oid, syntax, rows: [[0]], read: () => value };
}
