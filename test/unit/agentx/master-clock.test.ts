import { describe, expect, it } from 'vitest';
import { MasterClock } from '../../../src/agentx/master-clock.ts';
import { clockValue } from '../../../src/tree/clock.ts';

/** Two clocks of a host, which only sometimes move together. */
class SteppedClock {
  wall = 1_700_000_000_000;
  monotonic = 5000;

  now(): number {
    return this.wall;
  }

  monotonicMs(): number {
    return this.monotonic;
  }

  async sleep(): Promise<void> {}

  pass(ms: number): void {
    this.wall += ms;
    this.monotonic += ms;
  }
}

describe('the start of the master', () => {
  it('is not known before its first Response, and does not waver with late ones', () => {
    const clock = new SteppedClock();
    const master = new MasterClock(clock);
    expect(master.startedAt).toBeUndefined();
    master.observe(100);
    const startedAt = clock.wall - 1000;
    expect(master.startedAt).toBe(startedAt);
    clock.pass(60_000);
    // This Response took a second.
    master.observe(6000);
    expect(master.startedAt).toBe(startedAt);
    clock.wall += 100;
    expect(master.startedAt).toBe(startedAt);
  });

  it('is another one when it restarts', () => {
    const clock = new SteppedClock();
    const master = new MasterClock(clock);
    master.observe(360_000);
    clock.pass(10_000);
    master.observe(50);
    expect(master.startedAt).toBe(clock.wall - 500);
  });

  it.each([3_600_000, -3_600_000])('moves with the wall clock that is set by %i ms', (stepMs) => {
    const clock = new SteppedClock();
    const master = new MasterClock(clock);
    master.observe(100);
    const before = clock.wall;
    clock.pass(10_000);
    clock.wall += stepMs;
    const context = { now: clock.now(), masterStartedAt: master.startedAt };
    // Without another Response: sysUpTime is what it was and the time that has passed.
    expect(clockValue('timeStamp', clock.now(), context)).toBe(1100);
    // Whatever was noted before never lies beyond it.
    expect(clockValue('timeStamp', before, context)).toBeLessThanOrEqual(1100);
  });
});
