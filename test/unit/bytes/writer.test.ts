import { describe, expect, it } from 'vitest';
import { ByteWriter } from '../../../src/bytes/writer.ts';

const hex = (writer: ByteWriter): string => Buffer.from(writer.finish()).toString('hex');

describe('ByteWriter', () => {
  it('writes integers in network order and grows', () => {
    const writer = new ByteWriter({ capacity: 1 });
    writer.u8(1);
    writer.u16(0x0203);
    writer.u32(0x04050607);
    writer.u64(0x08090a0b0c0d0e0fn);
    expect(hex(writer)).toBe('0102030405060708090a0b0c0d0e0f');
  });

  it('writes little-endian', () => {
    const writer = new ByteWriter({ littleEndian: true });
    writer.u32(1);
    writer.u64(2);
    expect(hex(writer)).toBe('010000000200000000000000');
  });

  it('writes negative numbers in two’s complement', () => {
    const writer = new ByteWriter();
    writer.u32(-1);
    writer.u64(-2n);
    expect(hex(writer)).toBe('fffffffffffffffffffffffe');
  });

  it('patches a reserved length', () => {
    const writer = new ByteWriter();
    const at = writer.reserve(4);
    expect(writer.utf8('né')).toBe(3);
    writer.align(4);
    writer.patchU32(at, writer.length);
    expect(hex(writer)).toBe('000000086ec3a900');
    expect(() => writer.patchU32(6, 1)).toThrow(RangeError);
  });
});
