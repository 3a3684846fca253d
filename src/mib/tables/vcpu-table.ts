import type { Vcpu } from '../../model/vcpu.ts';
import type { TableBinding } from '../bind.ts';
import { partOf } from '../part.ts';
import { fixedRowName } from '../row-name.ts';
import { domainsOf, vcpuRows } from './domain-rows.ts';

const pin = partOf((vcpu: Vcpu) => vcpu.pin);

/** The vCPUs of the active domains, by number + 1. */
export const vcpuTable: TableBinding<'lveVcpuTable', Vcpu> = {
  table: 'lveVcpuTable',
  source: domainsOf,
  rows: vcpuRows,
  columns: {
    lveVcpuNumber: (vcpu) => vcpu.number,
    lveVcpuState: (vcpu) => vcpu.state,
    lveVcpuPercent: (vcpu) => vcpu.percent,
    lveVcpuWaitTime: (vcpu) => vcpu.waitUs,
    lveVcpuDelayTime: (vcpu) => vcpu.delayUs,
    lveVcpuHalted: (vcpu) => vcpu.halted,
    lveVcpuHostCpu: (vcpu) => vcpu.hostCpu,
    lveVcpuPin: pin(({ list }) => list),
    lveVcpuPinned: pin(({ pinned }) => pinned),
    lveVcpuRowName: fixedRowName((vcpu) => `vcpu${vcpu.number}`),
  },
};
