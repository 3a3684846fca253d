import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

/** V8's young generation is not let grow beyond this many octets: twice a semi-space of 4 MiB. */
const maxYoungBytes = 8 * 1024 * 1024;

/**
 * How much the heap may grow between two full collections, in percent of what is alive. Less, as V8 would choose
 * when it optimises for size, saves a few MiB and makes a refresh of 1,000 domains a quarter dearer.
 */
const growthPercent = 40;

/** How often its size is looked at while it grows, in milliseconds. */
const lookEveryMs = 100;

/**
 * Tells V8 that this process is a guest on somebody's hypervisor. By default it lets garbage grow to several
 * times what is alive before it collects, and its young generation to 32 MiB, for the sake of throughput that
 * an agent needs only while it reads all definitions at its start; and it never gives that memory back.
 * `docs/performance.md` has the figures.
 */
export function keepHeapSmall(): void {
  // Both are read at each collection.
  setFlagsFromString('--optimize-for-size');
  setFlagsFromString(`--heap-growing-percent=${growthPercent}`);
  const timer = setInterval(() => {
    const young = getHeapSpaceStatistics().find((space) => space.space_name === 'new_space');
    if (young !== undefined && young.space_size < maxYoungBytes) return;
    clearInterval(timer);
    // The limit itself is fixed at start; the factor by which the space grows is read at each growth.
    setFlagsFromString('--semi-space-growth-factor=1');
  }, lookEveryMs);
  timer.unref();
}
