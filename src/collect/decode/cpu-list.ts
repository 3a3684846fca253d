import type { AffinityCell } from '../../model/vcpu.ts';

/** Bit n of a CPU map of libvirt: the least significant bit of the first octet comes first. */
export function hasCpu(map: Uint8Array, cpu: number): boolean {
  return ((map[cpu >> 3] ?? 0) & (1 << (cpu & 7))) !== 0;
}

/** The numbers of the CPUs in a map, ascending, those of `cpus` and above left out. */
export function cpusOf(map: Uint8Array, cpus: number): number[] {
  const numbers: number[] = [];
  for (let cpu = 0; cpu < cpus; cpu += 1) if (hasCpu(map, cpu)) numbers.push(cpu);
  return numbers;
}

/** Ascending numbers in the kernel's list format: `0-3,8`; undefined for an empty list. */
export function cpuList(numbers: readonly number[]): string | undefined {
  const parts: string[] = [];
  for (let at = 0; at < numbers.length; ) {
    const first = numbers[at] ?? 0;
    let last = first;
    at += 1;
    while (numbers[at] === last + 1) {
      last += 1;
      at += 1;
    }
    parts.push(first === last ? `${first}` : `${first}-${last}`);
  }
  return parts.length === 0 ? undefined : parts.join(',');
}

/** More CPUs than any host has; a list that names higher ones is not a list of CPUs. */
const maxCpu = 65_535;

/** The numbers in a list such as `0-3,8`, ascending; undefined if it is not such a list. */
export function parseCpuList(list: string): number[] | undefined {
  const numbers = new Set<number>();
  for (const part of list.split(',')) {
    const match = /^\s*(\d{1,5})(?:-(\d{1,5}))?\s*$/.exec(part);
    if (match === null) return undefined;
    const first = Number(match[1]);
    const last = Number(match[2] ?? match[1]);
    if (last < first || last > maxCpu) return undefined;
    for (let cpu = first; cpu <= last; cpu += 1) numbers.add(cpu);
  }
  return [...numbers].sort((a, b) => a - b);
}

/**
 * hrDeviceIndex of a host CPU as net-snmp's HOST-RESOURCES-MIB on Linux numbers it (device type processor in
 * the upper octets); vmCpuPhysIndex has to equal it (RFC 7666).
 */
export function cpuDeviceIndex(cpu: number): number {
  return (3 << 16) + cpu;
}

/** How the matrix of vmCpuAffinityTable is filled. */
export type AffinityMode = 'dense' | 'compact' | 'off';

/**
 * The row of the matrix for one mask: `dense` has a cell for every host CPU, `compact` only for those that
 * are allowed, and none at all for a mask that allows every CPU.
 */
export function affinityCells(
  allowed: readonly number[],
  cpus: number,
  mode: AffinityMode,
): readonly AffinityCell[] | undefined {
  if (mode === 'off') return undefined;
  if (mode === 'compact') {
    if (allowed.length >= cpus) return [];
    return allowed.map((cpu) => ({ physIndex: cpuDeviceIndex(cpu), affinity: 'enable' }));
  }
  const set = new Set(allowed);
  return Array.from({ length: cpus }, (_, cpu) => ({
    physIndex: cpuDeviceIndex(cpu),
    affinity: set.has(cpu) ? 'enable' : 'disable',
  }));
}
