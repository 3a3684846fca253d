import { expect, it } from 'vitest';
import { inParallel, resultsInOrder } from '../../../src/run/pool.ts';

it('has as many steps under way as it may, and no more', async () => {
  let underWay = 0;
  let most = 0;
  const done: number[] = [];
  await inParallel([1, 2, 3, 4, 5], 2, async (item) => {
    underWay += 1;
    most = Math.max(most, underWay);
    await Promise.resolve();
    underWay -= 1;
    done.push(item);
  });
  expect(most).toBe(2);
  expect(done).toEqual([1, 2, 3, 4, 5]);
});

it('runs items that are added under way', async () => {
  const items = ['first'];
  const done: string[] = [];
  await inParallel(items, 3, async (item) => {
    await Promise.resolve();
    if (item === 'first') items.push('again');
    done.push(item);
  });
  // The two other workers had ended by then.
  expect(done).toEqual(['first', 'again']);
});

it('waits for what is under way when a step fails, starts nothing more, and says why', async () => {
  const done: number[] = [];
  const run = inParallel([1, 2, 3, 4], 2, async (item) => {
    if (item === 1) throw new Error('step 1');
    await Promise.resolve();
    await Promise.resolve();
    done.push(item);
  });
  await expect(run).rejects.toThrow('step 1');
  expect(done).toEqual([2]);
});

it('stops when it is told to', async () => {
  const done: number[] = [];
  await inParallel(
    [1, 2, 3],
    1,
    async (item) => void done.push(item),
    () => done.length < 2,
  );
  expect(done).toEqual([1, 2]);
});

it('gives results in the order of the items, whichever comes first, and has no more under way than it may', async () => {
  const waiting = new Map<number, () => void>();
  const results = resultsInOrder(
    [1, 2, 3],
    2,
    (item) => new Promise<number>((resolve) => waiting.set(item, () => resolve(item * 10))),
  );
  const first = results.next();
  expect([...waiting.keys()]).toEqual([1, 2]);
  waiting.get(2)?.();
  waiting.get(1)?.();
  expect(await first).toEqual({ value: 10, done: false });
  expect(await results.next()).toEqual({ value: 20, done: false });
  waiting.get(3)?.();
  expect(await results.next()).toEqual({ value: 30, done: false });
  expect(await results.next()).toMatchObject({ done: true });
});

it('throws in its turn what a step throws, however early', async () => {
  const results = resultsInOrder([1, 2], 2, async (item) => {
    if (item === 2) throw new Error('early');
    return item;
  });
  expect(await results.next()).toEqual({ value: 1, done: false });
  await expect(results.next()).rejects.toThrow('early');
});
