import type { ObjectDefinition } from '../smi/definition.ts';
import { indexObjectOf } from '../smi/index-object.ts';
import type { IndexObject } from '../tree/index-oid.ts';
import { compareOids, type Oid } from '../tree/oid.ts';
import type { TableName } from './bind.ts';
import { definitions, findDefinition } from './definitions.ts';
import { modules, notifications, tables } from './objects.gen.ts';

/** One object of the modules, for documentation and `--help`. */
export interface InventoryEntry extends ObjectDefinition {
  readonly name: string;
  /** With the root of its module. */
  readonly absoluteOid: Oid;
}

/** A notification of the modules. */
export interface InventoryNotification {
  readonly name: string;
  readonly module: ObjectDefinition['module'];
  readonly absoluteOid: Oid;
  readonly objects: readonly string[];
  readonly summary: string;
}

/** A table of the modules. */
export interface InventoryTable {
  readonly name: TableName;
  readonly index: readonly string[];
  readonly columns: readonly string[];
  readonly summary: string;
}

/** Every scalar and column in the order of their OIDs; `root` is where LIBVIRT-EXT-MIB is registered. */
export function listObjects(root: Oid = modules['LIBVIRT-EXT-MIB'].root): InventoryEntry[] {
  return Object.entries(definitions)
    .map(([name, definition]) => ({
      ...definition,
      name,
      absoluteOid: absolute(definition.module, definition.oid, root),
    }))
    .sort((a, b) => compareOids(a.absoluteOid, b.absoluteOid));
}

/** Every notification in the order of their OIDs. */
export function listNotifications(root: Oid = modules['LIBVIRT-EXT-MIB'].root): InventoryNotification[] {
  return Object.entries(notifications)
    .map(([name, { module, oid, objects, summary }]) => ({
      name,
      module,
      objects,
      summary,
      absoluteOid: absolute(module, oid, root),
    }))
    .sort((a, b) => compareOids(a.absoluteOid, b.absoluteOid));
}

/** The table of a column, or undefined for a scalar. */
export function tableOf(column: string): InventoryTable | undefined {
  const name = findDefinition(column)?.table;
  return name === undefined || !Object.hasOwn(tables, name)
    ? undefined
    : { name: name as TableName, ...tables[name as TableName] };
}

/** How the index of a table's rows is encoded; nothing for scalars. */
export function indexObjectsOf(table: InventoryTable | undefined): readonly IndexObject[] {
  return (table?.index ?? []).flatMap((name) => {
    const definition = findDefinition(name);
    return (definition === undefined ? undefined : indexObjectOf(definition)) ?? [];
  });
}

function absolute(module: ObjectDefinition['module'], oid: Oid, root: Oid): Oid {
  return [...(module === 'VM-MIB' ? modules['VM-MIB'].root : root), ...oid];
}
