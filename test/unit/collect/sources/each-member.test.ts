import { expect, test } from 'vitest';
import type { CollectorPass } from '../../../../src/collect/sources/collector.ts';
import { eachMember } from '../../../../src/collect/sources/each-member.ts';
import { RetrySchedule } from '../../../../src/collect/sources/retry-schedule.ts';
import { activeRecord, testPass } from '../collector-pass.ts';

test('a member that fails is told with what it is part of, so that it stands while that is not asked', async () => {
  const told: unknown[] = [];
  const pass: CollectorPass = {
    ...testPass([]).pass,
    failed: (_error, ...about) => told.push(about),
  };
  const owner = activeRecord('web');
  const reading = {
    nameOf: (name: string) => `web snapshot ${name}`,
    known: () => undefined,
    read: () => Promise.reject(new Error('no answer')),
  };
  const retries = { schedule: new RetrySchedule(1000), owner };
  await eachMember(pass, ['a'], { ...reading, retries, partOf: 'web snapshots' });
  await eachMember(pass, ['b'], { ...reading, retries });
  await eachMember(pass, ['c'], reading);
  expect(told).toEqual([
    ['web snapshot a', 'member', ['web', 'web snapshots']],
    ['web snapshot b', 'member', ['web']],
    ['web snapshot c', 'member', []],
  ]);
});
