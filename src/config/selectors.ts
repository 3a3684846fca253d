/**
 * Selectors of optional statistics (`extra_stats`, lveExtraStats), in the order of the MIB. The first
 * fifteen carry the names of collectd's virt plugin.
 */
export const statSelectors = {
  cpu_util: 'CPU percent of domains, vCPUs and the host',
  disk: 'disk requests, octets, times and latencies',
  disk_err: 'disks in error (virDomainGetDiskErrors)',
  domain_state: 'what libvirt has noted of a domain: tainting, deprecation',
  fs_info: 'file systems inside the guest; needs libvirt.read_write and the guest agent',
  job_stats_background: 'the running job of a domain',
  job_stats_completed: 'the latest completed job of a domain',
  memory: 'balloon and guest memory figures',
  pcpu: 'user and system CPU time of a domain',
  perf: 'perf events enabled in the domain',
  vcpu: 'figures per vCPU: state, time, wait, delay',
  vcpupin: 'pinning of vCPUs, emulator and iothreads, vmCpuAffinityTable',
  disk_physical: 'physical size of disk images',
  disk_allocation: 'what disk images take on the host',
  disk_capacity: 'logical size of disks',
  guest:
    'operating system, host name, load, users of the guest; needs libvirt.read_write and the guest agent',
  iothread: 'iothreads and their polling parameters',
  dirtyrate: 'memory dirty rate, where something has started a measurement',
  metadata: 'OpenStack Nova metadata and configured labels',
  iotune: 'limits of disks and NICs',
  xml: 'the whole domain definition in pieces',
  pool: 'storage pools, and which of them holds the image of a disk',
  network: 'virtual networks, and addresses of guests as the host sees them',
  raw: 'every typed parameter by name, also those that other objects hold',
  stat: 'typed parameters that no other object holds, by name',
  snapshot: 'snapshots and checkpoints',
  numa: 'NUMA cells and huge pages of the host',
  ksm: 'kernel same-page merging on the host',
  sched: 'CPU shares, quota and period',
  block_job: 'block jobs (copy, commit, pull)',
  control:
    'state of the control interface in lveDomTable; it is looked at in any case, before anything that could hang',
  block_layers: 'statistics of the lower layers of backing chains, by name in lveStatTable',
} as const;

export type StatSelector = keyof typeof statSelectors;

/** All selectors, in the MIB's order. */
export const statSelectorNames = Object.keys(statSelectors) as readonly StatSelector[];

/** Not in the default: what needs a read-write connection, and what multiplies the number of objects. */
const offByDefault: ReadonlySet<StatSelector> = new Set([
  'fs_info',
  'guest',
  'xml',
  'raw',
  'block_layers',
] satisfies StatSelector[]);

/** The selectors in effect when nothing is configured. */
export const defaultStatSelectors: readonly StatSelector[] = statSelectorNames.filter(
  (name) => !offByDefault.has(name),
);

/** Words of `extra_stats` that stand for a set of selectors. */
export const selectorSets = {
  default: defaultStatSelectors,
  all: statSelectorNames,
  none: [],
} as const satisfies Readonly<Record<string, readonly StatSelector[]>>;

type SelectorSet = keyof typeof selectorSets;

/** A word of `extra_stats`. */
export type SelectorWord = StatSelector | SelectorSet | `-${StatSelector | SelectorSet}`;

function isSelectorSet(name: string): name is SelectorSet {
  return Object.hasOwn(selectorSets, name);
}

export function isStatSelector(name: string): name is StatSelector {
  return Object.hasOwn(statSelectors, name);
}

/**
 * What a list of words selects, in the MIB's order: a selector or a set adds, `-name` removes. A list
 * that begins by removing begins with the default set. Words must be known.
 */
export function resolveSelectors(words: readonly string[]): readonly StatSelector[] {
  const chosen = new Set<StatSelector>(words[0]?.startsWith('-') ? defaultStatSelectors : []);
  for (const word of words) {
    const remove = word.startsWith('-');
    const name = remove ? word.slice(1) : word;
    const names = isSelectorSet(name) ? selectorSets[name] : isStatSelector(name) ? [name] : [];
    for (const each of names) {
      if (remove) chosen.delete(each);
      else chosen.add(each);
    }
  }
  return statSelectorNames.filter((name) => chosen.has(name));
}

/**
 * The fewest octets that select the same: the names themselves, or a set and what is added to it or, with a minus,
 * taken from it. As `extra_stats` takes them.
 */
export function selectorText(selectors: readonly StatSelector[]): string {
  const chosen = new Set(selectors);
  const texts = Object.entries(selectorSets).map(([set, names]) => {
    const known = new Set(names);
    const added = selectors.filter((name) => !known.has(name));
    const removed = names.filter((name) => !chosen.has(name)).map((name) => `-${name}`);
    return [...(set === 'none' && added.length > 0 ? [] : [set]), ...added, ...removed].join(' ');
  });
  return texts.reduce((shortest, text) => (text.length < shortest.length ? text : shortest));
}
