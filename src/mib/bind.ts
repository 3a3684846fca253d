import type { Snapshot } from '../model/snapshot.ts';
import type { BoundValue, ValuesOfKinds } from '../smi/values.ts';
import type { AddPart, AddRow } from '../tree/row-layout.ts';
import type { ElapsedReader } from './elapsed.ts';
import type { libvirtMib } from './libvirt-mib.ts';
import type { notifications, objects, scalarGroups, tables } from './objects.gen.ts';
import type { PartReader } from './part.ts';
import type { RowNameReader } from './row-name.ts';

// The types that tie the model to the MIB. A binding is a plain constant annotated with one of them: a
// missing, unknown or wrongly typed column is a compile error at its line.

export type ObjectName = keyof typeof objects;
export type TableName = keyof typeof tables;
export type ScalarGroupName = keyof typeof scalarGroups;
export type NotificationName = keyof typeof notifications;

// Our modules, and the one that is declared by number.
type Objects = typeof objects & (typeof libvirtMib)['objects'];
type Tables = typeof tables & (typeof libvirtMib)['tables'];
type Notifications = typeof notifications & (typeof libvirtMib)['notifications'];

/** What can be served at all: of our modules, or of LIBVIRT-MIB. */
export type ServedObject = keyof Objects;
export type ServedTable = keyof Tables;
export type ServedNotification = keyof Notifications;

type Definition<O extends ServedObject> = Objects[O];

/** The type of an object's values: its label for an enumeration, else by its kind. */
export type ValueOf<O extends ServedObject> =
  Definition<O> extends { readonly labels: infer Labels; readonly kind: 'enum' }
    ? keyof Labels
    : Definition<O>['kind'] extends keyof ValuesOfKinds
      ? ValuesOfKinds[Definition<O>['kind']]
      : never;

/** An index text is always a string, and so is a UUID. */
type IndexValue<O extends ServedObject> = [ValueOf<O>] extends [Uint8Array]
  ? string
  : Exclude<ValueOf<O>, Uint8Array>;

type IndexValues<Names extends readonly ServedObject[]> = {
  readonly [Position in keyof Names]: IndexValue<Names[Position]>;
};

/** The values of a table's INDEX clause, in its order. */
export type IndexOf<T extends ServedTable> = IndexValues<Tables[T]['index']>;

type ReadableColumn<T extends ServedTable> = Tables[T]['columns'][number];
type ReadableScalar<G extends ScalarGroupName> = (typeof scalarGroups)[G]['scalars'][number];

/**
 * How an object's value is read from a row: by a function, whose `undefined` is noSuchInstance; for what changes with
 * a part of the row only, by a reader of that part; for what grows by itself, by a reader of the moment since when; for
 * the name of a row, by a reader of what of its domain it is.
 */
type ReaderOf<O extends ServedObject, Row> =
  | ((row: Row) => ValueOf<O> | undefined)
  | PartReader<Row, ValueOf<O>>
  | (ValueOf<O> extends number ? ElapsedReader<Row> : never)
  | (Definition<O>['type'] extends 'LveRowName' ? RowNameReader<Row> : never);

/** A table over rows of the model. */
export interface TableBinding<T extends ServedTable, Row> {
  readonly table: T;
  /** Parts of the snapshot that the rows come from: the rows stay as they are while all parts are identical. */
  readonly source: (snapshot: Snapshot) => readonly unknown[];
  /**
   * The very parts of the model that give the rows, for a large table whose rows stay the same although its
   * source changes: they are compared when the table is first asked for.
   */
  readonly parts?: (snapshot: Snapshot, add: AddPart) => void;
  /**
   * Adds every row with the values of its INDEX, best in ascending order. Tables whose bindings name the same
   * function share one layout of their rows: then `source` and the INDEX must be the same too.
   */
  readonly rows: (snapshot: Snapshot, add: (row: Row, ...index: IndexOf<T>) => void) => void;
  /** One reader per readable column. */
  readonly columns: { readonly [C in ReadableColumn<T>]: ReaderOf<C, Row> };
}

/** The readable scalars below one node of the MIB. */
export interface ScalarBinding<G extends ScalarGroupName> {
  readonly group: G;
  readonly scalars: { readonly [S in ReadableScalar<G>]: ReaderOf<S, Snapshot> };
}

// A method signature, so that functions of narrower rows are assignable; `checkBindings` and the tree use
// them only with the rows of their own binding.
interface Methods {
  read(row: unknown): BoundValue | undefined;
  rows(snapshot: Snapshot, add: AddRow): void;
}

export type ReadFunction = Methods['read'];

/** The reader of any object. */
export type AnyReader =
  | ReadFunction
  | PartReader<unknown, BoundValue>
  | ElapsedReader<unknown>
  | RowNameReader<unknown>;

/** Any table binding, its row type forgotten. */
export interface AnyTableBinding {
  readonly table: ServedTable;
  readonly source: (snapshot: Snapshot) => readonly unknown[];
  readonly parts?: (snapshot: Snapshot, add: AddPart) => void;
  readonly rows: Methods['rows'];
  readonly columns: Readonly<Record<string, AnyReader>>;
}

/** Any scalar binding. */
export interface AnyScalarBinding {
  readonly group: ScalarGroupName;
  readonly scalars: Readonly<Record<string, AnyReader>>;
}

/** The writable objects: all are TruthValue scalars. */
export type SwitchName = {
  [O in ObjectName]: Definition<O> extends { readonly access: 'read-write' } ? O : never;
}[ObjectName];

/**
 * One object of a notification: its value and, for a column, the values of its table's INDEX. Every instance of a
 * notification contains all objects of its OBJECTS clause (RFC 2578 section 8.1), so that none may be unknown.
 */
export type NotifiedObject<O extends ServedObject> =
  Definition<O> extends {
    readonly table: infer T extends ServedTable;
  }
    ? { readonly value: ValueOf<O>; readonly index: IndexOf<T> }
    : { readonly value: ValueOf<O> };

/** The objects of a notification by name; all that its OBJECTS clause lists. */
export type NotificationValues<N extends ServedNotification> = {
  readonly [O in Notifications[N]['objects'][number]]: Notifications[N] extends { readonly instance: unknown }
    ? { readonly value: ValueOf<O> }
    : NotifiedObject<O>;
};
