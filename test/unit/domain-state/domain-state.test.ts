import { describe, expect, it } from 'vitest';
import { operStateOf } from '../../../src/domain-state/oper-state.ts';
import { isStateSeverityKey, severityOf } from '../../../src/domain-state/severity.ts';
import { reasonCode, reasonName, stateFromCode, stateText } from '../../../src/domain-state/state-text.ts';

describe('stateFromCode', () => {
  it('knows every virDomainState and calls newer ones other', () => {
    expect([0, 1, 2, 3, 4, 5, 6, 7, 8, -1].map(stateFromCode)).toEqual([
      'nostate',
      'running',
      'blocked',
      'paused',
      'shutdown',
      'shutoff',
      'crashed',
      'pmsuspended',
      'other',
      'other',
    ]);
  });
});

describe('stateText', () => {
  it.each([
    ['running', 1, 'running (booted)'],
    ['running', 11, 'running (post-copy migration failed)'],
    ['paused', 5, 'paused (I/O error)'],
    ['paused', 14, 'paused (API error)'],
    ['paused', 0, 'paused'],
    ['paused', 99, 'paused (reason 99)'],
    ['shutdown', 1, 'shutting down (user)'],
    ['shutoff', 8, 'shut off (stopped by the daemon)'],
    ['crashed', 1, 'crashed (panicked)'],
    ['pmsuspended', 0, 'suspended by the guest'],
    ['other', 3, 'unknown state (reason 3)'],
  ] as const)('%s/%i is "%s"', (state, reason, text) => {
    expect(stateText(state, reason)).toBe(text);
  });
});

describe('reason names', () => {
  it('translate both ways', () => {
    expect(reasonCode('paused', 'ioerror')).toBe(5);
    expect(reasonName('paused', 5)).toBe('ioerror');
    expect(reasonCode('shutoff', 'nonsense')).toBe(0);
    expect(reasonName('blocked', 9)).toBe('9');
  });
});

describe('severityOf', () => {
  it.each([
    ['nostate', 0, 'okay'],
    ['running', 1, 'okay'],
    ['running', 11, 'failure'],
    ['blocked', 0, 'warning'],
    ['paused', 1, 'warning'],
    ['paused', 5, 'failure'],
    ['paused', 6, 'failure'],
    ['paused', 13, 'failure'],
    ['shutdown', 1, 'okay'],
    ['shutoff', 2, 'okay'],
    ['shutoff', 3, 'failure'],
    ['shutoff', 6, 'failure'],
    ['crashed', 0, 'failure'],
    ['pmsuspended', 0, 'warning'],
  ] as const)('%s/%i is %s', (state, reason, severity) => {
    expect(severityOf(state, reason, undefined)).toBe(severity);
  });

  it('is a failure while the control interface is in error', () => {
    expect(severityOf('running', 1, 'error')).toBe('failure');
    expect(severityOf('running', 1, 'occupied')).toBe('okay');
    expect(severityOf('running', 1, 'error', { 'control/error': 'warning' })).toBe('warning');
  });

  it('can be overridden, by reason or by state, without hiding what a reason says', () => {
    expect(severityOf('paused', 1, undefined, { 'paused/user': 'okay' })).toBe('okay');
    expect(severityOf('paused', 4, undefined, { 'paused/user': 'okay' })).toBe('warning');
    expect(severityOf('paused', 4, undefined, { paused: 'okay' })).toBe('okay');
    expect(severityOf('paused', 5, undefined, { paused: 'okay' })).toBe('failure');
    expect(severityOf('paused', 5, undefined, { 'paused/ioerror': 'warning' })).toBe('warning');
  });
});

describe('isStateSeverityKey', () => {
  it.each(['paused', 'paused/user', 'other', 'control/error'])('accepts %s', (key) =>
    expect(isStateSeverityKey(key)).toBe(true),
  );
  it.each(['sleeping', 'paused/nonsense', 'event:watchdog', ''])('refuses "%s"', (key) =>
    expect(isStateSeverityKey(key)).toBe(false),
  );
});

describe('operStateOf', () => {
  it.each([
    [{ state: 'running', reason: 1 }, 'running', 'running'],
    [{ state: 'running', reason: 10 }, 'migrating', 'running'],
    [{ state: 'running', reason: 1, jobOperation: 'migrationOut' }, 'migrating', 'running'],
    [{ state: 'running', reason: 1, jobOperation: 'dump' }, 'running', 'running'],
    [{ state: 'blocked', reason: 0 }, 'running', 'running'],
    [{ state: 'paused', reason: 1 }, 'paused', 'paused'],
    [{ state: 'paused', reason: 2 }, 'migrating', 'running'],
    [{ state: 'paused', reason: 3 }, 'suspending', 'suspended'],
    [{ state: 'paused', reason: 4 }, 'paused', 'running'],
    [{ state: 'paused', reason: 5 }, 'paused', 'running'],
    [{ state: 'paused', reason: 6 }, 'paused', 'running'],
    [{ state: 'paused', reason: 7 }, 'paused', 'paused'],
    [{ state: 'paused', reason: 9 }, 'paused', 'running'],
    [{ state: 'paused', reason: 8 }, 'shuttingdown', 'shutdown'],
    [{ state: 'paused', reason: 10 }, 'crashed', 'running'],
    [{ state: 'paused', reason: 11 }, 'preparing', 'running'],
    [{ state: 'paused', reason: 11, jobOperation: 'restore' }, 'resuming', 'running'],
    [{ state: 'paused', reason: 14 }, 'paused', 'running'],
    [{ state: 'shutdown', reason: 0 }, 'shuttingdown', 'shutdown'],
    [{ state: 'shutoff', reason: 2 }, 'shutdown', 'shutdown'],
    [{ state: 'shutoff', reason: 3 }, 'crashed', 'running'],
    [{ state: 'shutoff', reason: 5 }, 'suspended', 'suspended'],
    [{ state: 'shutoff', reason: 0, managedSave: true }, 'suspended', 'suspended'],
    [{ state: 'crashed', reason: 1 }, 'crashed', 'running'],
    [{ state: 'pmsuspended', reason: 0 }, 'paused', 'running'],
    [{ state: 'nostate', reason: 0 }, 'other', 'running'],
    [{ state: 'other', reason: 0 }, 'other', 'running'],
  ] as const)('%o is %s/%s', (input, operState, adminState) => {
    expect(operStateOf(input)).toEqual({ operState, adminState });
  });
});
