import { indexObjectOf } from '../smi/index-object.ts';
import { formatOid, MAX_SUB_IDS, type Oid } from '../tree/oid.ts';
import type { AnyScalarBinding, AnyTableBinding } from './bind.ts';
import { definitions, findDefinition, tableDefinition } from './definitions.ts';
import { notifications, tables } from './objects.gen.ts';
import { moduleRoot } from './served-modules.ts';

/**
 * Compares the bindings with the MIB modules: each readable object bound once, object identifiers unique and
 * short enough, indexes that can be encoded, objects of notifications known. Types catch most of this when
 * the program is built; this catches the rest before it talks to anyone.
 * @returns a sentence per problem.
 */
export function checkBindings(
  tableBindings: readonly AnyTableBinding[],
  scalarBindings: readonly AnyScalarBinding[],
  root: Oid,
): string[] {
  const issues: string[] = [];
  if (root.length < 2) issues.push(`the root ${formatOid(root)} is not an object identifier`);

  const bound = new Map<string, number>();
  for (const binding of tableBindings) {
    for (const [name, reader] of Object.entries(binding.columns)) {
      bound.set(name, (bound.get(name) ?? 0) + 1);
      const table = findDefinition(name)?.table;
      if (table !== binding.table) issues.push(`${name} is not a column of ${binding.table}`);
      if ('member' in reader && tableDefinition(binding.table).index[0] !== 'lveDomIndex') {
        issues.push(`${name} names rows of domains, but lveDomIndex is not the first index`);
      }
    }
  }
  for (const binding of scalarBindings) {
    for (const name of Object.keys(binding.scalars)) {
      bound.set(name, (bound.get(name) ?? 0) + 1);
      const group = findDefinition(name)?.group;
      if (group !== binding.group) issues.push(`${name} is not a scalar of ${binding.group}`);
    }
  }

  const owners = new Map<string, string>();
  for (const [name, definition] of Object.entries(definitions)) {
    const readable = definition.access === 'read-only' || definition.access === 'read-write';
    const times = bound.get(name) ?? 0;
    if (readable && times !== 1) issues.push(`${name} is bound ${times} times`);
    if (!readable && times > 0) issues.push(`${name} cannot be read, but is bound`);
    const oid = formatOid([...moduleRoot(definition.module, root), ...definition.oid]);
    const owner = owners.get(oid);
    if (owner !== undefined) issues.push(`${name} and ${owner} have the same object identifier ${oid}`);
    owners.set(oid, name);
  }

  for (const [name, table] of Object.entries(tables)) {
    const index = table.index.map((object) => indexObjectOf(definitions[object]));
    for (const [position, object] of index.entries()) {
      if (object === undefined) issues.push(`${name}: the index ${table.index[position]} cannot be encoded`);
    }
    const shortest = moduleRoot(table.module, root).length + table.entry.length + 1 + index.length;
    // A text index needs some room to tell its rows apart.
    const needed = index.some((object) => object?.kind === 'text') ? shortest + 32 : shortest;
    if (needed > MAX_SUB_IDS) issues.push(`${name}: the root leaves no room for its index`);
  }
  for (const [name, notification] of Object.entries(notifications)) {
    for (const object of notification.objects) {
      if (findDefinition(object) === undefined) issues.push(`${name} carries the unknown object ${object}`);
    }
  }
  return issues;
}
