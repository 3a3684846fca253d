import type { ImageTree } from '../image/image-tree.ts';
import type { ReadContext } from '../tree/tree.ts';
import { firstIndex, jsonCell, rowsBelow } from './cells.ts';

/** An entry of the event log. */
export interface JsonEvent {
  readonly seq: number;
  readonly time: string;
  /** lveEventType */
  readonly kind: string;
  readonly detail: number;
  readonly name: string;
  readonly severity: string;
  /** Of a domain, a pool or a network; empty if the event is of none. */
  readonly subject: string;
  readonly uuid: string;
  /** Index of the domain; 0 if the event is of none. */
  readonly domain: number;
  readonly text: string;
}

const noTime: ReadContext = { now: 0, masterStartedAt: undefined };

/** Entries of the log whose number is greater, oldest first. */
export function* eventsAfter(tree: ImageTree, seq: number): Generator<JsonEvent> {
  const rows = tree.column('lveEventTime')?.rows;
  if (rows === undefined) return;
  const [from] = rowsBelow(rows, seq + 1);
  for (let row = from; row < rows.length; row++) yield eventAt(tree, row, firstIndex(rows, row));
}

/** The number of the newest entry; 0 if there is none. */
export function newestSeq(tree: ImageTree): number {
  return tree.column('lveEventNewestSeq')?.cells[0] || 0;
}

function eventAt(tree: ImageTree, row: number, seq: number): JsonEvent {
  const value = (name: string): unknown => {
    const column = tree.column(name);
    return column === undefined ? undefined : jsonCell(column, row, noTime);
  };
  const text = (name: string): string => String(value(name) ?? '');
  return {
    seq,
    time: text('lveEventTime'),
    kind: text('lveEventType'),
    detail: Number(value('lveEventDetail') ?? 0),
    name: text('lveEventName'),
    severity: text('lveEventSeverity'),
    subject: text('lveEventDomName'),
    uuid: text('lveEventDomUuid'),
    domain: Number(value('lveEventDomIndex') ?? 0),
    text: text('lveEventText'),
  };
}
