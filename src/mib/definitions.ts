import type { ObjectDefinition } from '../smi/definition.ts';
import type { ObjectName } from './bind.ts';
import { objects } from './objects.gen.ts';

/** Every scalar and column by name. */
export const definitions: Readonly<Record<ObjectName, ObjectDefinition>> = objects;

/** The definition of a name that may not be one. */
export function findDefinition(name: string): ObjectDefinition | undefined {
  return Object.hasOwn(definitions, name) ? definitions[name as ObjectName] : undefined;
}
