import type { Snapshot } from '../model/snapshot.ts';
import { converterOf } from '../smi/convert.ts';
import type { ModuleName } from '../smi/definition.ts';
import { indexObjectOf } from '../smi/index-object.ts';
import type { BoundValue } from '../smi/values.ts';
import { BoundColumn, type BoundTree, type Slot } from '../tree/bound-tree.ts';
import { encodeIndex, type IndexObject } from '../tree/index-oid.ts';
import { layOutNumbers } from '../tree/number-rows.ts';
import { compareOids, MAX_SUB_IDS, type Oid } from '../tree/oid.ts';
import type { AddPart, AddRow } from '../tree/row-layout.ts';
import { type RowLayout, scalarRows } from '../tree/row-layout.ts';
import type { OwnerNames } from '../tree/row-name.ts';
import { TableRows } from '../tree/table-rows.ts';
import { layOutTexts } from '../tree/text-rows.ts';
import type { OutgoingNotification, RowSet } from '../tree/tree.ts';
import type {
  AnyReader,
  AnyScalarBinding,
  AnyTableBinding,
  NotificationValues,
  ServedNotification,
  ServedTable,
} from './bind.ts';
import { checkBindings } from './check-bindings.ts';
import { findDefinition, findNotification, tableDefinition } from './definitions.ts';
import { MibError } from './mib-error.ts';
import { modules } from './objects.gen.ts';
import {
  moduleProblem,
  moduleRoot,
  type ServedModule,
  type ServedModulesOptions,
  servedModules,
} from './served-modules.ts';
import { slotOf } from './slot.ts';
import { scalarBindings, tableBindings } from './tables/index.ts';
import { libvirtGuestTable } from './tables/libvirt-guest-table.ts';
import { ownerNames } from './values/owner-names.ts';

/** The value of one object of a notification. */
interface NotifiedEntry {
  readonly value: BoundValue;
  readonly index?: readonly (number | string)[];
}

/** A notification by names. */
export interface NotifiedContent {
  readonly name: string;
  readonly values: Readonly<Record<string, NotifiedEntry>>;
}

/** Tables whose bindings name the same function have the same rows. */
interface LayoutSource {
  readonly binding: AnyTableBinding;
  readonly index: readonly IndexObject[];
}

/** The MIB modules over the model: turns snapshots into trees and events into notifications. */
export class ServedMib {
  /** What is served, and the subtrees to register. */
  readonly modules: readonly ServedModule[];
  /** Every object served, ascending by OID: the columns of each tree, without their rows. */
  readonly slots: readonly Slot[];
  readonly #root: Oid;
  readonly #sources: readonly LayoutSource[];
  /** Of every table, served or not: notifications need them too. */
  readonly #indexes: ReadonlyMap<string, readonly IndexObject[]>;

  /** @throws {MibError} if the bindings do not fit the modules or the root is too deep or in the way of LIBVIRT-MIB. */
  constructor(options: ServedModulesOptions) {
    this.#root = options.root ?? modules['LIBVIRT-EXT-MIB'].root;
    this.modules = servedModules(options);

    const scalars = scalarBindings(this.#root);
    const issues = checkBindings(tableBindings, scalars, this.#root);
    const problem = moduleProblem(options);
    if (problem !== undefined) issues.push(problem);
    if (issues.length > 0) throw new MibError(issues);

    const bindings: readonly AnyTableBinding[] = [...tableBindings, libvirtGuestTable];
    const served = bindings.filter(({ table }) => this.#serves(tableDefinition(table).module));
    this.#indexes = new Map(bindings.map(({ table }) => [table, this.#indexObjects(table)]));
    const sources = new Map<AnyTableBinding['rows'], LayoutSource>();
    for (const binding of served) {
      if (!sources.has(binding.rows)) {
        sources.set(binding.rows, { binding, index: this.#indexes.get(binding.table) ?? [] });
      }
    }
    this.#sources = [...sources.values()];
    const functions = [...sources.keys()];
    this.slots = [
      ...scalars.flatMap((binding: AnyScalarBinding) => this.#slotsOf(binding.scalars, 0)),
      ...served.flatMap(({ columns, rows }) => this.#slotsOf(columns, 1 + functions.indexOf(rows))),
    ]
      .filter(({ name }) => this.#serves(findDefinition(name)?.module))
      .sort((a, b) => compareOids(a.oid, b.oid));
  }

  /**
   * The tree of a snapshot. Rows whose parts of the model are identical in the snapshot of `previous`, a tree of
   * the same ServedMib, are taken over from it.
   */
  buildTree(snapshot: Snapshot, previous?: BoundTree): BoundTree {
    const scalars: RowLayout = { rows: scalarRows, items: [snapshot] };
    const owners = ownerNames(snapshot.domains, previous?.owners);
    const layouts = [
      scalars,
      ...this.#sources.map(({ binding, index }, at) => {
        const before = previous?.layouts[1 + at];
        return tableRows(binding, index, snapshot, owners, before instanceof TableRows ? before : undefined);
      }),
    ];
    const columns = this.slots.map((slot, position) => {
      const layout = layouts[slot.layout] ?? scalars;
      const kept = previous?.columns[position];
      return kept !== undefined && layout === previous?.layouts[slot.layout]
        ? kept
        : new BoundColumn(slot, layout);
    });
    return { columns, layouts, owners };
  }

  /**
   * A notification with all objects of its OBJECTS clause in their order, as OIDs under the root in use: receivers tell
   * them apart by their positions.
   */
  notification<N extends ServedNotification>(name: N, values: NotificationValues<N>): OutgoingNotification {
    return this.encode({ name, values }, {});
  }

  /**
   * The same of a notification that nobody has checked. `appended` are objects beyond the OBJECTS clause, which come
   * last (RFC 3416 section 4.2.6).
   *
   * @throws {MibError} if there is no such notification, it is not served, or a value cannot be sent.
   */
  encode(content: NotifiedContent, appended: NotifiedContent['values']): OutgoingNotification {
    const { name, values } = content;
    const definition = findNotification(name);
    if (definition === undefined || !this.#serves(definition.module)) {
      throw new MibError([`${name} is no notification that is served`]);
    }
    const { instance } = definition;
    const listed = definition.objects.map((object) => this.#varbind(name, object, values[object], instance));
    const more = Object.entries(appended).map(([object, entry]) => this.#varbind(name, object, entry));
    return {
      name,
      trapOid: this.#absolute(definition.module, definition.oid),
      varbinds: [...listed, ...more],
    };
  }

  #varbind(
    name: string,
    object: string,
    entry: NotifiedEntry | undefined,
    fixedInstance?: Oid,
  ): OutgoingNotification['varbinds'][number] {
    const carried = findDefinition(object);
    const value =
      entry === undefined || carried === undefined
        ? undefined
        : converterOf(carried)(carried.kind === 'text' ? inOneLine(entry.value) : entry.value);
    if (carried === undefined || value === undefined) {
      throw new MibError([`${name}: ${object} has no value that can be sent`]);
    }
    const instance =
      fixedInstance ??
      (carried.table === undefined
        ? [0]
        : encodeIndex(this.#indexes.get(carried.table) ?? [], entry?.index ?? []));
    const oid = [...this.#absolute(carried.module, carried.oid), ...instance];
    return { oid, syntax: carried.syntax, value };
  }

  #serves(module: ModuleName | undefined): boolean {
    return this.modules.some(({ name }) => name === module);
  }

  #absolute(module: ModuleName, oid: Oid): Oid {
    return [...moduleRoot(module, this.#root), ...oid];
  }

  #slotsOf(readers: Readonly<Record<string, AnyReader>>, layout: number): Slot[] {
    return Object.entries(readers).flatMap(([name, reader]) => {
      const definition = findDefinition(name);
      if (definition === undefined) return [];
      return [slotOf(name, this.#absolute(definition.module, definition.oid), definition, reader, layout)];
    });
  }

  /** The objects of a table's INDEX, its text short enough for an OID of 128 sub-identifiers. */
  #indexObjects(name: ServedTable): IndexObject[] {
    const table = tableDefinition(name);
    const column = this.#absolute(table.module, [...table.entry, 0]).length;
    const room = MAX_SUB_IDS - column - table.index.length;
    return table.index.flatMap((name) => {
      const definition = findDefinition(name);
      const part = definition === undefined ? undefined : indexObjectOf(definition);
      if (part === undefined) return [];
      return [part.kind === 'text' ? { ...part, maxBytes: Math.min(part.maxBytes, room) } : part];
    });
  }
}

/** The rows of a table at a snapshot; `old` itself if nothing they come from has changed. */
function tableRows(
  binding: AnyTableBinding,
  index: readonly IndexObject[],
  snapshot: Snapshot,
  owners: OwnerNames,
  old: TableRows | undefined,
): TableRows {
  const addRows = (add: AddRow): void => binding.rows(snapshot, add);
  const onlyNumbers = index.every((object) => object.kind === 'number');
  const { parts: partsOf } = binding;
  const options = {
    source: binding.source(snapshot),
    owners,
    ...(partsOf === undefined ? {} : { parts: (add: AddPart) => partsOf(snapshot, add) }),
    layOut: (known: RowSet | undefined) =>
      onlyNumbers ? layOutNumbers(index.length, addRows, known) : layOutTexts(index, addRows, known),
  };
  return old === undefined ? new TableRows(options) : old.next(options);
}

/**
 * A text of a notification, its line ends and other control characters made spaces. Receivers hand notifications to their
 * handlers line by line, an object a line: a text of several lines, which a guest's owner may have written, would look
 * like further objects there, and shift those that follow.
 */
function inOneLine(value: BoundValue): BoundValue {
  return typeof value === 'string' ? value.replaceAll(/\p{Cc}+/gu, ' ') : value;
}
