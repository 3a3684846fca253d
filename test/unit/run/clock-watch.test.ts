import { Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';
import { systemClock, wallOffsetMs } from '../../../src/run/clock.ts';
import { watchClock } from '../../../src/run/clock-watch.ts';
import { waitUntil } from '../../lab/wait.ts';

it('tells of steps of the wall clock and not of its slewing', async () => {
  let offset = 0;
  const steps: (readonly [number, number])[] = [];
  const stop = watchClock({
    everyMs: 1,
    offsetMs: () => offset,
    onStep: (byMs, offsetMs) => steps.push([byMs, offsetMs]),
  });
  try {
    offset = 900;
    offset = 3_600_000;
    await waitUntil(() => steps.length === 1, { what: 'the step', intervalMs: 1 });
    offset = 0;
    await waitUntil(() => steps.length === 2, { what: 'the step back', intervalMs: 1 });
    expect(steps).toEqual([
      [3_600_000, 3_600_000],
      [-3_600_000, 0],
    ]);
  } finally {
    stop();
  }
});

it('has moments that agree with the wall clock as long as nobody sets that, in whole milliseconds', () => {
  expect(Number.isInteger(systemClock.now())).toBe(true);
  expect(wallOffsetMs()).toBe(0);
});

it('has the same moments in every thread', async () => {
  const code = `
    const { getEnvironmentData, parentPort } = require('node:worker_threads');
    parentPort.postMessage(getEnvironmentData('libvirt-agentx: the moment at which the monotonic clock was zero'));`;
  const worker = new Worker(code, { eval: true });
  const base = await new Promise<unknown>((resolve) => {
    worker.once('message', resolve);
  });
  const [seconds, nanoseconds] = process.hrtime();
  const elapsedMs = systemClock.now() - (Number(base) + seconds * 1000 + nanoseconds / 1e6);
  expect(Math.abs(elapsedMs)).toBeLessThanOrEqual(1000);
});
