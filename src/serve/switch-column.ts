import type { ImageColumn } from '../image/image-tree.ts';
import type { Column, ReadContext, RowSet, SetError, SetPlan, WireSyntax, WireValue } from '../tree/tree.ts';

/** TruthValue (RFC 2579). */
const TRUE = 1;
const FALSE = 2;

/** Told of a switch that was set. Returns a ticket, by which {@link SwitchColumn.settle} learns that it took effect. */
export type OnSwitch = (name: string, value: boolean) => number;

/**
 * A writable TruthValue. What was set is shown at once, although it takes effect in another thread, whose next image
 * tells the same: after a SET, a GET must see it.
 */
export class SwitchColumn implements Column {
  readonly name: string;
  readonly oid: readonly number[];
  readonly syntax: WireSyntax;
  readonly #column: ImageColumn;
  readonly #onSwitch: OnSwitch;
  #asked: { readonly value: boolean; readonly ticket: number } | undefined;

  constructor(column: ImageColumn, onSwitch: OnSwitch) {
    this.name = column.name;
    this.oid = column.oid;
    this.syntax = column.syntax;
    this.#column = column;
    this.#onSwitch = onSwitch;
  }

  get rows(): RowSet {
    return this.#column.rows;
  }

  read(row: number, context: ReadContext): WireValue | undefined {
    if (this.#asked !== undefined && row === 0) return this.#asked.value ? TRUE : FALSE;
    return this.#column.read(row, context);
  }

  /** The image that is shown has the effect of all switches up to this ticket. */
  settle(ticket: number): void {
    if (this.#asked !== undefined && this.#asked.ticket <= ticket) this.#asked = undefined;
  }

  planSet(row: number, syntax: WireSyntax, value: WireValue): SetPlan | SetError {
    if (row !== 0) return 'noCreation';
    if (syntax !== 'Integer32') return 'wrongType';
    if (value !== TRUE && value !== FALSE) return 'wrongValue';
    const before = this.read(0, noTime) === TRUE;
    return {
      commit: () => this.#set(value === TRUE),
      undo: () => this.#set(before),
    };
  }

  #set(value: boolean): void {
    this.#asked = { value, ticket: this.#onSwitch(this.name, value) };
  }
}

/** A switch does not depend on the time. */
const noTime: ReadContext = { now: 0, masterStartedAt: undefined };
