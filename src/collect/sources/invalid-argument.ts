import { LibvirtError } from '../../libvirt/libvirt-error.ts';
import { virErrors } from '../../libvirt-enums/error-code.ts';

/** libvirt refuses an argument: as a rule a flag that this version does not know. */
export function isInvalidArgument(error: unknown): error is LibvirtError {
  return error instanceof LibvirtError && error.virCode === virErrors.invalidArg;
}
