import type { HostCpu } from '../../model/host.ts';
import type { TableBinding } from '../bind.ts';

/** The processors of the host, by number + 1. */
export const hostCpuTable: TableBinding<'lveHostCpuTable', HostCpu> = {
  table: 'lveHostCpuTable',
  source: (snapshot) => snapshot.host.cpus,
  rows: (snapshot, add) => {
    for (const cpu of snapshot.host.cpus) add(cpu, cpu.number + 1);
  },
  columns: {
    lveHostCpuNumber: (cpu) => cpu.number,
    lveHostCpuOnline: (cpu) => cpu.online,
    lveHostCpuCell: (cpu) => cpu.cell,
    lveHostCpuUser: (cpu) => cpu.userUs,
    lveHostCpuKernel: (cpu) => cpu.kernelUs,
    lveHostCpuIdle: (cpu) => cpu.idleUs,
    lveHostCpuIowait: (cpu) => cpu.iowaitUs,
    lveHostCpuBusy: (cpu) => cpu.busy,
    lveHostCpuPinnedVcpus: (cpu) => cpu.pinnedVcpus,
    lveHostCpuRunningVcpus: (cpu) => cpu.runningVcpus,
    lveHostCpuRowName: (cpu) => `cpu${cpu.number}`,
  },
};
