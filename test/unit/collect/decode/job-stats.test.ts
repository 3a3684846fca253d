import { describe, expect, it } from 'vitest';
import { jobOf } from '../../../../src/collect/decode/job-stats.ts';
import { noParams } from '../../../../src/libvirt/typed-params.ts';
import { paramFixture, typedParams } from '../params.ts';

function fixtureJob(name: string, kind: 'background' | 'completed') {
  const fixture = paramFixture(name);
  return jobOf(kind, { type: fixture.type ?? 0, params: fixture.typed }, undefined, 1000);
}

describe('jobOf', () => {
  it('reads a running save of libvirt 9.0', () => {
    const job = fixtureJob('job-stats-save-9.0', 'background');
    const fixture = paramFixture('job-stats-save-9.0');
    const value = (name: string) => fixture.params.find(([one]) => one === name)?.[2];
    expect(job).toMatchObject({
      kind: 'background',
      type: 'unbounded',
      operation: 'save',
      elapsedMs: value('time_elapsed'),
      dataTotalBytes: value('data_total'),
      dataProcessedBytes: value('data_processed'),
      dataRemainingBytes: value('data_remaining'),
      time: 1000,
      success: undefined,
    });
    expect(job?.percent).toBeGreaterThanOrEqual(0);
    expect(job?.percent).toBeLessThanOrEqual(10_000);
    expect(job?.stats.map((stat) => stat.name)).toEqual(fixture.params.map(([name]) => name));
  });

  it('reads a running dump of the memory and a completed job', () => {
    expect(fixtureJob('job-stats-dump-9.0', 'background')).toMatchObject({
      operation: 'dump',
      type: 'unbounded',
    });
    const completed = fixtureJob('job-stats-completed-9.0', 'completed');
    expect(completed).toMatchObject({ type: 'completed', operation: 'dump', success: true });
    expect(completed?.downtimeMs).toBeDefined();
  });

  it('reads a migration with every parameter of newer versions, and a failed backup', () => {
    expect(fixtureJob('job-stats-migration-12', 'background')).toMatchObject({
      operation: 'migrationOut',
      throttle: 2000,
      iteration: 3,
      dirtyPagesPerSec: 1200,
      memoryBytesPerSec: 104_857_600,
      downtimeMs: 300,
      percent: 5000,
    });
    expect(fixtureJob('job-stats-backup-failed-12', 'completed')).toMatchObject({
      type: 'failed',
      operation: 'backup',
      success: false,
      errorText: 'No space left on device',
      dataTotalBytes: 10_737_418_240,
      percent: 2500,
    });
  });

  it('has no row without a job', () => {
    expect(jobOf('background', { type: 0, params: noParams }, undefined, 1)).toBeUndefined();
  });

  it('keeps the time of a job that goes on and takes a new one for a new job', () => {
    const at = (elapsed: number, previous: ReturnType<typeof jobOf>, now: number) =>
      jobOf(
        'background',
        {
          type: 2,
          params: typedParams([
            ['operation', 'int', 2],
            ['time_elapsed', 'ullong', elapsed],
          ]),
        },
        previous,
        now,
      );
    const first = at(100, undefined, 1);
    const second = at(200, first, 2);
    expect(second?.time).toBe(1);
    expect(at(50, second, 3)?.time).toBe(3);
  });

  it('keeps the time of a completed job while its figures stay, and counts what it does not know', () => {
    const reply = (elapsed: number) => ({
      type: 3,
      params: typedParams([
        ['operation', 'int', 99],
        ['time_elapsed', 'ullong', elapsed],
      ]),
    });
    const first = jobOf('completed', reply(5), undefined, undefined);
    expect(first).toMatchObject({ time: undefined, operation: 'other', success: true });
    expect(jobOf('completed', reply(5), first, 9)?.time).toBeUndefined();
    expect(jobOf('completed', reply(6), first, 9)?.time).toBe(9);
    expect(jobOf('completed', { type: 17, params: noParams }, undefined, 1)?.type).toBe('other');
  });
});
