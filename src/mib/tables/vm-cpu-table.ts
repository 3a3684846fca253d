import type { Vcpu } from '../../model/vcpu.ts';
import type { TableBinding } from '../bind.ts';
import { domainsOf, vcpuRows } from './domain-rows.ts';

/** VM-MIB: the vCPUs of the active domains. */
export const vmCpuTable: TableBinding<'vmCpuTable', Vcpu> = {
  table: 'vmCpuTable',
  source: domainsOf,
  rows: vcpuRows,
  columns: {
    vmCpuCoreTime: (vcpu) => vcpu.timeUs,
  },
};
