import { getHeapSpaceStatistics, getHeapStatistics, setFlagsFromString } from 'node:v8';

/** V8's young generation is kept to this many octets: its two halves of 2 MiB each. */
const maxYoungBytes = 4 * 1024 * 1024;

/**
 * How much the heap may grow between two full collections, in percent of what is alive: each 20 more would cost some
 * 5 MiB at 1,000 domains, and save a few percent of the time of a refresh.
 */
const growthPercent = 40;

/**
 * The same of a large heap. The program itself is alive too, and lets a small heap grow for five refreshes; where the
 * domains are most of it, as with thousands, 40 percent would be full after two, and all is marked that much more often.
 */
const largeGrowthPercent = 80;

/** A heap is large from so many octets on, garbage included: it has some 2,000 domains in it then. */
const largeBytes = 64 * 1024 * 1024;

/** How often the size of the young generation is looked at until it is small, in milliseconds. */
const lookEveryMs = 100;

/** How often that of the whole heap is looked at. */
const measureEveryMs = 5000;

/**
 * Tells V8 that this process is a guest on somebody's hypervisor. By default it lets garbage grow to several
 * times what is alive before it collects, and its young generation to 32 MiB, for the sake of throughput that
 * an agent needs only while it reads all definitions at its start; and it never gives that memory back.
 * `docs/performance.md` has the figures.
 */
export function keepHeapSmall(): void {
  // Read at each collection, as are the others.
  setGrowth(growthPercent);
  let percent = growthPercent;
  setInterval(() => {
    const wanted = getHeapStatistics().used_heap_size < largeBytes ? growthPercent : largeGrowthPercent;
    if (wanted === percent) return;
    percent = wanted;
    setGrowth(percent);
  }, measureEveryMs).unref();
  // The young generation has grown while the modules were loaded. The limit of its size is fixed at the start of the
  // process; optimising for size makes it shrink, and without a factor to grow by it stays small.
  setFlagsFromString('--optimize-for-size');
  const timer = setInterval(() => {
    const young = getHeapSpaceStatistics().find((space) => space.space_name === 'new_space');
    if (young !== undefined && young.space_size > maxYoungBytes) return;
    clearInterval(timer);
    setFlagsFromString('--semi-space-growth-factor=1');
    // For good it would be a bad bargain: each collection would move all that is alive closer together.
    setFlagsFromString('--no-optimize-for-size');
  }, lookEveryMs);
  timer.unref();
}

function setGrowth(percent: number): void {
  setFlagsFromString(`--heap-growing-percent=${percent}`);
}
