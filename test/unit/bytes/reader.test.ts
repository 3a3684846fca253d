import { describe, expect, it } from 'vitest';
import { ByteReader } from '../../../src/bytes/reader.ts';
import { ProtocolError } from '../../../src/errors.ts';

const octets = Uint8Array.of(0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x88);

describe('ByteReader', () => {
  it('reads integers in network order', () => {
    const reader = new ByteReader(octets);
    expect(reader.u8()).toBe(0x01);
    expect(reader.u16()).toBe(0x0203);
    expect(reader.u32()).toBe(0x04050607);
    expect(reader.remaining).toBe(1);
  });

  it('reads integers in little-endian order', () => {
    const reader = new ByteReader(octets, { littleEndian: true });
    expect(reader.u16()).toBe(0x0201);
    expect(reader.u32()).toBe(0x06050403);
    reader.setLittleEndian(false);
    expect(reader.u16()).toBe(0x0788);
  });

  it('reads 64-bit integers exactly on both sides of 2^53', () => {
    const bytes = Buffer.alloc(24);
    bytes.writeBigUInt64BE(2n ** 53n - 1n, 0);
    bytes.writeBigUInt64BE(2n ** 53n, 8);
    bytes.writeBigUInt64BE(2n ** 64n - 1n, 16);
    const reader = new ByteReader(bytes);
    expect(reader.u64Count()).toBe(Number.MAX_SAFE_INTEGER);
    expect(reader.u64Count()).toBe(2n ** 53n);
    expect(reader.u64Count()).toBe(2n ** 64n - 1n);
    const little = Buffer.alloc(8);
    little.writeBigUInt64LE(0x1_0000_0002n);
    expect(new ByteReader(little, { littleEndian: true }).u64Count()).toBe(0x1_0000_0002);
  });

  it('works on a part of a larger buffer', () => {
    const reader = new ByteReader(octets.subarray(2, 6));
    expect(reader.u32()).toBe(0x03040506);
    expect(() => reader.u8()).toThrow(ProtocolError);
  });

  it('says where and how much it wanted when octets are missing', () => {
    const reader = new ByteReader(octets);
    reader.skip(6);
    expect(() => reader.u32()).toThrow('wanted 4 octets at offset 6, but the message has only 2 left');
    expect(reader.offset).toBe(6);
  });

  it('refuses to go backwards', () => {
    expect(() => new ByteReader(octets).take(-1)).toThrow(ProtocolError);
  });

  it('tells octets that are left over', () => {
    const reader = new ByteReader(octets);
    reader.skip(7);
    expect(() => reader.expectEnd()).toThrow('1 octets are left at offset 7');
    reader.skip(1);
    expect(() => reader.expectEnd()).not.toThrow();
  });

  it('hands out views and copies', () => {
    const source = octets.slice();
    const reader = new ByteReader(source);
    const view = reader.subarray(2);
    const copy = reader.copy(2);
    source.fill(0);
    expect([...view]).toEqual([0, 0]);
    expect([...copy]).toEqual([3, 4]);
  });
});
