import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { LimitBoard } from '../../../src/collect/limit-board.ts';
import { WarningBoard } from '../../../src/collect/records/warning-board.ts';
import { recordingLogger } from '../../support/recording-logger.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('a limit that is reached on and on is told once in a while, and no more when it is not', async () => {
  const texts: string[] = [];
  const warnings = new WarningBoard((rows) => texts.push(...rows.map(({ text }) => text)));
  const { logger, lines } = recordingLogger();
  const board = new LimitBoard(warnings, logger);
  let count = 0;
  const reach = (): void => {
    count += 1;
    board.reached({ key: 'rate', code: 'limitReached', text: () => `${count} were dropped` });
  };
  for (let step = 0; step < 3000; step++) {
    reach();
    await vi.advanceTimersByTimeAsync(10);
  }
  // After the first second, and then every ten.
  // After the first second, and then every ten.
  expect(texts).toEqual(['100 were dropped', '1100 were dropped', '2100 were dropped']);
  expect(lines.map(({ message }) => message)).toEqual(['100 were dropped']);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(warnings.rows).toMatchObject([{ code: 'limitReached', text: '3000 were dropped' }]);
  await vi.advanceTimersByTimeAsync(600_000);
  expect(warnings.rows).toEqual([]);
  reach();
  await vi.advanceTimersByTimeAsync(1000);
  expect(warnings.rows).toMatchObject([{ text: '3001 were dropped' }]);
  board.close();
});

test('one that lasts has a line of the log now and then', async () => {
  const { logger, lines } = recordingLogger();
  const board = new LimitBoard(new WarningBoard(() => undefined), logger);
  const limit = { key: 'domains', code: 'limitReached', text: () => 'too many' } as const;
  for (let minute = 0; minute < 25; minute++) {
    board.reached(limit);
    await vi.advanceTimersByTimeAsync(60_000);
  }
  expect(lines.map(({ level }) => level)).toEqual(['warn', 'warn', 'warn']);
  board.close();
});
