// Loaded into the agent before its program (node --import), in each of its threads: on SIGUSR2 every thread appends a
// line of JSON to BENCH_PROBE_FILE with the longest times that its event loop was held since the last line.
//
// A timer that is due every millisecond finds out how late it is, and how much CPU the thread used meanwhile. The
// lesser of the two is how long the program itself held the loop: the rest was other programs on the same CPU.
import { appendFileSync, openSync, readFileSync, readSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';
import { reportOnSignal } from '../../support/report-on-signal.mjs';

const periodMs = 1;
const keep = 1_000_000;
const buffer = Buffer.alloc(64);
const schedstat = openSync('/proc/thread-self/schedstat', 'r');
let held = [];
let longestMs = 0;
let longestLatenessMs = 0;
let lastMs = performance.now();
let lastCpuMs = cpuMs();

/** CPU time of this thread, to the nanosecond as the scheduler counts it. */
function cpuMs() {
  const length = readSync(schedstat, buffer, 0, buffer.length, 0);
  return Number(buffer.toString('latin1', 0, length).split(' ')[0]) / 1e6;
}

setInterval(() => {
  const nowMs = performance.now();
  const nowCpuMs = cpuMs();
  const lateMs = nowMs - lastMs - periodMs;
  const heldMs = Math.min(nowMs - lastMs, nowCpuMs - lastCpuMs);
  longestLatenessMs = Math.max(longestLatenessMs, lateMs);
  longestMs = Math.max(longestMs, heldMs);
  if (held.length < keep) held.push(heldMs);
  lastMs = nowMs;
  lastCpuMs = nowCpuMs;
}, periodMs).unref();

/** The threads name themselves: `agentx` is the one that answers. */
function threadName() {
  const name = readFileSync('/proc/thread-self/comm', 'latin1').trim();
  return name === 'agentx' ? 'serving' : name;
}

function report() {
  const sorted = Float64Array.from(held).sort();
  const line = {
    thread: isMainThread ? 'main' : threadName(),
    maxMs: longestMs,
    p99Ms: sorted[Math.floor(sorted.length * 0.99)] ?? 0,
    maxLatenessMs: longestLatenessMs,
  };
  held = [];
  longestMs = 0;
  longestLatenessMs = 0;
  appendFileSync(process.env['BENCH_PROBE_FILE'] ?? '/dev/null', `${JSON.stringify(line)}\n`);
}

reportOnSignal('held-loop', report);
