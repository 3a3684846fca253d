// Loaded into the agent before its program (node --import): on SIGUSR2 appends a line of JSON to BENCH_PROBE_FILE with
// the longest times that the event loop was held since the last line.
//
// A timer that is due every millisecond finds out how late it is, and how much CPU the process used meanwhile. The
// lesser of the two is how long the program itself held the loop: the rest was other programs on the same CPU.
import { appendFileSync } from 'node:fs';

const periodMs = 1;
const keep = 1_000_000;
let held = [];
let longestMs = 0;
let longestLatenessMs = 0;
let lastMs = performance.now();
let lastCpuUs = cpuUs();

function cpuUs() {
  const { user, system } = process.cpuUsage();
  return user + system;
}

setInterval(() => {
  const nowMs = performance.now();
  const nowCpuUs = cpuUs();
  const lateMs = nowMs - lastMs - periodMs;
  const heldMs = Math.min(nowMs - lastMs, (nowCpuUs - lastCpuUs) / 1000);
  longestLatenessMs = Math.max(longestLatenessMs, lateMs);
  longestMs = Math.max(longestMs, heldMs);
  if (held.length < keep) held.push(heldMs);
  lastMs = nowMs;
  lastCpuUs = nowCpuUs;
}, periodMs).unref();

process.on('SIGUSR2', () => {
  const sorted = Float64Array.from(held).sort();
  const line = {
    maxMs: longestMs,
    p99Ms: sorted[Math.floor(sorted.length * 0.99)] ?? 0,
    maxLatenessMs: longestLatenessMs,
  };
  held = [];
  longestMs = 0;
  longestLatenessMs = 0;
  appendFileSync(process.env['BENCH_PROBE_FILE'] ?? '/dev/null', `${JSON.stringify(line)}\n`);
});
