import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ServiceManager } from '../../../src/systemd/service-manager.ts';
import { recordingLogger } from '../../support/recording-logger.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A service and its manager; `sent` has each message as its assignments, `answer` lets what is under way arrive. */
function start(options: { watchdogMs?: number; isSlow?: boolean } = {}) {
  const sent: string[] = [];
  const arrivals: (() => void)[] = [];
  const service = { status: 'as it was', isAlive: () => Promise.resolve() };
  const fault: { error: Error | undefined } = { error: undefined };
  const { logger, lines } = recordingLogger();
  const manager = new ServiceManager({
    send: async (assignments) => {
      sent.push(assignments.join(' '));
      if (options.isSlow === true) await new Promise<void>((resolve) => arrivals.push(resolve));
      if (fault.error !== undefined) throw fault.error;
    },
    watchdogMs: options.watchdogMs,
    service: { statusText: () => service.status, isAlive: () => service.isAlive() },
    logger,
    monotonicUsec: () => 42n,
  });
  const take = async (): Promise<string[]> => {
    await vi.advanceTimersByTimeAsync(0);
    return sent.splice(0);
  };
  const arrive = async (): Promise<void> => {
    arrivals.shift()?.();
    await vi.advanceTimersByTimeAsync(0);
  };
  return { manager, service, fault, lines, take, arrive };
}

test('is ready, reloads and stops', async () => {
  const { manager, take } = start();
  manager.ready();
  expect(await take()).toEqual(['READY=1 STATUS=as it was']);
  manager.reloading();
  expect(await take()).toEqual(['RELOADING=1 MONOTONIC_USEC=42']);
  manager.ready();
  expect(await take()).toEqual(['READY=1 STATUS=as it was']);
  manager.stopping();
  // A reload that ends meanwhile is none of systemd's business any more.
  manager.ready();
  manager.reloading();
  await vi.advanceTimersByTimeAsync(600_000);
  expect(await take()).toEqual(['STOPPING=1 STATUS=stopping']);
});

test('tells a status when it is another one, not more often than every five seconds', async () => {
  const { manager, service, take } = start();
  manager.ready();
  await take();
  await vi.advanceTimersByTimeAsync(20_000);
  expect(await take()).toEqual([]);
  for (let nth = 1; nth < 50; nth++) {
    service.status = `changed ${nth}`;
    await vi.advanceTimersByTimeAsync(100);
  }
  expect(await take()).toEqual([]);
  await vi.advanceTimersByTimeAsync(100);
  expect(await take()).toEqual(['STATUS=changed 49']);
});

test('gives signs of life three times as often as systemd wants one, as long as there is life', async () => {
  const { manager, service, lines, take } = start({ watchdogMs: 60_000 });
  await vi.advanceTimersByTimeAsync(120_000);
  expect(await take()).toEqual([]);
  manager.ready();
  await take();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(await take()).toEqual(['WATCHDOG=1', 'WATCHDOG=1', 'WATCHDOG=1']);
  service.isAlive = () => new Promise(() => undefined);
  await vi.advanceTimersByTimeAsync(120_000);
  expect(await take()).toEqual([]);
  expect(lines).toMatchObject([{ level: 'error', message: expect.stringContaining('does not respond') }]);
  service.isAlive = () => Promise.resolve();
  await vi.advanceTimersByTimeAsync(20_000);
  expect(await take()).toEqual(['WATCHDOG=1']);
  // A reload does not double them.
  manager.reloading();
  manager.ready();
  await take();
  await vi.advanceTimersByTimeAsync(20_000);
  expect(await take()).toEqual(['WATCHDOG=1']);
});

test('does not pile up what cannot be sent, and says last what is so last', async () => {
  const { manager, take, arrive } = start({ isSlow: true, watchdogMs: 3000 });
  manager.ready();
  expect(await take()).toEqual(['READY=1 STATUS=as it was']);
  for (let nth = 0; nth < 100; nth++) {
    manager.reloading();
    manager.ready();
    await vi.advanceTimersByTimeAsync(1000);
  }
  manager.reloading();
  const told: string[] = [];
  for (let nth = 0; nth < 10; nth++) {
    await arrive();
    told.push(...(await take()));
  }
  expect(told).toEqual(['READY=1 STATUS=as it was', 'WATCHDOG=1', 'RELOADING=1 MONOTONIC_USEC=42']);
});

test('says that it stops without waiting for what is under way', async () => {
  const { manager, take, arrive } = start({ isSlow: true });
  manager.ready();
  manager.reloading();
  expect(await take()).toEqual(['READY=1 STATUS=as it was']);
  manager.stopping();
  expect(await take()).toEqual(['STOPPING=1 STATUS=stopping']);
  await arrive();
  await arrive();
  expect(await take()).toEqual([]);
});

test('what could not be sent is sent again, as it is then', async () => {
  const { manager, service, fault, take } = start();
  fault.error = new Error('spawn systemd-notify EAGAIN');
  manager.ready();
  expect(await take()).toEqual(['READY=1 STATUS=as it was']);
  fault.error = undefined;
  service.status = 'as it is';
  await vi.advanceTimersByTimeAsync(20_000);
  expect(await take()).toEqual(['READY=1 STATUS=as it is']);
  fault.error = new Error('spawn systemd-notify EAGAIN');
  service.status = 'another';
  await vi.advanceTimersByTimeAsync(5000);
  fault.error = undefined;
  await vi.advanceTimersByTimeAsync(20_000);
  expect(await take()).toEqual(['STATUS=another', 'STATUS=another']);
});

test('says nothing of what is being stopped and started by a reload', async () => {
  const { manager, service, take } = start();
  manager.ready();
  manager.reloading();
  await take();
  service.status = 'nothing is there';
  await vi.advanceTimersByTimeAsync(20_000);
  expect(await take()).toEqual([]);
  service.status = 'there again';
  manager.ready();
  expect(await take()).toEqual(['READY=1 STATUS=there again']);
});

test('what cannot be sent is logged once', async () => {
  const { manager, fault, lines, take } = start({ watchdogMs: 3000 });
  fault.error = new Error('spawn systemd-notify ENOENT');
  manager.ready();
  await vi.advanceTimersByTimeAsync(10_000);
  expect((await take()).length).toBeGreaterThan(5);
  expect(lines).toMatchObject([
    {
      level: 'warn',
      error: expect.stringContaining('ENOENT'),
      remedy: expect.stringContaining('NotifyAccess'),
    },
  ]);
  fault.error = undefined;
  await vi.advanceTimersByTimeAsync(1000);
  fault.error = new Error('systemd-notify ended with 1');
  await vi.advanceTimersByTimeAsync(5000);
  expect(lines).toHaveLength(2);
});
