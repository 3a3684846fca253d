import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DeadlineTimer } from '../../../src/libvirt/deadline-timer.ts';

describe('DeadlineTimer', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('wakes at the earliest deadline, once', () => {
    const onDue = vi.fn();
    const timer = new DeadlineTimer(onDue);
    const nowMs = performance.now();
    for (const inMs of [300, 100, 200]) timer.wakeAt(nowMs + inMs);
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(99);
    expect(onDue).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(onDue).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(1000);
    expect(onDue).toHaveBeenCalledTimes(1);
  });

  it('takes the next deadline when it wakes', () => {
    const dueMs: number[] = [];
    const nowMs = performance.now();
    const timer = new DeadlineTimer(() => {
      dueMs.push(performance.now() - nowMs);
      timer.wakeAt(nowMs + 250);
    });
    timer.wakeAt(nowMs + 100);
    vi.advanceTimersByTime(260);
    expect(dueMs.slice(0, 2)).toEqual([100, 250]);
    timer.stop();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('does not wake for what has no deadline', () => {
    const timer = new DeadlineTimer(() => undefined);
    timer.wakeAt(Number.POSITIVE_INFINITY);
    expect(vi.getTimerCount()).toBe(0);
  });
});
