// Loaded into the agent before its program (node --import): on SIGUSR2 appends a line of JSON to BENCH_PROBE_FILE,
// with the longest time that the event loop was held since the last line, and the memory in use.
import { appendFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';

const resolutionMs = 1;
const histogram = monitorEventLoopDelay({ resolution: resolutionMs });
histogram.enable();

process.on('SIGUSR2', () => {
  const ms = (ns) => Math.max(0, ns / 1e6 - resolutionMs);
  const line = {
    maxMs: ms(histogram.max),
    p99Ms: ms(histogram.percentile(99)),
    heapMib: process.memoryUsage().heapUsed / 2 ** 20,
  };
  histogram.reset();
  appendFileSync(process.env['BENCH_PROBE_FILE'] ?? '/dev/null', `${JSON.stringify(line)}\n`);
});
