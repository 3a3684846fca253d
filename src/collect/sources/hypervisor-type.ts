import { connectGetType } from '../../libvirt/procedures.ts';
import type { LibvirtAccess } from '../access/libvirt-access.ts';

const types = new WeakMap<LibvirtAccess, string>();

/**
 * Whether the hypervisor is QEMU. Asked once in a session, where it matters before anything else is known of the host:
 * what is asked of other drivers is only what these have been seen to survive.
 */
export async function isQemu(libvirt: LibvirtAccess): Promise<boolean> {
  const type = types.get(libvirt) ?? (await libvirt.call(connectGetType, undefined));
  types.set(libvirt, type);
  return type === 'QEMU';
}
