import { statsGroups } from '../../libvirt-enums/flags.ts';
import type { Field } from './fields.ts';
import type { MonitorSample } from './monitor-sample.ts';
import { domainFields } from './stat-fields.ts';

/** A group that most domains have nothing in, although it costs each of them a question to its hypervisor process. */
interface RareGroup {
  readonly group: number;
  /** Whether a reading that has the group shows nothing to be followed. */
  readonly isIdle: (monitor: MonitorSample) => boolean;
  /** Whether a parameter is of the group. */
  readonly has: (name: string) => boolean;
}

const rareGroups: readonly RareGroup[] = [
  {
    group: statsGroups.iothread,
    isIdle: ({ layout }) => layout.iothreads.length === 0,
    has: (name) => name.startsWith('iothread.'),
  },
  {
    // A measurement goes on for some seconds after somebody has started it, and its result stays.
    group: statsGroups.dirtyRate,
    isIdle: (monitor) => (monitor.count('dirtyrate.calc_status') ?? 0) === 0,
    has: (name) => name.startsWith('dirtyrate.'),
  },
];

/** The groups of a complete reading that need not be asked for each time. */
export function idleGroups(monitor: MonitorSample, asked: number): number {
  let idle = 0;
  for (const { group, isIdle } of rareGroups) if ((asked & group) !== 0 && isIdle(monitor)) idle |= group;
  return idle;
}

/** Whether a parameter is of one of these groups. */
export function isOfIdleGroup(name: string, groups: number): boolean {
  return rareGroups.some(({ group, has }) => (groups & group) !== 0 && has(name));
}

const fieldsByGroups = new Map<number, readonly Field[]>();

/**
 * The figures of a domain itself that are of one of these groups. Numbered things have none worth keeping: a group
 * is idle only without any of them.
 */
export function fieldsOfIdleGroups(groups: number): readonly Field[] {
  let fields = fieldsByGroups.get(groups);
  if (fields === undefined) {
    fields = domainFields.all.filter(({ parameter }) => isOfIdleGroup(parameter, groups));
    fieldsByGroups.set(groups, fields);
  }
  return fields;
}
