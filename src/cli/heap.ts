import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

/** V8's young generation is not let grow beyond this many octets: twice a semi-space of 4 MiB. */
const maxYoungBytes = 8 * 1024 * 1024;

/** How often its size is looked at while it grows, in milliseconds. */
const lookEveryMs = 100;

/**
 * Keeps V8 from growing its young generation to 32 MiB. It does so for the sake of throughput in the first
 * seconds, when all definitions are read, and never gives the memory back: a third of what the agent would
 * hold for good on a host with a thousand domains.
 */
export function limitYoungGeneration(): void {
  const timer = setInterval(() => {
    const young = getHeapSpaceStatistics().find((space) => space.space_name === 'new_space');
    if (young !== undefined && young.space_size < maxYoungBytes) return;
    clearInterval(timer);
    // The limit itself is fixed at start; the factor by which the space grows is read at each growth.
    setFlagsFromString('--semi-space-growth-factor=1');
  }, lookEveryMs);
  timer.unref();
}
