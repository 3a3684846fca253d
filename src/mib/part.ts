/**
 * A reader of an object that depends on one part of its row only: while that part is the same object, the value
 * stays as it is and is not read again. See {@link partOf}.
 */
export interface PartReader<Row, Value> {
  // Methods, so that readers of narrower rows are assignable; see bind.ts.
  part(this: void, row: Row): object | undefined;
  read(this: void, part: object): Value | undefined;
}

/**
 * Readers of one part of the rows of a table:
 *
 *     const facts = partOf((disk: Disk) => disk.facts);
 *     ... lveDiskBus: facts(({ bus }) => bus),
 *
 * Where a row lacks the part, there is no such instance.
 */
export function partOf<Row, Part extends object>(
  part: (row: Row) => Part | undefined,
): <Value>(read: (part: Part) => Value | undefined) => PartReader<Row, Value> {
  return (read) => ({ part, read: (given: object) => read(given as Part) });
}
