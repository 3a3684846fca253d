import { describe, expect, it } from 'vitest';
import { RowReader } from '../../../../src/collect/decode/row-reader.ts';
import { type BuildContext, buildDomain } from '../../../../src/collect/records/domain-builder.ts';
import { RowUnits } from '../../../../src/collect/records/row-units.ts';
import { noOverrides } from '../../../../src/domain-state/severity.ts';
import { silentLogger } from '../../../../src/log.ts';
import { IndexStore } from '../../../../src/state/index-store.ts';
import { activeRecord } from '../collector-pass.ts';
import { counters, type ParamRow, sampleOf } from '../params.ts';

const [kib, mib, tib] = [2 ** 10, 2 ** 20, 2 ** 40];

async function makeRig() {
  const indexes = await IndexStore.load({ place: undefined, logger: silentLogger });
  const context: BuildContext = {
    severities: noOverrides,
    lastEventSeq: () => 0,
    diskIndex: (uuid, target) => indexes.disk(uuid, target),
    poolOf: () => undefined,
    nicIndex: () => 1,
    perfEventNumber: () => 1,
    reader: new RowReader(),
    units: new RowUnits(indexes),
  };
  const record = activeRecord('web');
  indexes.domain(record.uuid);
  /** The row after a reading. */
  const rowOf = (rows: readonly ParamRow[], one = record) => {
    one.runtime.sample = sampleOf(rows);
    one.touchFigures();
    return buildDomain(one, context);
  };
  return { indexes, context, record, rowOf };
}

const memory = (maximumBytes: number, currentBytes = maximumBytes): readonly ParamRow[] =>
  counters({ 'balloon.maximum': maximumBytes / kib, 'balloon.current': currentBytes / kib });

const disk = (capacityBytes: number, physicalBytes = 4096): readonly ParamRow[] => [
  ['block.0.name', 'string', 'vda'],
  ...counters({ 'block.0.capacity': capacityBytes, 'block.0.physical': physicalBytes }),
];

describe('the unit of sizes', () => {
  it('takes the names of disks for nothing else', async () => {
    const { indexes, record } = await makeRig();
    const units = new RowUnits(indexes);
    for (const target of ['vda', 'constructor', '__proto__']) {
      expect(units.disk(record.uuid, target, undefined)).toEqual({ unit: kib, outgrown: false });
      expect(units.disk(record.uuid, target, 4 * tib)).toEqual({ unit: mib, outgrown: false });
      expect(units.disk(record.uuid, target, undefined)).toEqual({ unit: mib, outgrown: false });
    }
  });

  it('has room to grow, and changes with a discontinuity of the domain where memory outgrows it', async () => {
    const { record, rowOf, indexes } = await makeRig();
    const before = rowOf(memory(0.75 * tib));
    expect(before.memory?.vmMemUnit).toBe(kib);
    expect(rowOf(memory(1.75 * tib)).facts.discontinuityAt).toBeUndefined();
    const after = rowOf(memory(3 * tib));
    expect(after.memory?.vmMemUnit).toBe(mib);
    expect(after.facts.discontinuityAt).toBe(record.runtime.sample?.monitor.at);
    expect(indexes.facts(record.uuid)).toMatchObject({
      vmMemUnit: mib,
      discontinuityAt: after.facts.discontinuityAt,
    });
    // It does not go back: a unit that changes breaks graphs.
    const less = rowOf(memory(0.5 * tib));
    expect([less.memory?.vmMemUnit, less.facts.discontinuityAt]).toEqual([mib, after.facts.discontinuityAt]);
  });

  it('fits what a guest has beyond its maximum, and what an image takes beyond its size', async () => {
    const { rowOf } = await makeRig();
    const row = rowOf([...memory(tib, 3 * tib), ...disk(tib, 3 * tib)]);
    expect([row.memory?.vmMemUnit, row.disks[0]?.facts.vmSizeUnit]).toEqual([mib, mib]);
  });

  it('is not chosen before a size is known', async () => {
    const { rowOf } = await makeRig();
    rowOf(counters({ 'cpu.time': 1 }));
    const row = rowOf(memory(3 * tib));
    expect([row.memory?.vmMemUnit, row.facts.discontinuityAt]).toEqual([mib, undefined]);
  });

  it('changes with a discontinuity of the disk that outgrows it, which stays when its facts are built anew', async () => {
    const { record, rowOf } = await makeRig();
    expect(rowOf(disk(tib / 2)).disks[0]?.facts).toMatchObject({ vmSizeUnit: kib });
    const grown = rowOf(disk(3 * tib));
    expect(grown.disks[0]?.facts.vmSizeUnit).toBe(mib);
    const at = grown.disks[0]?.facts.discontinuityAt;
    expect(at).toBeDefined();
    expect(grown.facts.discontinuityAt).toBeUndefined();
    record.devices = undefined;
    expect(rowOf(disk(3 * tib)).disks[0]?.facts).toMatchObject({ vmSizeUnit: mib, discontinuityAt: at });
  });

  it('that was outgrown while the agent was away is a discontinuity as well', async () => {
    const { rowOf } = await makeRig();
    rowOf([...memory(tib / 2), ...disk(tib / 2)]);
    const again = rowOf([...memory(3 * tib), ...disk(3 * tib)], activeRecord('web'));
    expect(again.facts.discontinuityAt).toBeDefined();
    expect(again.disks[0]?.facts.discontinuityAt).toBeDefined();
  });
});
