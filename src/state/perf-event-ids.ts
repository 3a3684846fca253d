/** Numbers of the performance events that LvePerfEventId lists, in the order libvirt introduced them. */
const listedEvents: readonly string[] = [
  'cmt',
  'mbmt',
  'mbml',
  'cache_misses',
  'cache_references',
  'instructions',
  'cpu_cycles',
  'branch_instructions',
  'branch_misses',
  'bus_cycles',
  'stalled_cycles_frontend',
  'stalled_cycles_backend',
  'ref_cpu_cycles',
  'cpu_clock',
  'task_clock',
  'page_faults',
  'context_switches',
  'cpu_migrations',
  'page_faults_min',
  'page_faults_maj',
  'alignment_faults',
  'emulation_faults',
];

/** Numbers from here on are assigned by the agent to events of a newer libvirt. */
export const firstAssignedPerfEvent = 1000;

const ids: ReadonlyMap<string, number> = new Map(listedEvents.map((name, at) => [name, at + 1]));

/** The number LvePerfEventId lists for an event; undefined if it lists none. */
export function listedPerfEvent(name: string): number | undefined {
  return ids.get(name);
}
