import type { Vcpu } from '../../model/vcpu.ts';
import type { TableBinding } from '../bind.ts';
import { presentDomains } from './present-domains.ts';

/** VM-MIB: the vCPUs of the active domains. */
export const vmCpuTable: TableBinding<'vmCpuTable', Vcpu> = {
  table: 'vmCpuTable',
  source: (snapshot) => snapshot.domains,
  rows: (snapshot, add) => {
    for (const domain of presentDomains(snapshot)) {
      for (const vcpu of domain.vcpus) add(vcpu, domain.index, vcpu.index);
    }
  },
  columns: {
    vmCpuCoreTime: (vcpu) => vcpu.timeUs,
  },
};
