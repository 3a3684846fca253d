import type { ObjectName } from '../../src/mib/bind.ts';
import { definitions } from '../../src/mib/definitions.ts';

/** The number of a label of an object's enumeration. */
export function label(object: ObjectName, name: string): number {
  const number = definitions[object].labels?.[name];
  if (number === undefined) throw new Error(`${object} has no label ${name}`);
  return number;
}
