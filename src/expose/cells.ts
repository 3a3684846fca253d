import type { ImageColumn, ImageTree } from '../image/image-tree.ts';
import { findDefinition } from '../mib/definitions.ts';
import type { JsonScalar } from '../mib/print.ts';
import { jsonValue } from '../smi/display.ts';
import type { ReadContext, RowSet } from '../tree/tree.ts';

/** What ages are worked out by. No master is asked: a TimeStamp is 0 here. */
export function readAt(now: number): ReadContext {
  return { now, masterStartedAt: undefined };
}

/** The value of a row as JSON has it; undefined if there is no such instance. */
export function jsonCell(column: ImageColumn, row: number, context: ReadContext): JsonScalar | undefined {
  const definition = findDefinition(column.name);
  const value = column.read(row, context);
  return definition === undefined || value === undefined ? undefined : jsonValue(definition, value);
}

/** The first row whose index begins with a number of at least this. Rows ascend. */
function firstRowFrom(rows: RowSet, number: number): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((rows.subIds[rows.offsets[middle] ?? 0] ?? 0) < number) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Rows whose index begins with a number: from the first up to, not including, the second. */
export function rowsBelow(rows: RowSet, number: number): readonly [from: number, to: number] {
  return [firstRowFrom(rows, number), firstRowFrom(rows, number + 1)];
}

/** The texts of a column by the first number of their index. */
export function firstIndex(rows: RowSet, row: number): number {
  return rows.subIds[rows.offsets[row] ?? 0] ?? 0;
}

/** Row of lveDomTable of a domain by its UUID, its name or its index; one that is present comes before one that is gone. */
export function domainRow(tree: ImageTree, selector: string): number | undefined {
  const names = tree.column('lveDomName');
  const uuids = tree.column('lveDomUuid');
  const presence = tree.column('lveDomPresence');
  if (names === undefined || uuids === undefined || presence === undefined) return undefined;
  const wanted = Buffer.from(selector);
  const uuid = Buffer.from(selector.toLowerCase());
  let found: number | undefined;
  for (let row = 0; row < names.rows.length; row++) {
    const matches =
      isText(uuids, row, uuid) ||
      isText(names, row, wanted) ||
      String(firstIndex(names.rows, row)) === selector;
    if (!matches) continue;
    if (presence.cells[row] === 1) return row;
    found = row;
  }
  return found;
}

function isText(column: ImageColumn, row: number, text: Uint8Array): boolean {
  const value = column.read(row, noTime);
  return value instanceof Uint8Array && Buffer.compare(value, text) === 0;
}

const noTime: ReadContext = { now: 0, masterStartedAt: undefined };
