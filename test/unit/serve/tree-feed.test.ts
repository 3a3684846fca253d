import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Snapshot } from '../../../src/model/snapshot.ts';
import { TreeFeed } from '../../../src/serve/tree-feed.ts';
import type { BoundTree } from '../../../src/tree/bound-tree.ts';
import { sampleEmptySnapshot } from '../../support/sample-snapshot.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const empty: BoundTree = { columns: [], layouts: [] };

/** How many trees are made in ten seconds of snapshots that come every millisecond, if each takes so long. */
async function treesOf(tookMs: number, sharers: number): Promise<number> {
  let trees = 0;
  let nowMs = 0;
  const now = vi.spyOn(performance, 'now').mockImplementation(() => nowMs);
  const feed = new TreeFeed({
    sharers,
    build: () => {
      trees += 1;
      nowMs += tookMs;
      return empty;
    },
    deliver: () => undefined,
  });
  const snapshot: Snapshot = sampleEmptySnapshot();
  for (let step = 0; step < 10_000; step++) {
    feed.push(snapshot);
    nowMs += 1;
    await vi.advanceTimersByTimeAsync(1);
  }
  feed.close();
  now.mockRestore();
  return trees;
}

test('a flood of snapshots takes a tenth of the thread at most, and less where others need it', async () => {
  // Every 50 ms.
  expect(await treesOf(1, 1)).toBeLessThanOrEqual(201);
  // 180 ms of rest after 20 of work.
  const alone = await treesOf(20, 1);
  expect(alone).toBeGreaterThan(40);
  expect(alone).toBeLessThanOrEqual(57);
  const oneOfFifty = await treesOf(20, 50);
  expect(oneOfFifty).toBeGreaterThan(5);
  expect(oneOfFifty * 20 * 50).toBeLessThanOrEqual(10_000 * 1.2);
});

test('the first snapshot after a pause is not kept waiting', () => {
  const delivered: BoundTree[] = [];
  const feed = new TreeFeed({ build: () => empty, deliver: (tree) => delivered.push(tree) });
  feed.push(sampleEmptySnapshot());
  expect(delivered).toHaveLength(1);
  feed.close();
});

test('what is served is new again soon after the machine stood still', async () => {
  let nowMs = 0;
  let trees = 0;
  const now = vi.spyOn(performance, 'now').mockImplementation(() => nowMs);
  const feed = new TreeFeed({
    sharers: 50,
    build: () => {
      trees += 1;
      nowMs += trees === 1 ? 60_000 : 1;
      return empty;
    },
    deliver: () => undefined,
  });
  feed.push(sampleEmptySnapshot());
  feed.push(sampleEmptySnapshot());
  nowMs += 2000;
  await vi.advanceTimersByTimeAsync(2000);
  expect(trees).toBe(2);
  feed.close();
  now.mockRestore();
});
