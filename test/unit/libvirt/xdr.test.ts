import { describe, expect, it } from 'vitest';
import { ProtocolError } from '../../../src/errors.ts';
import { XdrReader, XdrWriter } from '../../../src/libvirt/xdr.ts';

const reader = (hex: string): XdrReader => new XdrReader(Buffer.from(hex.replaceAll(' ', ''), 'hex'));

describe('XdrReader', () => {
  it('reads strings with their padding', () => {
    const source = reader('00000005 68656c6c 6f000000 00000000 00000003 6ec3a400');
    expect([source.string(10, 'text'), source.string(10, 'text'), source.string(10, 'text')]).toEqual([
      'hello',
      '',
      'nä',
    ]);
    expect(source.remaining).toBe(0);
  });

  it('refuses a string above its maximum, or without its padding', () => {
    expect(() => reader('0000000b').string(10, 'name')).toThrow('name of 11 octets at offset 0');
    expect(() => reader('00000005 68656c6c 6f').string(10, 'name')).toThrow(ProtocolError);
  });

  it('replaces what is not UTF-8', () => {
    expect(reader('00000002 ff410000').string(10, 'text')).toBe('\ufffdA');
  });

  it('reads optional items', () => {
    const source = reader('00000000 00000001 00000007 00000002');
    expect(source.optional((inner) => inner.u32())).toBeUndefined();
    expect(source.optional((inner) => inner.u32())).toBe(7);
    expect(() => source.optional((inner) => inner.u32())).toThrow('presence flag 2');
  });

  it('refuses an array that is too long or cannot be in the message', () => {
    expect(() => reader('00000004').array(3, 'items', (inner) => inner.u32())).toThrow(
      '4 items at offset 0, but at most 3',
    );
    expect(() => reader('00000003 00000001').array(3, 'items', (inner) => inner.u32())).toThrow('do not fit');
  });

  it('reads UUIDs and fixed character arrays', () => {
    expect(reader('5a3f9a9a3c9e43f3a035661c5fce89ac').uuid()).toBe('5a3f9a9a-3c9e-43f3-a035-661c5fce89ac');
    expect(reader('00000061 00000062 00000000 00000063').charArray(4)).toBe('ab');
  });

  it('reads signed 64-bit integers exactly', () => {
    const source = reader('ffffffffffffffff 8000000000000000');
    expect([source.i64Count(), source.i64Count()]).toEqual([-1, -(2n ** 63n)]);
  });
});

describe('XdrWriter', () => {
  it('writes what the reader reads', () => {
    const writer = new XdrWriter();
    writer.string('nä');
    writer.optionalString(undefined);
    writer.optionalString('x');
    writer.opaque(Uint8Array.of(1));
    writer.uuid('5a3f9a9a-3c9e-43f3-a035-661c5fce89ac');
    expect(Buffer.from(writer.finish()).toString('hex')).toBe(
      '000000036ec3a4000000000000000001000000017800000000000001010000005a3f9a9a3c9e43f3a035661c5fce89ac',
    );
  });

  it('writes ASCII and other texts alike', () => {
    for (const text of [
      '',
      'abc',
      'näme',
      'ä',
      'abcdä',
      'x'.repeat(64),
      `${'x'.repeat(63)}ü`,
      'y'.repeat(100),
    ]) {
      const writer = new XdrWriter({ capacity: 4 });
      writer.string(text);
      writer.u32(7);
      const reader = new XdrReader(writer.finish());
      expect(reader.string(1000, 'text')).toBe(text);
      expect(reader.u32()).toBe(7);
    }
  });

  it('takes only UUIDs for UUIDs', () => {
    const uuid = '01234567-89ab-cdef-0123-456789abcdef';
    const writer = new XdrWriter();
    writer.uuid(uuid);
    writer.uuid(uuid.toUpperCase());
    const reader = new XdrReader(writer.finish());
    expect([reader.uuid(), reader.uuid()]).toEqual([uuid, uuid]);
    for (const text of ['', 'x', uuid.slice(1), `${uuid}0`, `${uuid}00`, uuid.replace('f', 'g')]) {
      expect(() => new XdrWriter().uuid(text)).toThrow(RangeError);
    }
  });
});
