import type { PerfEvent } from '../../model/stat.ts';
import type { PerfSample } from './sample-layout.ts';

/** Events whose value is a level and not a count: bytes of cache, bytes per second of memory bandwidth. */
const gauges: ReadonlySet<string> = new Set(['cmt', 'mbmt', 'mbml']);

/** Events that use Intel Resource Director Technology, which has one user at a time on a host. */
export function usesRdt(event: string): boolean {
  return gauges.has(event);
}

/**
 * The rows of lvePerfTable, ascending by event number. libvirt reports an event only where it is enabled for
 * the domain and counted by the kernel.
 *
 * @param numberOf - LvePerfEventId of a name: the listed number, or one the agent assigned for good.
 */
export function perfEvents(
  samples: readonly PerfSample[],
  numberOf: (name: string) => number,
): readonly PerfEvent[] {
  return samples
    .map(({ name, value }) => ({
      event: numberOf(name),
      name,
      value: gauges.has(name) ? undefined : value,
      gauge: gauges.has(name) ? value : undefined,
    }))
    .sort((a, b) => a.event - b.event);
}
