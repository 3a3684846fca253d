import { afterEach, expect, test, vi } from 'vitest';
import { ConnectionLostError } from '../../../src/errors.ts';
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
