import { beforeEach, expect, test } from 'vitest';
import { ImageTree } from '../../../src/image/image-tree.ts';
import { ImageWriter } from '../../../src/image/image-writer.ts';
import { ServedMib } from '../../../src/mib/served-mib.ts';
import { SwitchColumn } from '../../../src/serve/switch-column.ts';
import type { SetPlan } from '../../../src/tree/tree.ts';
import { sampleSnapshot } from '../../support/sample-snapshot.ts';
import { noContext } from '../../support/synthetic-tree.ts';

const served = new ServedMib({ vmMib: true });
let calls: [string, boolean][];
let column: SwitchColumn;

beforeEach(() => {
  calls = [];
  const writer = new ImageWriter(served.slots, () => undefined);
  const images = new ImageTree(writer.shape);
  images.show(writer.write(served.buildTree(sampleSnapshot())));
  const found = images.columns.find(({ name }) => name === 'lveNotifyEnable');
  if (found === undefined) throw new Error('lveNotifyEnable is not served');
  column = new SwitchColumn(found, (name, value) => calls.push([name, value]));
});

test('takes effect on commit and is taken back by undo', () => {
  const plan = column.planSet(0, 'Integer32', 2) as SetPlan;
  expect(calls).toEqual([]);
  expect(column.read(0, noContext)).toBe(1);
  plan.commit();
  expect(column.read(0, noContext)).toBe(2);
  plan.undo();
  expect(column.read(0, noContext)).toBe(1);
  expect(calls).toEqual([
    ['lveNotifyEnable', false],
    ['lveNotifyEnable', true],
  ]);
});

test('shows what was set until an image has its effect', () => {
  (column.planSet(0, 'Integer32', 2) as SetPlan).commit();
  (column.planSet(0, 'Integer32', 2) as SetPlan).commit();
  column.settle(1);
  expect(column.read(0, noContext)).toBe(2);
  column.settle(2);
  // This image has the old value: the switch was refused, or set back by somebody else.
  expect(column.read(0, noContext)).toBe(1);
});

test('refuses wrong types, values and instances', () => {
  expect(column.planSet(0, 'OctetString', 'true')).toBe('wrongType');
  expect(column.planSet(0, 'Gauge32', 1)).toBe('wrongType');
  expect(column.planSet(0, 'Integer32', 3)).toBe('wrongValue');
  expect(column.planSet(1, 'Integer32', 1)).toBe('noCreation');
});
