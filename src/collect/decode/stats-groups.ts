import { type StatSelector, statSelectorNames } from '../../config/selectors.ts';

/** virDomainStatsTypes */
export const statsGroups = {
  state: 1,
  cpuTotal: 2,
  balloon: 4,
  vcpu: 8,
  interface: 16,
  block: 32,
  perf: 64,
  iothread: 128,
  memory: 256,
  dirtyRate: 512,
  vm: 1024,
} as const;

/** virConnectGetAllDomainStatsFlags. ENFORCE_STATS is never set: an older daemon would refuse the call. */
export const statsFlags = { noWait: 1 << 29, backing: 1 << 30 } as const;

/** Groups that libvirt answers without asking the hypervisor process. */
export const monitorFreeGroups =
  statsGroups.state | statsGroups.interface | statsGroups.perf | statsGroups.memory;

const monitorFreeName = /^(state|net|perf|memory)\./;

/** Whether a parameter is of one of those groups. */
export function isMonitorFree(name: string): boolean {
  return monitorFreeName.test(name);
}

/** Which groups each selector needs. Groups nobody needs are not asked for: they cost the hypervisor time. */
const selectorGroups: Partial<Record<StatSelector, number>> = {
  cpu_util: statsGroups.cpuTotal | statsGroups.vcpu,
  pcpu: statsGroups.cpuTotal,
  vcpu: statsGroups.vcpu,
  memory: statsGroups.balloon,
  disk: statsGroups.block,
  disk_physical: statsGroups.block,
  disk_allocation: statsGroups.block,
  disk_capacity: statsGroups.block,
  block_layers: statsGroups.block,
  perf: statsGroups.perf,
  iothread: statsGroups.iothread,
  dirtyrate: statsGroups.dirtyRate,
  stat: statsGroups.memory,
  raw: statsGroups.memory | statsGroups.vm,
};

/** A parameter of the group vm, which consists of the hypervisor kernel's counters. */
const kernelCounter = 'vm.remote_tlb_flush.sum';

/** The groups to ask for. */
export function groupsFor(selectors: readonly StatSelector[], exclude: readonly RegExp[]): number {
  let groups: number = statsGroups.state | statsGroups.interface;
  for (const selector of selectors) groups |= selectorGroups[selector] ?? 0;
  const wantsCounters = selectors.includes('stat') && !exclude.some((pattern) => pattern.test(kernelCounter));
  return wantsCounters ? groups | statsGroups.vm : groups;
}

/** The selectors that are not on. */
export function selectorsOff(selectors: readonly StatSelector[]): readonly StatSelector[] {
  return statSelectorNames.filter((name) => !selectors.includes(name));
}
