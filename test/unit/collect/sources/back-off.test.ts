import { describe, expect, it } from 'vitest';
import { BackOff } from '../../../../src/collect/sources/back-off.ts';

describe('BackOff', () => {
  const guest = { uuid: 'u', id: 1 };

  it('doubles the wait up to the cap and forgets it after a success', () => {
    const backOff = new BackOff(10, 35);
    const waits: number[] = [];
    let now = 0;
    for (let i = 0; i < 4; i += 1) {
      backOff.failed(guest, now);
      let wait = 0;
      while (!backOff.isDue(guest, now + wait)) wait += 1;
      waits.push(wait);
      now += wait;
    }
    expect(waits).toEqual([10, 20, 35, 35]);
    expect(backOff.failures(guest)).toBe(4);
    backOff.succeeded(guest);
    expect(backOff.isDue(guest, now)).toBe(true);
    expect(backOff.failures(guest)).toBe(0);
  });

  it('begins afresh with a new run of the domain and forgets domains that are gone', () => {
    const backOff = new BackOff(10);
    backOff.failed(guest, 0);
    expect(backOff.isDue(guest, 5)).toBe(false);
    expect(backOff.isDue({ uuid: 'u', id: 2 }, 5)).toBe(true);
    backOff.retain([{ uuid: 'other', id: 1 }]);
    expect(backOff.isDue(guest, 5)).toBe(true);
  });
});
