import { expect, it } from 'vitest';
import { Places } from '../../../src/run/places.ts';

it('hands a place to the one that has waited longest', async () => {
  const places = new Places(1);
  expect(places.enter()).toBeUndefined();
  const order: string[] = [];
  const first = places.enter()?.then(() => order.push('first'));
  const second = places.enter()?.then(() => order.push('second'));
  places.leave();
  expect(places.enter(), 'nobody goes ahead of those that wait').toBeInstanceOf(Promise);
  await first;
  expect(order).toEqual(['first']);
  places.leave();
  await second;
  expect(order).toEqual(['first', 'second']);
});

it('lets one that waits give up, and takes no place for it', async () => {
  const places = new Places(1);
  void places.enter();
  const giving = new AbortController();
  const waiting = places.enter(giving.signal);
  giving.abort(new Error('stopped'));
  await expect(waiting).rejects.toThrow('stopped');
  expect(() => places.enter(giving.signal)).toThrow('stopped');
  places.leave();
  expect(places.enter()).toBeUndefined();
});
