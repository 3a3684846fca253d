import type { NotificationDefinition, ObjectDefinition } from '../smi/definition.ts';
import type { NotificationName, ObjectName } from './bind.ts';
import { notifications, objects } from './objects.gen.ts';

/** Every scalar and column by name. */
export const definitions: Readonly<Record<ObjectName, ObjectDefinition>> = objects;

/** The definition of a name that may not be one. */
export function findDefinition(name: string): ObjectDefinition | undefined {
  return Object.hasOwn(definitions, name) ? definitions[name as ObjectName] : undefined;
}

/** The definition of a notification whose name may not be one. */
export function findNotification(name: string): NotificationDefinition | undefined {
  return Object.hasOwn(notifications, name) ? notifications[name as NotificationName] : undefined;
}
