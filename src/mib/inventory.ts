import type { ModuleName, ObjectDefinition } from '../smi/definition.ts';
import { indexObjectOf } from '../smi/index-object.ts';
import type { IndexObject } from '../tree/index-oid.ts';
import { compareOids, type Oid } from '../tree/oid.ts';
import { definitions, findDefinition, findTable } from './definitions.ts';
import { modules, notifications } from './objects.gen.ts';
import { moduleRoot } from './served-modules.ts';

/** One object of the modules, for documentation and `--help`. */
export interface InventoryEntry extends ObjectDefinition {
  readonly name: string;
  /** With the root of its module. */
  readonly absoluteOid: Oid;
}

/** A notification of the modules. */
export interface InventoryNotification {
  readonly name: string;
  readonly module: ModuleName;
  readonly absoluteOid: Oid;
  readonly objects: readonly string[];
  readonly summary: string;
}

/** A table of the modules. */
export interface InventoryTable {
  readonly name: string;
  readonly index: readonly string[];
  readonly columns: readonly string[];
  readonly summary: string;
}

/** Every scalar and column of our modules in the order of their OIDs; `root` is where LIBVIRT-EXT-MIB is registered. */
export function listObjects(root: Oid = modules['LIBVIRT-EXT-MIB'].root): InventoryEntry[] {
  return Object.entries(definitions)
    .map(([name, definition]) => ({
      ...definition,
      name,
      absoluteOid: [...moduleRoot(definition.module, root), ...definition.oid],
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
      absoluteOid: [...moduleRoot(module, root), ...oid],
    }))
    .sort((a, b) => compareOids(a.absoluteOid, b.absoluteOid));
}

/** The table of a column, or undefined for a scalar. */
export function tableOf(column: string): InventoryTable | undefined {
  const name = findDefinition(column)?.table;
  const table = name === undefined ? undefined : findTable(name);
  return name === undefined || table === undefined ? undefined : { name, ...table };
}

/** How the index of a table's rows is encoded; nothing for scalars. */
export function indexObjectsOf(table: InventoryTable | undefined): readonly IndexObject[] {
  return (table?.index ?? []).flatMap((name) => {
    const definition = findDefinition(name);
    return (definition === undefined ? undefined : indexObjectOf(definition)) ?? [];
  });
}
