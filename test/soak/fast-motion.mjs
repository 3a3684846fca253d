// Loaded into the agent before its program (node --import), in each of its threads: its clocks and its timers go
// FAST_MOTION times as fast, so that an hour of the soak is many hours of the agent. On SIGUSR2 each thread collects all
// garbage and appends a line of JSON to FAST_MOTION_FILE: what is left is what it keeps.
//
// FAST_MOTION_ZERO is the moment from which on time goes faster, as nanoseconds of the monotonic clock and milliseconds
// of the wall clock: all threads must agree on the time.
import { appendFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import timersPromises from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { threadId } from 'node:worker_threads';
import { reportOnSignal } from '../support/report-on-signal.mjs';

const speed = Number(process.env['FAST_MOTION']);
const [zeroNs = '0', zeroMs = '0'] = (process.env['FAST_MOTION_ZERO'] ?? '').split(',');

const nowNs = process.hrtime.bigint.bind(process.hrtime);
const passedNs = () => nowNs() - BigInt(zeroNs);
const fastNs = () => BigInt(zeroNs) + BigInt(Math.round(Number(passedNs()) * speed));
process.hrtime = Object.assign(
  (since = [0, 0]) => {
    const ns = fastNs() - (BigInt(since[0]) * 1_000_000_000n + BigInt(since[1]));
    return [Number(ns / 1_000_000_000n), Number(ns % 1_000_000_000n)];
  },
  { bigint: fastNs },
);
Date.now = () => Math.floor(Number(zeroMs) + (Number(passedNs()) / 1e6) * speed);
const threadMs = performance.now.bind(performance);
Object.defineProperty(performance, 'now', { value: () => threadMs() * speed });

const { setTimeout: timeout, setInterval: interval } = globalThis;
globalThis.setTimeout = (action, ms = 0, ...args) => timeout(action, ms / speed, ...args);
globalThis.setInterval = (action, ms = 0, ...args) => interval(action, ms / speed, ...args);
const sleep = timersPromises.setTimeout;
timersPromises.setTimeout = (ms = 0, ...args) => sleep(ms / speed, ...args);
syncBuiltinESMExports();

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc');

function report() {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  const line = { threadId, heapBytes: heapUsed, outsideBytes: external };
  appendFileSync(process.env['FAST_MOTION_FILE'] ?? '/dev/null', `${JSON.stringify(line)}\n`);
}

reportOnSignal('fast-motion', report);
