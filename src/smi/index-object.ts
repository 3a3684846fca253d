import { type IndexObject, uuidOctetCount } from '../tree/index-oid.ts';
import type { ObjectDefinition } from './definition.ts';

/** The part for an object of an INDEX clause, or undefined if no table of ours has such an index. */
export function indexObjectOf(definition: ObjectDefinition): IndexObject | undefined {
  switch (definition.kind) {
    case 'integer':
    case 'gauge':
      return { kind: 'number' };
    case 'enum':
      return { kind: 'label', labels: definition.labels ?? {} };
    case 'text':
      return isFixedSize(definition) ? undefined : { kind: 'text', maxBytes: longest(definition) };
    case 'octets':
      return isFixedSize(definition) && longest(definition) === uuidOctetCount ? { kind: 'uuid' } : undefined;
    default:
      return undefined;
  }
}

function isFixedSize(definition: ObjectDefinition): boolean {
  const [only, ...others] = definition.limits ?? [];
  return only !== undefined && others.length === 0 && only[0] === only[1];
}

function longest(definition: ObjectDefinition): number {
  return Math.max(0, ...(definition.limits ?? [[0, 255]]).map(([, max]) => max));
}
