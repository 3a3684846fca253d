import { definitions } from '../../src/mib/definitions.ts';
import { modules, notifications } from '../../src/mib/objects.gen.ts';
import type { ObjectDefinition } from '../../src/smi/definition.ts';
import type { ReceivedNotification } from '../lab/snmptrapd.ts';

/** A received notification in the words of the MIB modules, at the place where they are distributed. */
export interface NamedNotification {
  /** `vmRunning`; the OID if the modules do not name it. */
  readonly name: string;
  /** Labels of enumerations, numbers, texts; octets in hexadecimal. sysUpTime and snmpTrapOID are left out. */
  readonly values: Readonly<Record<string, string | number | boolean>>;
  /** Instance identifiers by object: `5` for lveDomName.5. */
  readonly instances: Readonly<Record<string, string>>;
  readonly version: ReceivedNotification['version'];
  readonly kind: ReceivedNotification['kind'];
}

const names = new Map(
  Object.entries(notifications).map(([name, { module, oid }]) => [
    [...modules[module].root, ...oid].join('.'),
    name,
  ]),
);
const objects = new Map(
  Object.entries(definitions).map(([name, definition]) => [
    [...modules[definition.module].root, ...definition.oid].join('.'),
    { name, definition },
  ]),
);

export function nameNotification(received: ReceivedNotification): NamedNotification {
  const values: Record<string, string | number | boolean> = {};
  const instances: Record<string, string> = {};
  for (const varBind of received.varBinds) {
    const found = findObject(varBind.oid);
    if (found === undefined) continue;
    const { name, definition, instance } = found;
    instances[name] = instance;
    values[name] = readValue(definition, varBind.value, varBind.bytes);
  }
  const { version, kind } = received;
  return { name: names.get(received.trapOid) ?? received.trapOid, values, instances, version, kind };
}

function findObject(
  oid: string,
): { readonly name: string; readonly definition: ObjectDefinition; readonly instance: string } | undefined {
  for (let end = oid.lastIndexOf('.'); end > 0; end = oid.lastIndexOf('.', end - 1)) {
    const found = objects.get(oid.slice(0, end));
    if (found !== undefined) return { ...found, instance: oid.slice(end + 1) };
  }
  return undefined;
}

function readValue(
  definition: ObjectDefinition,
  value: string,
  bytes: Buffer | undefined,
): string | number | boolean {
  if (definition.kind === 'boolean') return value === '1';
  if (definition.kind === 'octets') return bytes?.toString('hex') ?? '';
  const label = Object.entries(definition.labels ?? {}).find(([, number]) => String(number) === value)?.[0];
  if (label !== undefined) return label;
  return bytes === undefined ? Number(value) : value;
}
