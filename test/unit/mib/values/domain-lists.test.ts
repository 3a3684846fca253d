import { describe, expect, test } from 'vitest';
import { blockedDomains, domainsInSeverity, joinWithin } from '../../../../src/mib/values/domain-lists.ts';
import { sampleDomain, sampleGoneDomain } from '../../../support/sample-snapshot.ts';

describe('lists of domains', () => {
  const domains = [
    sampleDomain({ index: 1, name: 'db-1', severity: 'failure', stateText: 'crashed (panicked)' }),
    sampleDomain({ index: 2, name: 'web-1', severity: 'warning', stateText: 'paused (user)' }),
    sampleDomain({ index: 3, name: 'web-2', severity: 'failure', stateText: 'crashed' }),
    sampleGoneDomain({ index: 4, name: 'gone', severity: 'failure', statsStatus: 'blocked' }),
    sampleDomain({ index: 5, name: 'mail-1', statsStatus: 'blocked' }),
  ];

  test('say which are in a severity, and in which state', () => {
    expect(domainsInSeverity(domains, 'failure')).toBe('db-1: crashed (panicked); web-2: crashed');
    expect(domainsInSeverity(domains, 'warning')).toBe('web-1: paused (user)');
    expect(domainsInSeverity([], 'failure')).toBe('');
  });

  test('say which are blocked', () => {
    expect(blockedDomains(domains)).toBe('mail-1');
  });
});

describe('joinWithin', () => {
  test('has all that fit to the octet', () => {
    expect(joinWithin(['ab', 'cd'], 6)).toBe('ab; cd');
  });

  test('leaves whole entries out and counts them', () => {
    const entries = Array.from({ length: 100 }, (_, i) => `dömäne-${i}: crashed`);
    const text = joinWithin(entries, 1024);
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(1024);
    const parts = text.split('; ');
    expect(parts.at(-1)).toBe(`and ${100 - (parts.length - 1)} more`);
    expect(parts.slice(0, -1)).toEqual(entries.slice(0, parts.length - 1));
    // One more would not have fitted.
    expect(Buffer.byteLength(entries.slice(0, parts.length).join('; '))).toBeGreaterThan(1024 - 16);
  });

  test.each([5, 11, 12, 13, 30])('never exceeds %i octets but for the count', (octets) => {
    const text = joinWithin(['a'.repeat(10), 'b'.repeat(10), 'c'.repeat(10)], octets);
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(Math.max(octets, 'and 3 more'.length));
  });
});
