import type { AffinityCell } from '../../model/vcpu.ts';
import type { TableBinding } from '../bind.ts';
import { domainsOf } from './domain-rows.ts';
import { presentDomains } from './present-domains.ts';

/** VM-MIB: vCPUs by host CPUs. The largest table of all, so it is laid out again only if a mask changed. */
export const vmCpuAffinityTable: TableBinding<'vmCpuAffinityTable', AffinityCell> = {
  table: 'vmCpuAffinityTable',
  source: domainsOf,
  parts: (snapshot, add) => {
    for (const domain of presentDomains(snapshot)) {
      for (const vcpu of domain.vcpus) {
        const affinity = vcpu.pin?.affinity;
        if (affinity === undefined) continue;
        add(domain.index);
        add(vcpu.index);
        add(affinity);
      }
    }
  },
  rows: (snapshot, add) => {
    for (const domain of presentDomains(snapshot)) {
      for (const vcpu of domain.vcpus) {
        for (const cell of vcpu.pin?.affinity ?? []) add(cell, domain.index, vcpu.index, cell.physIndex);
      }
    }
  },
  columns: {
    vmCpuAffinity: (cell) => cell.affinity,
  },
};
