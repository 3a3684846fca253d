import { describe, expect, it } from 'vitest';
import { Delivery } from '../../../src/push/delivery.ts';

/** Nothing is sent to it here. */
const target = {
  name: 'a server that is away',
  url: 'http://127.0.0.1/',
  headers: async () => ({}),
  isRefusal: () => false,
  maxWaiting: 4,
};
const mebibytes = (count: number): Promise<Uint8Array> =>
  Promise.resolve(new Uint8Array(count * 1024 * 1024));

describe('what waits for a server', () => {
  it('is bounded in number: the oldest go', async () => {
    const delivery = new Delivery(target, () => undefined);
    for (const lines of [1, 10, 100, 1000, 10_000, 100_000]) await delivery.add(mebibytes(0), lines);
    expect(delivery.counters).toMatchObject({ dropped: 11, sent: 0 });
  });

  it('is bounded in octets, however few requests that are', async () => {
    const delivery = new Delivery(target, () => undefined);
    for (const lines of [1, 10, 100]) await delivery.add(mebibytes(30), lines);
    expect(delivery.counters.dropped).toBe(1);
    await delivery.add(mebibytes(65), 1000);
    expect(delivery.counters.dropped).toBe(111);
  });
});
