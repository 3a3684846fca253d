import { expect, test } from 'vitest';
import { NEVER } from '../../../src/mib/elapsed.ts';
import { clockValue } from '../../../src/tree/clock.ts';
import type { ReadContext } from '../../../src/tree/tree.ts';

const now = Date.UTC(2026, 0, 1);
const context: ReadContext = { now, masterStartedAt: now - 60_000 };

test('seconds and hundredths of a second are whole, and never negative', () => {
  expect(clockValue('seconds', now - 1999, context)).toBe(1);
  expect(clockValue('ticks', now - 1999, context)).toBe(199);
  expect(clockValue('seconds', now + 5000, context)).toBe(0);
});

test('no time has passed since NEVER', () => {
  expect(clockValue('seconds', NEVER, context)).toBe(0);
  expect(clockValue('ticks', NEVER, context)).toBe(0);
});

test('a gauge of seconds stops at its end, TimeTicks start again', () => {
  const longAgo = { ...context, now: 2 ** 33 * 1000 };
  expect(clockValue('seconds', 0, longAgo)).toBe(2 ** 32 - 1);
  expect(clockValue('ticks', 0, { ...context, now: 2 ** 32 * 10 + 15 })).toBe(1);
});

test('a TimeStamp counts from the start of the master', () => {
  expect(clockValue('timeStamp', now - 59_000, context)).toBe(100);
  expect(clockValue('timeStamp', now - 61_000, context)).toBe(0);
  expect(clockValue('timeStamp', now, { ...context, masterStartedAt: undefined })).toBe(0);
});
