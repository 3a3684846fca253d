import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { endingAfter, late, within } from '../../../src/run/deadline.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('gives what the promise gives in time, and leaves no timer behind', async () => {
  expect(await within(1000, Promise.resolve('value'))).toBe('value');
  await expect(within(1000, Promise.reject(new Error('refused')))).rejects.toThrow('refused');
  expect(vi.getTimerCount()).toBe(0);
});

it('gives up after the time, and does not mind a rejection that comes later', async () => {
  let reject: (error: Error) => void = () => undefined;
  const slow = new Promise<never>((_, onReject) => {
    reject = onReject;
  });
  const outcome = within(1000, slow);
  await vi.advanceTimersByTimeAsync(1000);
  expect(await outcome).toBe(late);
  // An unhandled rejection would fail the run.
  reject(new Error('too late'));
  await vi.advanceTimersByTimeAsync(0);
});

it('gives up once the signal is aborted, also if it was before', async () => {
  const never = new Promise<never>(() => undefined);
  const giveUp = new AbortController();
  const outcome = within(1000, never, giveUp.signal);
  giveUp.abort();
  expect(await outcome).toBe(late);
  expect(await within(1000, never, giveUp.signal)).toBe(late);
  expect(vi.getTimerCount()).toBe(0);
});

describe('what ends after a time', () => {
  const tooLong = () => new Error('too long');
  /** Ends as soon as it is told to. */
  const untilTold = (signal: AbortSignal) =>
    new Promise<never>((_, reject) => {
      if (signal.aborted) reject(signal.reason as Error);
      signal.addEventListener('abort', () => reject(signal.reason as Error));
    });

  it('gives what the step gives in time, and leaves no timer behind', async () => {
    expect(await endingAfter(1000, tooLong, () => Promise.resolve('value'))).toBe('value');
    expect(vi.getTimerCount()).toBe(0);
  });

  it('has the step end after the time, for the reason given', async () => {
    const outcome = endingAfter(1000, tooLong, untilTold).catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(1000);
    expect(await outcome).toEqual(new Error('too long'));
  });

  it('has the step end with another signal, be it one that has aborted before', async () => {
    const closing = new AbortController();
    const outcome = endingAfter(1000, tooLong, untilTold, closing.signal);
    closing.abort(new Error('closing'));
    await expect(outcome).rejects.toThrow('closing');
    await expect(endingAfter(1000, tooLong, untilTold, closing.signal)).rejects.toThrow('closing');
    expect(vi.getTimerCount()).toBe(0);
  });
});

it('blames nobody for what came while the process was stopped', async () => {
  vi.useRealTimers();
  const answer = new Promise((resolve) => setTimeout(() => resolve('there'), 60));
  const outcome = within(50, answer);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1300);
  expect(await outcome).toBe('there');
});
