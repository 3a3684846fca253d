import { describe, expect, it } from 'vitest';
import { backoffDelayMs } from '../../../src/run/backoff.ts';

const options = { baseMs: 500, factor: 2, capMs: 30_000, jitter: 0.5 };

describe('backoffDelayMs', () => {
  it('doubles up to the cap', () => {
    const delays = [0, 1, 2, 3, 4, 5, 6, 7, 1000].map((attempt) => backoffDelayMs(attempt, options, () => 0));
    expect(delays).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
  });

  it('leaves a share to chance, never more than the full delay', () => {
    expect(backoffDelayMs(0, options, () => 1)).toBe(250);
    expect(backoffDelayMs(1, options, () => 0.5)).toBe(750);
  });
});
