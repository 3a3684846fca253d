import type { NotificationDefinition, ObjectDefinition, TableDefinition } from '../smi/definition.ts';
import type { ObjectName, ServedTable } from './bind.ts';
import { libvirtMib } from './libvirt-mib.ts';
import { type modules, notifications, objects, tables } from './objects.gen.ts';

/** A scalar or column of our modules. */
export interface OwnDefinition extends ObjectDefinition {
  readonly module: keyof typeof modules;
}

/** Every scalar and column of our modules by name. */
export const definitions: Readonly<Record<ObjectName, OwnDefinition>> = objects;

const anyObject: Readonly<Record<string, ObjectDefinition>> = { ...objects, ...libvirtMib.objects };
const anyTable: Readonly<Record<ServedTable, TableDefinition>> = { ...tables, ...libvirtMib.tables };
const anyNotification: Readonly<Record<string, NotificationDefinition>> = {
  ...notifications,
  ...libvirtMib.notifications,
};

/** The definition of a name that may not be one, of whatever module. */
export function findDefinition(name: string): ObjectDefinition | undefined {
  return Object.hasOwn(anyObject, name) ? anyObject[name] : undefined;
}

/** The definition of a table. */
export function tableDefinition(name: ServedTable): TableDefinition {
  return anyTable[name];
}

/** The definition of a table whose name may not be one. */
export function findTable(name: string): TableDefinition | undefined {
  return Object.hasOwn(anyTable, name) ? anyTable[name as ServedTable] : undefined;
}

/** The definition of a notification whose name may not be one. */
export function findNotification(name: string): NotificationDefinition | undefined {
  return Object.hasOwn(anyNotification, name) ? anyNotification[name] : undefined;
}
