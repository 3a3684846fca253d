import { describe, expect, test } from 'vitest';
import { checkSnapshot } from '../../../src/check/collectors.ts';
import type { CollectorStatus } from '../../../src/model/agent.ts';
import { sampleDomain, sampleEmptySnapshot, sampleInactiveDomain } from '../../support/sample-snapshot.ts';

function row(parts: Partial<CollectorStatus> = {}): CollectorStatus {
  return {
    id: 'perf',
    enabled: true,
    support: 'supported',
    intervalSec: 10,
    lastSuccessAt: 1,
    durationMs: 12,
    runs: 1,
    errors: 0,
    timeouts: 0,
    lastError: '',
    ...parts,
  };
}

describe('collectors', () => {
  test.each([
    ['works', row(), 'ok', 'works, 12 ms'],
    ['is off', row({ enabled: false, support: 'unknown', runs: 0 }), 'ok', 'switched off'],
    ['has not run', row({ support: 'unknown', runs: 0 }), 'ok', 'has not run'],
    ['works in part', row({ support: 'partial', lastError: 'a: no' }), 'warn', 'some domains: a: no'],
    ['fails', row({ errors: 2, lastError: 'oops' }), 'warn', '2 errors: oops'],
    ['gets no answer', row({ timeouts: 3 }), 'warn', '3 calls without an answer'],
  ])('a source that %s', (_name, status, level, text) => {
    const found = checkSnapshot(sampleEmptySnapshot({ collectors: [status] }))[1];
    expect(found).toMatchObject({ level, subject: 'collector perf' });
    expect(found?.text).toContain(text);
  });

  test.each([
    ['not permitted on this connection: x', 'collector-not-permitted'],
    ['not supported by this libvirt version: x', 'collector-libvirt-too-old'],
    ['not supported by this hypervisor: x', 'collector-unavailable'],
  ])('says why a source is not available: %s', (lastError, problem) => {
    const status = row({ support: 'unsupported', errors: 1, lastError });
    const found = checkSnapshot(sampleEmptySnapshot({ collectors: [status] }))[1];
    expect(found).toMatchObject({ level: 'warn', text: `not available: ${lastError}`, problem });
  });
});

describe('domains', () => {
  test('are counted', () => {
    const domains = [sampleDomain({ index: 1 }), sampleInactiveDomain({ index: 2 })];
    const [found] = checkSnapshot(sampleEmptySnapshot({ domains, collectors: [] }));
    expect(found).toEqual({ level: 'ok', subject: 'domains', text: '2, of which 1 running' });
  });

  test('that are not there make one wonder about the URI and the filters', () => {
    const [found] = checkSnapshot(sampleEmptySnapshot({ domains: [] }));
    expect(found?.level).toBe('warn');
    expect(found?.remedy).toContain('libvirt.uri');
    expect(found?.remedy).toContain('collect.include');
  });
});

test('warnings of the snapshot are passed on, those that tell of what is meant as no problem', () => {
  const warnings = [
    { index: 1, code: 'rdtConflict', text: 'No perf.', since: 1 },
    { index: 2, code: 'rootIsExperimental', text: 'For experiments.', since: 1 },
  ] as const;
  const found = checkSnapshot(sampleEmptySnapshot({ warnings, collectors: [] }));
  expect(found.slice(-2)).toMatchObject([
    { level: 'warn', subject: 'rdtConflict', text: 'No perf.', problem: 'warning-rdt-conflict' },
    { level: 'ok', subject: 'rootIsExperimental', text: 'For experiments.' },
  ]);
});
