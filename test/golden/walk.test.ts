import { expect, test } from 'vitest';
import { definitions } from '../../src/mib/definitions.ts';
import { walkLines } from '../../src/mib/print.ts';
import { ServedMib } from '../../src/mib/served-mib.ts';
import { compareOids, formatOid } from '../../src/tree/oid.ts';
import { indexOfRow } from '../../src/tree/row-layout.ts';
import { SAMPLE_NOW, sampleSnapshot } from '../support/sample-snapshot.ts';

const snapshot = sampleSnapshot();
const context = { now: SAMPLE_NOW, masterStartedAt: SAMPLE_NOW - 86_400_000 };
const tree = new ServedMib({ vmMib: true }).buildTree(snapshot);

const instances = tree.columns.flatMap((column) =>
  Array.from({ length: column.rows.length }, (_, row) => ({
    column,
    oid: [...column.oid, ...indexOfRow(column.rows, row)],
    value: column.read(row, context),
  })).filter(({ value }) => value !== undefined),
);

test('the whole tree of the sample snapshot', async () => {
  const lines = [...walkLines(tree, context)];
  expect(lines.length).toBe(instances.length);
  const text = lines
    .map((line, position) => `${formatOid(instances[position]?.oid ?? [])} ${line}\n`)
    .join('');
  await expect(text).toMatchFileSnapshot('walk.txt');
});

test('shows every object that is served, but for the one the agent cannot know', () => {
  const shown = new Set(instances.map(({ column }) => column.name));
  const missing = Object.entries(definitions).filter(
    ([name, { access }]) => access.startsWith('read') && !shown.has(name),
  );
  expect(missing.map(([name]) => name)).toEqual(['lveLibraryVersion']);
});

test('is strictly ascending, and no OID exceeds 128 sub-identifiers', () => {
  for (const [position, { oid }] of instances.entries()) {
    expect(oid.length).toBeLessThanOrEqual(128);
    if (position > 0) expect(compareOids(instances[position - 1]?.oid ?? [], oid)).toBeLessThan(0);
  }
});

test('has values of the type and within the limits of the MIB', () => {
  for (const { column, value } of instances) {
    const definition = definitions[column.name as keyof typeof definitions];
    expect(column.syntax, column.name).toBe(definition.syntax);
    const { limits } = definition;
    switch (definition.syntax) {
      case 'OctetString': {
        const size = typeof value === 'string' ? Buffer.byteLength(value) : (value as Uint8Array).length;
        expect(
          (limits ?? [[0, 65_535]]).some(([min, max]) => size >= min && size <= max),
          column.name,
        ).toBe(true);
        break;
      }
      case 'ObjectIdentifier':
        expect(Array.isArray(value), column.name).toBe(true);
        break;
      case 'Counter64':
        expect(BigInt(value as number | bigint) >= 0n && BigInt(value as number | bigint) < 2n ** 64n).toBe(
          true,
        );
        break;
      default: {
        const [min, max] = definition.syntax === 'Integer32' ? [-(2 ** 31), 2 ** 31 - 1] : [0, 2 ** 32 - 1];
        expect(Number.isInteger(value), column.name).toBe(true);
        for (const [low, high] of limits ?? [[min, max]]) {
          expect(value as number, column.name).toBeGreaterThanOrEqual(low);
          expect(value as number, column.name).toBeLessThanOrEqual(high);
        }
        if (definition.labels !== undefined) expect(Object.values(definition.labels)).toContain(value);
      }
    }
  }
});
