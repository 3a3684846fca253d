import { expect, it } from 'vitest';
import type { WireSyntax, WireValue } from '../../../src/tree/tree.ts';
import { directResponder } from '../../support/direct-responder.ts';
import { scalar, syntheticTree } from '../../support/synthetic-tree.ts';

const root = [1, 3, 6, 1, 4, 1, 8072, 9999, 9999];
const before = scalar([...root, 1], 'Integer32', 1);
const after = scalar([...root, 3], 'Integer32', 3);

it.each<[string, WireSyntax, WireValue]>([
  ['NaN', 'Gauge32', Number.NaN],
  ['NaN', 'Counter64', Number.NaN],
  ['a bigint', 'Counter32', 1n],
  ['text', 'Counter64', '1'],
  ['a number', 'OctetString', 1],
  ['three octets', 'IpAddress', Uint8Array.of(127, 0, 1)],
  ['sixteen octets', 'IpAddress', new Uint8Array(16)],
  ['129 sub-identifiers', 'ObjectIdentifier', Array<number>(129).fill(1)],
])('%s is no %s: the instance is left out, its neighbours are not', (_what, syntax, value) => {
  const agent = directResponder(syntheticTree([before, scalar([...root, 2], syntax, value), after]));
  expect(agent.getBulk(0, 3, root).map(({ oid, value: read }) => [oid.at(-2), read])).toEqual([
    [1, 1],
    [3, 3],
    [3, undefined],
  ]);
  expect(agent.get([...root, 2, 0])).toMatchObject([{ syntax: 'noSuchInstance' }]);
  expect(agent.faults.map(String)).toContainEqual(expect.stringContaining(`${syntax} cannot carry`));
});

it.each<[WireSyntax, WireValue]>([
  ['ObjectIdentifier', Array<number>(128).fill(4_294_967_295)],
  ['ObjectIdentifier', []],
  ['IpAddress', Uint8Array.of(255, 255, 255, 255)],
  ['Counter64', 2n ** 64n - 1n],
])('the largest and smallest %s passes', (syntax, value) => {
  const agent = directResponder(syntheticTree([scalar([...root, 2], syntax, value)]));
  expect(agent.get([...root, 2, 0])).toMatchObject([{ syntax, value }]);
  expect(agent.faults).toEqual([]);
});
