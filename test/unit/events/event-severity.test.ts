import { describe, expect, it } from 'vitest';
import { eventSeverity, isEventSeverityKey } from '../../../src/events/event-severity.ts';

describe('eventSeverity', () => {
  it('follows the name, then the kind', () => {
    expect(eventSeverity('stopped', 'stopped/shutdown')).toBe('okay');
    expect(eventSeverity('stopped', 'stopped/crashed')).toBe('failure');
    expect(eventSeverity('watchdog', 'watchdog/reset')).toBe('failure');
    expect(eventSeverity('watchdog', 'watchdog/reset', { 'event:watchdog': 'okay' })).toBe('okay');
    expect(eventSeverity('stopped', 'stopped/destroyed', { 'event:stopped/destroyed': 'warning' })).toBe(
      'warning',
    );
  });
});

describe('isEventSeverityKey', () => {
  it.each(['event:watchdog', 'event:stopped/crashed'])('accepts %s', (key) =>
    expect(isEventSeverityKey(key)).toBe(true),
  );
  it.each(['watchdog', 'event:nonsense', ''])('refuses "%s"', (key) =>
    expect(isEventSeverityKey(key)).toBe(false),
  );
});
