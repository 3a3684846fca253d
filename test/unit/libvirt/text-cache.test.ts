import { afterEach, describe, expect, it, vi } from 'vitest';
import { TextCache } from '../../../src/libvirt/text-cache.ts';

function ask(cache: TextCache, text: string): string {
  const octets = Buffer.alloc((Buffer.byteLength(text) + 3) & ~3);
  octets.write(text);
  const view = new DataView(octets.buffer, octets.byteOffset, octets.byteLength);
  return cache.text(octets, view, 0, Buffer.byteLength(text));
}

afterEach(() => {
  vi.useRealTimers();
});

describe('TextCache', () => {
  it('keeps no text of what went away long ago, and those that stay', () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    const cache = new TextCache();
    for (let hour = 0; hour < 50; hour++) {
      for (let n = 0; n < 100; n++) ask(cache, `there-${n}`);
      for (let n = 0; n < 100; n++) ask(cache, `gone-${hour}-${n}`);
      expect(cache.size).toBeLessThanOrEqual(300);
      vi.advanceTimersByTime(3_600_000);
    }
    // Nothing new comes: nothing is made again.
    for (let n = 0; n < 100; n++) ask(cache, `there-${n}`);
    const { size } = cache;
    vi.advanceTimersByTime(3_600_000);
    for (let n = 0; n < 100; n++) ask(cache, `there-${n}`);
    expect(cache.size).toBe(size);
  });

  it('gives every text as it is, however many there are', () => {
    const cache = new TextCache();
    for (let round = 0; round < 2; round++) {
      for (let n = 0; n < 20_000; n++) expect(ask(cache, `vnet${n}`)).toBe(`vnet${n}`);
    }
    expect(ask(cache, 'näme')).toBe('näme');
    expect(ask(cache, 'x'.repeat(1000))).toBe('x'.repeat(1000));
    expect(ask(cache, '')).toBe('');
  });

  it('makes the text of the same octets once', () => {
    let made = 0;
    const cache = new TextCache((buffer, start, end) => {
      made += 1;
      return buffer.toString('hex', start, end);
    });
    expect([ask(cache, 'ab'), ask(cache, 'cd'), ask(cache, 'ab')]).toEqual(['6162', '6364', '6162']);
    expect(made).toBe(2);
  });
});
