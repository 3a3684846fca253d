import { describe, expect, it } from 'vitest';
import { RowReader } from '../../../../src/collect/decode/row-reader.ts';
import { type BuildContext, buildDomain } from '../../../../src/collect/records/domain-builder.ts';
import type { DomainRecord } from '../../../../src/collect/records/domain-record.ts';
import { noOverrides } from '../../../../src/domain-state/severity.ts';
import { activeRecord } from '../collector-pass.ts';
import { counters, sampleOf } from '../params.ts';

/** A log in which every domain has so many events. */
function contextWith(lastEventSeq: number): BuildContext {
  return {
    severities: noOverrides,
    lastEventSeq: () => lastEventSeq,
    diskIndex: () => 1,
    poolOf: () => undefined,
    nicIndex: () => 1,
    perfEventNumber: () => 1,
    reader: new RowReader(),
    units: {
      memory: () => ({ unit: 1024, outgrown: false }),
      disk: () => ({ unit: 1024, outgrown: false }),
    },
  };
}

const quiet = contextWith(0);

/** A reading with this CPU time. */
function read(record: DomainRecord, cpuTimeNs: number): void {
  record.runtime.sample = sampleOf(counters({ 'cpu.time': cpuTimeNs }));
  record.touchFigures();
}

describe('the row of a domain', () => {
  it('is the same while nothing was touched', () => {
    const record = activeRecord('web');
    const row = buildDomain(record, quiet);
    expect(buildDomain(record, quiet)).toBe(row);
    record.touch();
    expect(buildDomain(record, quiet)).not.toBe(row);
  });

  it('keeps its facts while only figures are others', () => {
    const record = activeRecord('web');
    read(record, 1_000_000);
    const first = buildDomain(record, quiet);
    read(record, 9_000_000);
    const second = buildDomain(record, quiet);
    expect([first.cpu?.timeUs, second.cpu?.timeUs]).toEqual([1000, 9000]);
    expect(second.facts).toBe(first.facts);
  });

  it('has other facts after a change of state, also when figures come with it', () => {
    const record = activeRecord('web');
    const first = buildDomain(record, quiet);
    record.state = 'paused';
    record.touch();
    read(record, 1_000_000);
    const { facts } = buildDomain(record, quiet);
    expect(facts).not.toBe(first.facts);
    expect(facts.state).toBe('paused');
  });

  it('has other facts after an event', () => {
    const record = activeRecord('web');
    buildDomain(record, quiet);
    expect(buildDomain(record, contextWith(7)).facts.lastEventSeq).toBe(7);
  });

  it('shares the guest row of domains whose agent was not asked', () => {
    const rows = ['a', 'b'].map((name) => {
      const record = activeRecord(name);
      record.definition = {
        spec: {} as never,
        disks: [],
        nics: [],
        nova: undefined,
        labels: [],
        xmlChunks: [],
        agentChannel: 'disconnected',
      };
      return buildDomain(record, quiet);
    });
    expect(rows[0]?.guest?.agentState).toBe('disconnected');
    expect(rows[0]?.guest).toBe(rows[1]?.guest);
  });
});
