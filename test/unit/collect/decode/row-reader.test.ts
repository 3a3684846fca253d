import { describe, expect, it } from 'vitest';
import { Figures } from '../../../../src/collect/decode/figures.ts';
import { fieldsOfIdleGroups } from '../../../../src/collect/decode/idle-groups.ts';
import { RowReader } from '../../../../src/collect/decode/row-reader.ts';
import { domainFields, domainRows, entryRows } from '../../../../src/collect/decode/stat-fields.ts';
import { statsGroups } from '../../../../src/libvirt-enums/flags.ts';
import type { DiskFacts } from '../../../../src/model/disk.ts';
import { diskRow } from '../../../../src/model/disk.ts';
import { cpuRow, memoryRow } from '../../../../src/model/domain-figures.ts';
import { vcpuRow } from '../../../../src/model/vcpu.ts';
import { counters, figureOf, type ParamRow, sampleOf } from '../params.ts';

const settings = { shares: 1, quotaUs: undefined, periodUs: undefined, emulatorPin: undefined };

const reading = sampleOf([
  ['vcpu.current', 'uint', 2],
  ['block.0.name', 'string', 'vda'],
  ['vcpu.1.state', 'int', 2],
  ['vcpu.1.halted', 'boolean', true],
  ...counters({
    'cpu.time': 5_000_000,
    'balloon.current': 2,
    'balloon.available': 4,
    'balloon.usable': 1,
    'balloon.last-update': 7,
    'vcpu.1.time': 2n ** 60n,
    'block.0.rd.reqs': 3,
    'block.0.rd.times': 4000,
    'block.0.capacity': 100,
  }),
]);

const { figures, base, layout } = reading;
const vcpu = layout.vcpus[0]?.at ?? 0;
const block = layout.blocks[0]?.at ?? 0;

const cpuOf = (reader: RowReader, active = true) =>
  cpuRow(reader.at(figures, base + domainRows.cpu, active), settings);
const memoryOf = (reader: RowReader, active = true) =>
  memoryRow(reader.at(figures, base + domainRows.memory, active), 1024);
const diskOf = (reader: RowReader, active = true) =>
  diskRow(reader.at(figures, base + block + entryRows.block, active), {} as DiskFacts);
const vcpuOf = (reader: RowReader) => vcpuRow(reader.at(figures, base + vcpu, true), 1, 5, undefined);

describe('rows', () => {
  const reader = new RowReader();

  it('have what the decoder put into the slots of their lines, converted', () => {
    expect(cpuOf(reader)).toMatchObject({ timeUs: 5000, vcpusCurrent: 2, userUs: undefined });
    expect(memoryOf(reader)).toMatchObject({ currentBytes: 2048, usedPercent: 7500, lastUpdateAt: 7000 });
    expect(diskOf(reader)).toMatchObject({ readRequests: 3, readTimeUs: 4, capacityBytes: 100 });
    expect(vcpuOf(reader)).toMatchObject({
      index: 2,
      state: 'blocked',
      halted: true,
      timeUs: Number(2n ** 60n / 1000n),
      hostCpu: 5,
    });
  });

  it('are plain data: a copy and JSON show all of them', () => {
    for (const row of [cpuOf(reader), memoryOf(reader), diskOf(reader)]) {
      expect({ ...row }).toEqual(row);
      expect(JSON.parse(JSON.stringify(row))).toEqual(
        Object.fromEntries(Object.entries(row).filter(([, value]) => value !== undefined)),
      );
      expect(Object.getPrototypeOf(row)).toBe(Object.prototype);
    }
    expect(JSON.parse(JSON.stringify(diskOf(reader)))).toMatchObject({ readRequests: 3, capacityBytes: 100 });
  });

  it('of a domain that is not active have sizes, 0 for what it uses, and no counters', () => {
    expect(cpuOf(reader, false)).toMatchObject({
      timeUs: undefined,
      vcpusCurrent: 2,
      percent: 0,
      hostPercent: 0,
    });
    expect(memoryOf(reader, false)).toMatchObject({
      currentBytes: 2048,
      availableBytes: undefined,
      usedPercent: 0,
    });
    expect(diskOf(reader, false)).toMatchObject({ readRequests: undefined, capacityBytes: 100 });
  });

  it('lack what selectors have switched off, also where its statistics are asked for', () => {
    const without = new RowReader(['disk', 'cpu_util', 'xml']);
    expect(diskOf(without)).toMatchObject({ readRequests: undefined, capacityBytes: 100 });
    expect(cpuOf(without, false)).toMatchObject({ percent: undefined, vcpusCurrent: 2 });
    expect(diskOf(new RowReader(['disk_capacity']))).toMatchObject({
      readRequests: 3,
      capacityBytes: undefined,
    });
  });

  it('have nothing of a thing that no reading tells of', () => {
    const row = diskRow(reader.at(new Figures(0), 0, true), {} as DiskFacts);
    expect(
      Object.entries(row)
        .filter(([, value]) => value !== undefined)
        .map(([name]) => name),
    ).toEqual(['facts', 'vmSourceType']);
  });
});

describe('a group that is not asked for each time', () => {
  it('keeps every figure that it has', () => {
    const fields = fieldsOfIdleGroups(statsGroups.dirtyRate);
    expect(fields.map(({ parameter }) => parameter)).toEqual(
      domainFields.all.map(({ parameter }) => parameter).filter((name) => name.startsWith('dirtyrate.')),
    );
    const rows = fields.map(
      ({ parameter, kind }): ParamRow =>
        kind === 'text' ? [parameter, 'string', 'text'] : [parameter, 'ullong', String(2n ** 61n)],
    );
    const later = sampleOf(counters({ 'cpu.time': 1 }));
    later.keepIdleGroups(sampleOf(rows), statsGroups.dirtyRate);
    for (const { parameter, kind } of fields) {
      const expected = { text: 'text', count: 2n ** 61n, small: Number(2n ** 61n), flag: true }[kind];
      if (kind === 'small') continue;
      expect(figureOf(later, parameter)).toBe(expected);
    }
    const small = sampleOf([['dirtyrate.calc_period', 'int', 3]]);
    const next = sampleOf(counters({ 'cpu.time': 1 }));
    next.keepIdleGroups(small, statsGroups.dirtyRate);
    expect(figureOf(next, 'dirtyrate.calc_period')).toBe(3);
  });
});
