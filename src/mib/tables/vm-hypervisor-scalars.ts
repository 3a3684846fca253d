import type { ScalarBinding } from '../bind.ts';
import { ticksSince } from '../elapsed.ts';

/** VM-MIB: the hypervisor. */
export const vmHypervisorScalars: ScalarBinding<'vmHypervisor'> = {
  group: 'vmHypervisor',
  scalars: {
    vmHvSoftware: ({ host }) => host.hvSoftware,
    vmHvVersion: ({ host }) => host.hvVersion,
    vmHvObjectID: ({ host }) => host.hvObjectId,
    vmHvUpTime: ticksSince(({ host }) => host.bootedAt),
  },
};
