import { definitions } from '../../src/mib/definitions.ts';
import { oidOf } from './served-walk.ts';

const names = new Map(Object.keys(definitions).map((name) => [oidOf(name), name]));

/** The object that an instance belongs to. */
export function objectAt(instanceOid: string): string | undefined {
  for (let oid = instanceOid; oid !== ''; oid = oid.slice(0, Math.max(0, oid.lastIndexOf('.')))) {
    const name = names.get(oid);
    if (name !== undefined) return name;
  }
  return undefined;
}
