import { describe, expect, it } from 'vitest';
import type { Clock } from '../../../src/run/clock.ts';
import { type SupervisedState, supervise } from '../../../src/run/supervise.ts';

/** A clock whose sleeps end at once and are written down. */
function fakeClock(): Clock & { readonly sleeps: number[]; advance(ms: number): void } {
  let nowMs = 0;
  const sleeps: number[] = [];
  return {
    sleeps,
    now: () => nowMs,
    monotonicMs: () => nowMs,
    advance(ms) {
      nowMs += ms;
    },
    sleep(ms, signal) {
      sleeps.push(ms);
      nowMs += ms;
      return signal?.aborted ? Promise.reject(signal.reason as Error) : Promise.resolve();
    },
  };
}

const backoff = { baseMs: 100, factor: 2, capMs: 1000, jitter: 0 };
const text = (state: SupervisedState): string =>
  state.state === 'disconnected' ? `disconnected: ${String(state.error)}` : state.state;

describe('supervise', () => {
  it('waits longer after each failure and reports each change once', async () => {
    const controller = new AbortController();
    const clock = fakeClock();
    const states: string[] = [];
    let attempts = 0;
    await supervise({
      signal: controller.signal,
      clock,
      backoff,
      onState: (state) => states.push(text(state)),
      connect: () => {
        attempts += 1;
        if (attempts === 5) controller.abort();
        return Promise.reject(new Error(attempts < 3 ? 'no socket' : 'refused'));
      },
      run: () => Promise.resolve(),
    });
    expect(states).toEqual(['connecting', 'disconnected: Error: no socket', 'disconnected: Error: refused']);
    expect(clock.sleeps).toEqual([100, 200, 400, 800]);
  });

  it('starts with the shortest wait only after a session that lasted', async () => {
    const controller = new AbortController();
    const clock = fakeClock();
    const durationsMs = [10, 10, 70_000, 10];
    const states: string[] = [];
    await supervise({
      signal: controller.signal,
      clock,
      backoff,
      onState: (state) => states.push(text(state)),
      connect: () => Promise.resolve('connection'),
      run: () => {
        clock.advance(durationsMs.shift() ?? 0);
        if (durationsMs.length === 0) controller.abort();
        return Promise.resolve();
      },
    });
    expect(clock.sleeps).toEqual([100, 200, 100]);
    expect(states.slice(0, 4)).toEqual(['connecting', 'connected', 'disconnected: undefined', 'connected']);
  });

  it('waits in another way after errors of a kind, and counts those of each kind in a row', async () => {
    const controller = new AbortController();
    const clock = fakeClock();
    const kinds = ['down', 'down', 'refused', 'refused', 'down'];
    const retries: number[] = [];
    const slow = { baseMs: 10_000, factor: 3, capMs: 60_000, jitter: 0 };
    await supervise({
      signal: controller.signal,
      clock,
      backoff,
      pauseAfter: (error) =>
        String(error).includes('refused')
          ? { backoff: slow, wake: () => new Promise(() => undefined) }
          : undefined,
      onState: (state) => {
        if (state.state === 'disconnected') retries.push(state.retryMs);
      },
      connect: () => {
        const kind = kinds.shift();
        if (kind === undefined) controller.abort();
        return Promise.reject(new Error(kind ?? 'done'));
      },
      run: () => Promise.resolve(),
    });
    expect(clock.sleeps).toEqual([100, 200, 10_000, 30_000, 100]);
    // Told of the first of a row with the same text.
    expect(retries).toEqual([100, 10_000, 100]);
  });

  it('waits no longer when there is no sense in it', async () => {
    const controller = new AbortController();
    const sleeping: AbortSignal[] = [];
    const clock: Clock = {
      ...fakeClock(),
      sleep: (_ms, signal) => {
        if (signal !== undefined) sleeping.push(signal);
        return new Promise((_resolve, reject) => {
          signal?.addEventListener('abort', () => reject(signal.reason as Error));
        });
      },
    };
    let attempts = 0;
    await supervise({
      signal: controller.signal,
      clock,
      pauseAfter: () => ({ backoff, wake: () => Promise.resolve() }),
      onState: () => undefined,
      connect: () => {
        attempts += 1;
        if (attempts === 3) controller.abort();
        return Promise.reject(new Error('refused'));
      },
      run: () => Promise.resolve(),
    });
    expect(attempts).toBe(3);
    expect(sleeping.map(({ aborted }) => aborted)).toEqual([true, true]);
  });

  it('ends without a word when it is aborted while it waits', async () => {
    const controller = new AbortController();
    const states: string[] = [];
    const clock: Clock = {
      ...fakeClock(),
      sleep: (_ms, signal) => {
        controller.abort();
        return Promise.reject(signal?.reason as Error);
      },
    };
    await supervise({
      signal: controller.signal,
      clock,
      backoff,
      onState: (state) => states.push(text(state)),
      connect: () => Promise.reject(new Error('no')),
      run: () => Promise.resolve(),
    });
    expect(states).toEqual(['connecting', 'disconnected: Error: no']);
  });

  it('does not start at all when it is aborted already', async () => {
    const states: string[] = [];
    await supervise({
      signal: AbortSignal.abort(),
      onState: (state) => states.push(text(state)),
      connect: () => Promise.reject(new Error('no')),
      run: () => Promise.resolve(),
    });
    expect(states).toEqual([]);
  });
});
