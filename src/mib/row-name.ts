/**
 * A reader of the text that names a row of a domain (LveRowName). The row itself tells only what it is of: whose it
 * is, its index does, so that no row has to know its owner, and a text is made only where one of the two is another.
 */
export interface RowNameReader<Row> {
  // A method, so that readers of narrower rows are assignable; see bind.ts.
  member(this: void, row: Row, second: number): string;
  /** Whether a row with the same index is of the same member for good. */
  readonly memberIsFixed: boolean;
}

/**
 * Names the rows of a table whose first index is lveDomIndex: `web-1:vda`; `web-1` if there is no member.
 * @param member what of the domain the row is of; `second` is the second sub-identifier of its index.
 */
export function rowName<Row>(member?: (row: Row, second: number) => string): RowNameReader<Row> {
  return { member: member ?? (() => ''), memberIsFixed: member === undefined };
}

/** The same where the index is bound to the member for good, as that of a disk to its target: it is not asked again. */
export function fixedRowName<Row>(member: (row: Row, second: number) => string): RowNameReader<Row> {
  return { member, memberIsFixed: true };
}
