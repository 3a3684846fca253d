import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/run/clock.ts';

describe('systemClock', () => {
  it('sleeps until woken by an abort, with its reason', async () => {
    const controller = new AbortController();
    const sleeping = systemClock.sleep(60_000, controller.signal);
    controller.abort(new Error('enough'));
    await expect(sleeping).rejects.toThrow('enough');
    await expect(systemClock.sleep(60_000, controller.signal)).rejects.toThrow('enough');
  });

  it('sleeps and leaves no listener behind', async () => {
    const controller = new AbortController();
    await expect(systemClock.sleep(1, controller.signal)).resolves.toBeUndefined();
    controller.abort();
  });
});
