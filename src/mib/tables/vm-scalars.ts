import type { ScalarBinding } from '../bind.ts';
import { ticksBetween } from '../elapsed.ts';
import { afterRefresh } from '../values/after-refresh.ts';
import { countDomains } from '../values/domain-counts.ts';
import { hypervisorStart } from '../values/hypervisor-start.ts';

/** VM-MIB: the table of virtual machines as a whole, and the switches of the notifications. */
export const vmScalars: ScalarBinding<'vmObjects'> = {
  group: 'vmObjects',
  scalars: {
    vmNumber: afterRefresh(({ domains }) => countDomains(domains).present),
    vmTableLastChange: (snapshot) =>
      // In terms of vmHvUpTime, not of sysUpTime.
      ticksBetween(hypervisorStart(snapshot), snapshot.agent.domainsChangedAt) ?? 0,
    vmPerVMNotificationsEnabled: ({ notify }) => notify.perVm,
    vmBulkNotificationsEnabled: ({ notify }) => notify.bulk,
  },
};
