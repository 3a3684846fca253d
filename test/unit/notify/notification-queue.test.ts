import { afterEach, expect, test, vi } from 'vitest';
import { ConnectionLostError, NotSentError } from '../../../src/errors.ts';
import { silentLogger } from '../../../src/log.ts';
import type { NotificationMaster } from '../../../src/notify/notification-master.ts';
import { NotificationQueue } from '../../../src/notify/notification-queue.ts';

afterEach(() => {
  vi.useRealTimers();
});

test('a queue that is closed sends nothing again, though the master is there', async () => {
  vi.useFakeTimers();
  const sessions: ((error: Error) => void)[] = [];
  const master: NotificationMaster = {
    state: 'registered',
    isAsked: true,
    onStateChange: () => () => undefined,
    notify: () => new Promise((_resolve, reject) => sessions.push(reject)),
  };
  const encode = ({ name }: { readonly name: string }) => ({ name, trapOid: [1, 3, 6, 1], varbinds: [] });
  const queue = new NotificationQueue({ master, encode, logger: silentLogger });
  const content = { name: 'lveConnectionChange', values: {} };
  queue.push({ at: 0, content, seqs: [], domainIndexes: [], family: '' });
  queue.close();
  sessions[0]?.(new ConnectionLostError('the master went away'));
  await vi.advanceTimersByTimeAsync(10_000);
  expect(sessions).toHaveLength(1);
  expect(queue.left).toHaveLength(1);
});

test('what was in line for its turn when sessions ended is not given up; what ended them is', async () => {
  vi.useFakeTimers();
  const outcomes: (() => Promise<void>)[] = [];
  const master: NotificationMaster = {
    state: 'registered',
    isAsked: true,
    onStateChange: () => () => undefined,
    notify: () => outcomes.shift()?.() ?? Promise.resolve(),
  };
  const encode = ({ name }: { readonly name: string }) => ({ name, trapOid: [1, 3, 6, 1], varbinds: [] });
  const queue = new NotificationQueue({ master, encode, logger: silentLogger });
  const content = { name: 'lveConnectionChange', values: {} };
  const counted = async (outcome: () => Promise<void>) => {
    outcomes.push(...Array.from({ length: 10 }, () => outcome));
    queue.push({ at: 0, content, seqs: [], domainIndexes: [], family: '' });
    await vi.advanceTimersByTimeAsync(60_000);
    return { ...queue.counters, left: queue.left.length };
  };
  const unsent = await counted(() => Promise.reject(new NotSentError('there is no session')));
  expect(outcomes).toEqual([]);
  expect(unsent).toEqual({ sent: 1, suppressed: 0, left: 0 });
  const lost = await counted(() => Promise.reject(new ConnectionLostError('the master went away')));
  expect(lost).toEqual({ sent: 1, suppressed: 1, left: 0 });
});
