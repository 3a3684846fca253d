import type { Snapshot } from '../model/snapshot.ts';
import type { MibControls, ReadFunction, SwitchName } from './bind.ts';
import type { Converter } from './convert.ts';
import type { Oid } from './oid.ts';
import { type RowLayout, scalarRows } from './row-layout.ts';
import type { Column, ReadContext, RowSet, SetError, SetPlan, WireSyntax, WireValue } from './tree.ts';

/** What the columns of one object have in common over all trees. */
export interface Slot {
  readonly name: string;
  readonly oid: Oid;
  readonly syntax: WireSyntax;
  readonly read: ReadFunction;
  readonly convert: Converter;
  /** Position of its table; -1 for a scalar. */
  readonly table: number;
  readonly writable: boolean;
}

/** A scalar or a column of a table over the records of one snapshot. */
export class BoundColumn implements Column {
  readonly name: string;
  readonly oid: Oid;
  readonly syntax: WireSyntax;
  readonly #layout: RowLayout;
  readonly #read: ReadFunction;
  readonly #convert: Converter;

  constructor(slot: Slot, layout: RowLayout) {
    this.name = slot.name;
    this.oid = slot.oid;
    this.syntax = slot.syntax;
    this.#layout = layout;
    this.#read = slot.read;
    this.#convert = slot.convert;
  }

  get rows(): RowSet {
    return this.#layout.rows;
  }

  read(row: number, context: ReadContext): WireValue | undefined {
    const { records } = this.#layout;
    if (row < 0 || row >= records.length) return undefined;
    const value = this.#read(records[row], context);
    return value === undefined ? undefined : this.#convert(value, context);
  }
}

/** A writable TruthValue. */
export class SwitchColumn extends BoundColumn {
  readonly #readSwitch: ReadFunction;
  readonly #snapshot: Snapshot;
  readonly #controls: MibControls;

  constructor(slot: Slot, records: readonly unknown[], snapshot: Snapshot, controls: MibControls) {
    super(slot, { rows: scalarRows, records });
    this.#readSwitch = slot.read;
    this.#snapshot = snapshot;
    this.#controls = controls;
  }

  planSet(row: number, syntax: WireSyntax, value: WireValue): SetPlan | SetError {
    if (row !== 0) return 'noCreation';
    if (syntax !== 'Integer32') return 'wrongType';
    if (value !== 1 && value !== 2) return 'wrongValue';
    const name = this.name as SwitchName;
    const context: ReadContext = {
      snapshot: this.#snapshot,
      now: this.#snapshot.at,
      masterStartedAt: undefined,
    };
    const before = this.#readSwitch(this.#snapshot, context) === true;
    return {
      commit: () => this.#controls.set(name, value === 1),
      undo: () => this.#controls.set(name, before),
    };
  }
}
