import { expect, test } from 'vitest';
import { octetsAt, oidAt, TextPool } from '../../../src/image/text-pool.ts';

const textOf = (pool: TextPool, at: number): string => Buffer.from(octetsAt(pool.words, at)).toString('utf8');

test('gives back what was added, whatever its length and its characters', () => {
  const pool = new TextPool(4);
  const texts = [
    '',
    'a',
    'abcd',
    'größe',
    'x'.repeat(63),
    'x'.repeat(65),
    `${'x'.repeat(40)}ß`,
    '😀'.repeat(100),
  ];
  const positions = texts.map((text) => pool.add(text));
  expect(positions.map((at) => textOf(pool, at))).toEqual(texts);
});

test('gives back octets and sub-identifiers', () => {
  const pool = new TextPool(1);
  const octets = pool.add(Uint8Array.of(0, 255, 7));
  const oid = pool.addOid([1, 3, 6, 4_294_967_295]);
  expect([...octetsAt(pool.words, octets)]).toEqual([0, 255, 7]);
  expect(oidAt(pool.words, oid)).toEqual([1, 3, 6, 4_294_967_295]);
});

test('leaves older memory as it was when it needs more', () => {
  const pool = new TextPool(4);
  const at = pool.add('before');
  const older = pool.words;
  for (let i = 0; i < 100; i++) pool.add(`more ${i}`);
  expect(pool.words).not.toBe(older);
  expect(Buffer.from(octetsAt(older, at)).toString()).toBe('before');
  expect(textOf(pool, at)).toBe('before');
});

test('copies from another pool', () => {
  const from = new TextPool();
  from.add('left behind');
  const wanted = from.add('wanted');
  const to = new TextPool(1);
  expect(textOf(to, to.copy(from, wanted))).toBe('wanted');
  expect(to.used).toBeLessThan(from.used);
});
