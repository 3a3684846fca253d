import { describe, expect, it } from 'vitest';
import { TextTable } from '../../../src/libvirt/text-table.ts';

describe('TextTable', () => {
  it('tells texts apart that share length, start or padding', () => {
    const table = new TextTable(100);
    const texts = ['', 'a', 'ab', 'abc', 'abcd', 'abce', 'abcda', 'abcdb', 'b', 'ä', 'x'.repeat(128)];
    const ids = texts.map((text) => table.intern(text).id);
    expect(new Set(ids).size).toBe(texts.length);
    expect(texts.map((text) => table.intern(text).text)).toEqual(texts);
    expect(texts.map((text) => table.intern(text).id)).toEqual(ids);
  });

  it('does not mind what a peer wrote into the padding', () => {
    const table = new TextTable(100);
    const expected = table.intern('abcde');
    const octets = Buffer.from('abcde\x01\x02\x03', 'latin1');
    const view = new DataView(octets.buffer, octets.byteOffset, octets.length);
    expect(table.lookup(octets, view, 0, 5)).toBe(expected);
  });

  it('grows, and stops keeping texts when it is full', () => {
    const table = new TextTable(10_000);
    for (let index = 0; index < 10_000; index++) expect(table.intern(`name.${index}`).id).toBe(index);
    expect(table.intern('one too many')).toEqual({ id: -1, text: 'one too many' });
    expect(table.size).toBe(10_000);
    expect(table.intern('name.7777').id).toBe(7777);
  });

  it('decodes texts that are too long without keeping them', () => {
    const table = new TextTable(100);
    expect(table.intern('y'.repeat(129))).toEqual({ id: -1, text: 'y'.repeat(129) });
    expect(table.size).toBe(0);
  });
});
