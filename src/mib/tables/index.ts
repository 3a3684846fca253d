import type { AnyScalarBinding, AnyTableBinding } from '../bind.ts';
import type { Oid } from '../oid.ts';

/** Every table of both modules. */
export const tableBindings: readonly AnyTableBinding[] = [];

/** Every group of scalars of both modules. */
export function scalarBindings(_root: Oid): readonly AnyScalarBinding[] {
  return [];
}
