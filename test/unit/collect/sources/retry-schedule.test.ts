import { describe, expect, it } from 'vitest';
import { RetrySchedule } from '../../../../src/collect/sources/retry-schedule.ts';

describe('RetrySchedule', () => {
  const guest = { uuid: 'u', id: 1 };

  it('doubles the wait up to the cap and forgets it after a success', () => {
    const retries = new RetrySchedule(10, 35);
    const waits: number[] = [];
    let now = 0;
    for (let i = 0; i < 4; i += 1) {
      retries.failed(guest, now);
      let wait = 0;
      while (!retries.isDue(guest, now + wait)) wait += 1;
      waits.push(wait);
      now += wait;
    }
    expect(waits).toEqual([10, 20, 35, 35]);
    expect(retries.failures(guest)).toBe(4);
    retries.succeeded(guest);
    expect(retries.isDue(guest, now)).toBe(true);
    expect(retries.failures(guest)).toBe(0);
  });

  it('begins afresh with a new run of the domain and forgets domains that are gone', () => {
    const retries = new RetrySchedule(10);
    retries.failed(guest, 0);
    expect(retries.isDue(guest, 5)).toBe(false);
    expect(retries.isDue({ uuid: 'u', id: 2 }, 5)).toBe(true);
    const session = {};
    retries.begin(session, [{ uuid: 'other', id: 1 }]);
    expect(retries.isDue(guest, 5)).toBe(true);
    retries.failed(guest, 0);
    retries.begin(session, [guest]);
    expect(retries.isDue(guest, 5)).toBe(false);
    // Another libvirt may have learned it meanwhile, or permit it.
    retries.begin({}, [guest]);
    expect(retries.isDue(guest, 5)).toBe(true);
  });
});
