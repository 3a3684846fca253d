import { findDefinition } from '../../src/mib/definitions.ts';
import { modules } from '../../src/mib/objects.gen.ts';
import { moduleRoot } from '../../src/mib/served-modules.ts';
import { compareOids, parseOid } from '../../src/tree/oid.ts';
import type { SnmpClient, SnmpRequestOptions } from '../lab/snmp-client.ts';
import type { PrintedVarBind } from '../lab/varbind-text.ts';

/** What the agent registers, in the order of a walk. */
export const subtrees = [modules['VM-MIB'].root, modules['LIBVIRT-EXT-MIB'].root].map((oid) => oid.join('.'));

/** OID of an object, or with an index of an instance; scalars have the index 0. */
export function oidOf(name: string, ...index: readonly number[]): string {
  const definition = findDefinition(name);
  if (definition === undefined) throw new Error(`no object ${name}`);
  const root = moduleRoot(definition.module, modules['LIBVIRT-EXT-MIB'].root);
  return [...root, ...definition.oid, ...index].join('.');
}

/** What a walk returned, by object and index. */
export class ServedWalk {
  readonly varBinds: readonly PrintedVarBind[];
  readonly #byOid: ReadonlyMap<string, PrintedVarBind>;

  constructor(varBinds: readonly PrintedVarBind[]) {
    this.varBinds = varBinds;
    this.#byOid = new Map(varBinds.map((varBind) => [varBind.oid, varBind]));
  }

  /** The value of an instance; undefined if the walk had none. */
  value(name: string, ...index: readonly number[]): string | undefined {
    return this.#byOid.get(oidOf(name, ...index))?.value;
  }

  /** The octets of an instance. */
  bytes(name: string, ...index: readonly number[]): Buffer | undefined {
    return this.#byOid.get(oidOf(name, ...index))?.bytes;
  }

  /** The values of a column by index. */
  column(name: string): ReadonlyMap<string, string> {
    const prefix = `${oidOf(name)}.`;
    return new Map(
      this.varBinds
        .filter(({ oid }) => oid.startsWith(prefix))
        .map(({ oid, value }) => [oid.slice(prefix.length), value]),
    );
  }

  /** The index of the row whose column has this value; of several the first. */
  indexOf(column: string, value: string, ...leading: readonly number[]): number {
    const start = leading.map((part) => `${part}.`).join('');
    for (const [index, found] of this.column(column)) {
      if (found === value && index.startsWith(start)) return Number(index.slice(start.length));
    }
    throw new Error(`no row with ${column} = ${value} below "${start}"`);
  }

  /** Whether each OID is greater than the one before. */
  get increasing(): boolean {
    const oids = this.varBinds.map(({ oid }) => parseOid(oid));
    return oids.every((oid, at) => at === 0 || compareOids(oids[at - 1] ?? [], oid) < 0);
  }
}

/** Walks everything the agent serves with GETBULK. */
export async function walkServed(client: SnmpClient, options?: SnmpRequestOptions): Promise<ServedWalk> {
  const parts: PrintedVarBind[] = [];
  for (const root of subtrees) parts.push(...(await client.bulkwalk(root, options)));
  return new ServedWalk(parts);
}

/** The value of one instance now; undefined if it does not exist. */
export async function readServed(
  client: SnmpClient,
  name: string,
  ...index: readonly number[]
): Promise<string | undefined> {
  const [varBind] = await client.get(oidOf(name, ...index));
  return varBind === undefined || varBind.type.startsWith('noSuch') ? undefined : varBind.value;
}
