import { describe, expect, test } from 'vitest';
import { cutUtf8 } from '../../../src/bytes/cut-utf8.ts';
import { definitions } from '../../../src/mib/definitions.ts';
import { libvirtMib } from '../../../src/mib/libvirt-mib.ts';
import { indexObjectOf } from '../../../src/smi/index-object.ts';
import { decodeIndex, encodeIndex, type IndexObject } from '../../../src/tree/index-oid.ts';

const parts: readonly IndexObject[] = [
  { kind: 'number' },
  { kind: 'label', labels: { background: 1, completed: 2 } },
  { kind: 'text', maxBytes: 8 },
];

describe('encodeIndex (RFC 2578 section 7.7)', () => {
  test('writes a text of variable length after its length', () => {
    expect(encodeIndex(parts, [7, 'completed', 'abc'])).toEqual([7, 2, 3, 97, 98, 99]);
  });

  test('cuts a text at a character boundary', () => {
    expect(encodeIndex(parts, [7, 'completed', 'aaaaaaaä'])).toEqual([
      7,
      2,
      7,
      ...Array.from('aaaaaaa', () => 97),
    ]);
  });

  test('writes a UUID as its octets alone, since they are always as many', () => {
    const uuid = '0a1b2c3d-4e5f-4a6b-8c7d-9e0fffee0001';
    const subIds = encodeIndex([{ kind: 'uuid' }], [uuid]);
    expect(subIds).toEqual([10, 27, 44, 61, 78, 95, 74, 107, 140, 125, 158, 15, 255, 238, 0, 1]);
    expect(decodeIndex([{ kind: 'uuid' }], subIds)).toEqual([uuid]);
    for (const other of [subIds.slice(1), [...subIds, 1], [256, ...subIds.slice(1)]]) {
      expect(decodeIndex([{ kind: 'uuid' }], other)).toBeUndefined();
    }
  });

  test('is undone by decodeIndex', () => {
    expect(decodeIndex(parts, encodeIndex(parts, [7, 'background', 'größe']))).toEqual([
      7,
      'background',
      'größe',
    ]);
  });
});

describe('decodeIndex', () => {
  test.each([[[]], [[7, 2]], [[7, 2, 3, 97]], [[7, 2, 1, 97, 1]], [[7, 2, 1, 256]]])(
    'gives nothing for %j, which does not fit',
    (subIds) => {
      expect(decodeIndex(parts, subIds)).toBeUndefined();
    },
  );

  test('keeps the number of an unknown label', () => {
    expect(decodeIndex(parts.slice(0, 2), [7, 9])).toEqual([7, 9]);
  });
});

test('indexObjectOf follows the MIB', () => {
  expect(indexObjectOf(definitions.lveDomIndex)).toEqual({ kind: 'number' });
  expect(indexObjectOf(definitions.lveJobKind)).toEqual(parts[1]);
  expect(indexObjectOf(definitions.lveStatName)).toEqual({ kind: 'text', maxBytes: 96 });
  expect(indexObjectOf(libvirtMib.objects.libvirtGuestUUID)).toEqual({ kind: 'uuid' });
  // Another fixed size would have no length in front; no index of ours has one.
  expect(indexObjectOf(definitions.lveDomUuid)).toBeUndefined();
});

test('cutUtf8 never leaves a broken character', () => {
  const octets = Buffer.from('a€b');
  expect([0, 1, 2, 3, 4, 5, 6].map((max) => Buffer.from(cutUtf8(octets, max)).toString())).toEqual([
    '',
    'a',
    'a',
    'a',
    'a€',
    'a€b',
    'a€b',
  ]);
});
