import { expect, test } from 'vitest';
import { takeServiceEnvironment } from '../../../src/systemd/service-environment.ts';

test('takes what systemd passes, once', () => {
  const environment = {
    NOTIFY_SOCKET: '/run/systemd/notify',
    WATCHDOG_USEC: '60000000',
    WATCHDOG_PID: '7',
    PATH: '/bin',
  };
  expect(takeServiceEnvironment(environment, 7)).toEqual({
    socket: '/run/systemd/notify',
    watchdogMs: 60_000,
  });
  expect(environment).toEqual({ PATH: '/bin' });
  expect(takeServiceEnvironment(environment, 7)).toBeUndefined();
});

test.each([
  ['of another process', { WATCHDOG_USEC: '60000000', WATCHDOG_PID: '8' }],
  ['that is none', { WATCHDOG_USEC: '0', WATCHDOG_PID: '7' }],
  ['that is no number', { WATCHDOG_USEC: '1e9', WATCHDOG_PID: '7' }],
  ['that is not there', {}],
])('is not watched by a watchdog %s', (_which, watchdog) => {
  expect(takeServiceEnvironment({ NOTIFY_SOCKET: '@abstract', ...watchdog }, 7)).toEqual({
    socket: '@abstract',
    watchdogMs: undefined,
  });
});

test('an empty socket is none', () => {
  expect(takeServiceEnvironment({ NOTIFY_SOCKET: '', WATCHDOG_USEC: '1' }, 7)).toBeUndefined();
});
