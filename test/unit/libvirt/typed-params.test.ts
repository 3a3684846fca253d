import { describe, expect, it } from 'vitest';
import { ProtocolError } from '../../../src/errors.ts';
import { paramNames } from '../../../src/libvirt/param-names.ts';
import { decodeTypedParams, findParam } from '../../../src/libvirt/typed-params.ts';
import { XdrReader, XdrWriter } from '../../../src/libvirt/xdr.ts';

type Item = readonly [name: string, type: number, write: (writer: XdrWriter) => void];

function params(items: readonly Item[]): XdrReader {
  const writer = new XdrWriter();
  writer.array(items, (inner, [name, type, write]) => {
    inner.string(name);
    inner.i32(type);
    write(inner);
  });
  return new XdrReader(writer.finish());
}

const u64 = (value: bigint) => (writer: XdrWriter) => writer.u64(value);

describe('decodeTypedParams', () => {
  it('decodes every type', () => {
    const reader = params([
      ['int', 1, (writer) => writer.i32(-5)],
      ['uint', 2, (writer) => writer.u32(0xffff_ffff)],
      ['llong', 3, u64(-7n)],
      ['ullong', 4, u64(7n)],
      ['double', 5, (writer) => writer.f64(1.5)],
      ['boolean', 6, (writer) => writer.bool(true)],
      ['string', 7, (writer) => writer.string('näme')],
    ]);
    const decoded = decodeTypedParams(reader, 16);
    expect(decoded.names.map((name) => name.text)).toEqual([
      'int',
      'uint',
      'llong',
      'ullong',
      'double',
      'boolean',
      'string',
    ]);
    expect([...decoded.types]).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(decoded.values).toEqual([-5, 4_294_967_295, -7, 7, 1.5, true, 'näme']);
    expect(reader.remaining).toBe(0);
    expect(findParam(decoded, 'ullong')).toBe(7);
    expect(findParam(decoded, 'absent')).toBeUndefined();
  });

  it('keeps 64-bit values exact: a number up to 2^53 - 1, a bigint beyond', () => {
    const edge = 2n ** 53n;
    const values = [edge - 1n, edge, edge + 1n, 2n ** 64n - 1n];
    const unsigned = decodeTypedParams(params(values.map((value) => ['u', 4, u64(value)])), 16).values;
    expect(unsigned).toEqual([Number.MAX_SAFE_INTEGER, edge, edge + 1n, 2n ** 64n - 1n]);
    const signed = decodeTypedParams(
      params(
        [1n - edge, -edge, -edge - 1n, -(2n ** 63n), edge - 1n, edge].map((value) => ['s', 3, u64(value)]),
      ),
      16,
    ).values;
    expect(signed).toEqual([
      Number.MIN_SAFE_INTEGER,
      -edge,
      -edge - 1n,
      -(2n ** 63n),
      Number.MAX_SAFE_INTEGER,
      edge,
    ]);
  });

  it('refuses an unknown type, whose length nobody knows', () => {
    const reader = params([['future', 8, u64(1n)]]);
    expect(() => decodeTypedParams(reader, 16)).toThrow('unknown type 8 of parameter "future"');
  });

  it('refuses more parameters than the maximum, or than fit', () => {
    expect(() => decodeTypedParams(params([['a', 1, (w) => w.i32(1)]]), 0)).toThrow(ProtocolError);
    const writer = new XdrWriter();
    writer.u32(262_144);
    writer.u64(0);
    expect(() => decodeTypedParams(new XdrReader(writer.finish()), 262_144)).toThrow(ProtocolError);
  });

  it('gives the same name object for the same text, whatever came before', () => {
    const names = (items: readonly string[]) =>
      decodeTypedParams(params(items.map((name) => [name, 1, (writer) => writer.i32(0)])), 100).names;
    const first = names(['one', 'two', 'three', 'four']);
    const second = names(['four', 'two', 'one', 'three', 'two']);
    expect(second[0]).toBe(first[3]);
    expect(second[1]).toBe(first[1]);
    expect(second[4]).toBe(second[1]);
    expect(paramNames.intern('three')).toBe(first[2]);
  });
});
