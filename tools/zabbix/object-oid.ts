import type { ObjectName } from '../../src/mib/bind.ts';
import { definitions } from '../../src/mib/definitions.ts';
import { modules } from '../../src/mib/objects.gen.ts';

/** The user macro that holds the root of LIBVIRT-EXT-MIB: `mib.root` of the agent. */
export const rootMacro = '{$LIBVIRT.OID}';

/** Where LIBVIRT-EXT-MIB is by default. */
export const defaultRoot = modules['LIBVIRT-EXT-MIB'].root.join('.');

/** The number of an object, without instance. */
export function objectOid(name: ObjectName): string {
  const { module, oid } = definitions[name];
  return [module === 'VM-MIB' ? modules[module].root.join('.') : rootMacro, ...oid].join('.');
}
