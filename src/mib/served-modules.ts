import type { ModuleName } from '../smi/definition.ts';
import { formatOid, isWithin, type Oid } from '../tree/oid.ts';
import { libvirtMib } from './libvirt-mib.ts';
import { modules } from './objects.gen.ts';

/** Which modules are served, and where. */
export interface ServedModulesOptions {
  /** Where LIBVIRT-EXT-MIB is registered; default: the point the module is distributed with. */
  readonly root?: Oid;
  /** Whether VM-MIB is served as well. */
  readonly vmMib: boolean;
  /** Whether LIBVIRT-MIB, that of libvirt-snmp, is served as well; default: it is not. */
  readonly libvirtMib?: boolean;
}

/** A module and the subtree that is registered for it. */
export interface ServedModule {
  readonly name: ModuleName;
  readonly oid: Oid;
}

/** Where a module is; only LIBVIRT-EXT-MIB can be moved. */
export function moduleRoot(name: ModuleName, root: Oid): Oid {
  switch (name) {
    case 'LIBVIRT-EXT-MIB':
      return root;
    case 'VM-MIB':
      return modules['VM-MIB'].root;
    case 'LIBVIRT-MIB':
      return libvirtMib.root;
  }
}

/** What of the settings does not go together, in a sentence. */
export function moduleProblem(options: ServedModulesOptions): string | undefined {
  const [own, ...others] = servedModules(options);
  const other = others.find(({ name }) => name === 'LIBVIRT-MIB');
  if (own === undefined || other === undefined) return undefined;
  if (!isWithin(own.oid, other.oid) && !isWithin(other.oid, own.oid)) return undefined;
  return `mib.root ${formatOid(own.oid)} and LIBVIRT-MIB at ${formatOid(other.oid)} overlap: give mib.root another OID, or set mib.libvirt_mib = false`;
}

/** The modules that are served under these settings. */
export function servedModules(options: ServedModulesOptions): readonly ServedModule[] {
  const names: readonly ModuleName[] = [
    'LIBVIRT-EXT-MIB',
    ...(options.vmMib ? (['VM-MIB'] as const) : []),
    ...(options.libvirtMib === true ? (['LIBVIRT-MIB'] as const) : []),
  ];
  const root = options.root ?? modules['LIBVIRT-EXT-MIB'].root;
  return names.map((name) => ({ name, oid: moduleRoot(name, root) }));
}
