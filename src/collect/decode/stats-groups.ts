import { type StatSelector, statSelectorNames } from '../../config/selectors.ts';
import { statsGroups } from '../../libvirt-enums/flags.ts';
import { domainFields, entryFields } from './stat-fields.ts';

/** Groups that libvirt answers without asking the hypervisor process. */
export const monitorFreeGroups =
  statsGroups.state | statsGroups.interface | statsGroups.perf | statsGroups.memory;

/** Groups with what every driver knows of a domain: CPUs, their time and memory. */
export const basicGroups = statsGroups.cpuTotal | statsGroups.balloon | statsGroups.vcpu;

const monitorFreeName = /^(state|net|perf|memory)\./;

/** Whether a parameter is of one of those groups. */
export function isMonitorFree(name: string): boolean {
  return monitorFreeName.test(name);
}

/** What begins the names of a group's parameters. */
const groupOfPrefix: Readonly<Record<string, number>> = {
  cpu: statsGroups.cpuTotal,
  balloon: statsGroups.balloon,
  vcpu: statsGroups.vcpu,
  net: statsGroups.interface,
  block: statsGroups.block,
  iothread: statsGroups.iothread,
  dirtyrate: statsGroups.dirtyRate,
};

/** The group of a figure; 0 of one that is worked out. */
function groupOf(parameter: string): number {
  return groupOfPrefix[parameter.slice(0, parameter.indexOf('.'))] ?? 0;
}

/**
 * Which groups each selector needs: those of the figures that have it, and what is said here. Groups nobody needs are
 * not asked for: they cost the hypervisor time.
 */
const selectorGroups: ReadonlyMap<string, number> = (() => {
  const groups = new Map<string, number>([
    ['cpu_util', statsGroups.cpuTotal | statsGroups.vcpu],
    ['block_layers', statsGroups.block],
    ['perf', statsGroups.perf],
    ['stat', statsGroups.memory],
    ['raw', statsGroups.memory | statsGroups.vm],
  ]);
  const add = (group: number, selectors: readonly string[] = []): void => {
    for (const selector of selectors) groups.set(selector, (groups.get(selector) ?? 0) | group);
  };
  for (const { parameter, traits } of domainFields.all) add(groupOf(parameter), traits.selectors);
  for (const [family, fields] of Object.entries(entryFields)) {
    for (const { traits } of fields.all) add(groupOfPrefix[family] ?? 0, traits.selectors);
  }
  return groups;
})();

/** A parameter of the group vm, which consists of the hypervisor kernel's counters. */
const kernelCounter = 'vm.remote_tlb_flush.sum';

/** The groups to ask for. */
export function groupsFor(selectors: readonly StatSelector[], exclude: readonly RegExp[]): number {
  let groups: number = statsGroups.state | statsGroups.interface;
  for (const selector of selectors) groups |= selectorGroups.get(selector) ?? 0;
  const wantsCounters = selectors.includes('stat') && !exclude.some((pattern) => pattern.test(kernelCounter));
  return wantsCounters ? groups | statsGroups.vm : groups;
}

/** The selectors that are not on. */
export function selectorsOff(selectors: readonly StatSelector[]): readonly StatSelector[] {
  return statSelectorNames.filter((name) => !selectors.includes(name));
}
