import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { IndexAllocator } from '../../../src/state/index-allocator.ts';

describe('IndexAllocator', () => {
  it('binds the smallest free number and keeps it', () => {
    const allocator = new IndexAllocator();
    expect(['a', 'b', 'c', 'a'].map((key) => allocator.index(key))).toEqual([1, 2, 3, 1]);
  });

  it('gives a released key its number back', () => {
    const allocator = new IndexAllocator();
    allocator.index('a');
    allocator.index('b');
    allocator.release('a');
    expect(allocator.index('a')).toBe(1);
    // It is held again, so that nobody else gets it.
    expect(allocator.index('c')).toBe(3);
  });

  it('rebinds the smallest released number that nothing refers to', () => {
    const referenced = new Set([1]);
    const reclaimed: string[] = [];
    const allocator = new IndexAllocator({
      inUse: (index) => referenced.has(index),
      onReclaim: (key) => reclaimed.push(key),
    });
    for (const key of ['a', 'b', 'c']) allocator.index(key);
    allocator.release('a');
    allocator.release('b');
    expect(allocator.index('d')).toBe(2);
    expect(allocator.index('e')).toBe(4);
    referenced.clear();
    expect(allocator.index('f')).toBe(1);
    expect(reclaimed).toEqual(['b', 'a']);
    expect(allocator.peek('a')).toBeUndefined();
  });

  it('looks at each of many released numbers no more than a few times', () => {
    let looks = 0;
    const allocator = new IndexAllocator({
      inUse: () => {
        looks += 1;
        return false;
      },
    });
    const keys = Array.from({ length: 2000 }, (_, number) => `a${number}`);
    for (const key of keys) allocator.index(key);
    for (const key of [...keys].reverse()) allocator.release(key);
    expect(keys.map((key) => allocator.index(`another ${key}`))).toEqual(keys.map((_, at) => at + 1));
    expect(looks).toBe(2000);
  });

  it('begins anew on demand', () => {
    const allocator = new IndexAllocator({ first: 7 });
    for (const key of ['a', 'b', 'c']) allocator.index(key);
    allocator.release('b');
    allocator.clear();
    expect(allocator.size).toBe(0);
    expect(allocator.peek('a')).toBeUndefined();
    expect(allocator.index('d')).toBe(7);
  });

  it('waits for the quarantine to end', () => {
    let now = 1000;
    const allocator = new IndexAllocator({ quarantineMs: 500, now: () => now });
    allocator.index('a');
    allocator.release('a');
    now = 1499;
    expect(allocator.index('b')).toBe(2);
    now = 1500;
    expect(allocator.index('c')).toBe(1);
  });

  it('refuses bindings that contradict others or the range', () => {
    const allocator = new IndexAllocator();
    expect(allocator.restore({ key: 'a', index: 7 })).toBe(true);
    expect(allocator.restore({ key: 'b', index: 7 })).toBe(false);
    expect(allocator.restore({ key: 'a', index: 8 })).toBe(false);
    expect(allocator.restore({ key: 'c', index: 0 })).toBe(false);
    expect(allocator.restore({ key: 'c', index: 2_147_483_648 })).toBe(false);
    expect(allocator.index('d')).toBe(1);
  });

  it('releases what is not retained', () => {
    const allocator = new IndexAllocator();
    for (const key of ['a', 'b', 'c']) allocator.index(key);
    expect(allocator.retain(new Set(['b']))).toBe(true);
    expect(allocator.retain(new Set(['b']))).toBe(false);
    expect(allocator.index('d')).toBe(1);
    expect(allocator.index('e')).toBe(3);
  });

  it('never binds one number to two keys, whatever happens', () => {
    const step = fc.record({ key: fc.integer({ min: 0, max: 12 }), release: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const allocator = new IndexAllocator({ inUse: (index) => index % 3 === 0 });
        for (const { key, release } of steps) {
          if (release) allocator.release(`k${key}`);
          else allocator.index(`k${key}`);
        }
        const numbers = allocator.bindings().map((binding) => binding.index);
        expect(new Set(numbers).size).toBe(numbers.length);
        expect(Math.max(0, ...numbers)).toBeLessThanOrEqual(13);
      }),
    );
  });
});
