import { readFileSync } from 'node:fs';
import type { MonitorSample } from '../../../src/collect/decode/monitor-sample.ts';
import { domainFields, entryFields, fieldRule } from '../../../src/collect/decode/stat-fields.ts';
import { type OtherStatsPolicy, StatsDecoder } from '../../../src/collect/decode/stats-decoder.ts';
import type { StatsSample } from '../../../src/collect/decode/stats-sample.ts';
import { paramNames } from '../../../src/libvirt/param-names.ts';
import { ParamCursor, type ParamValue, type TypedParams } from '../../../src/libvirt/typed-params.ts';
import { XdrReader, XdrWriter } from '../../../src/libvirt/xdr.ts';
import { paramTypes } from '../../../src/libvirt-enums/typed-param.ts';

/** A parameter as the fixtures write it: name, type, value; 64-bit integers beyond 2^53 as texts. */
export type ParamRow = readonly [
  name: string,
  type: keyof typeof paramTypes,
  value: number | string | boolean,
];

export interface ParamFixture {
  /** Where the parameters come from: recorded, with the version, or made from documentation. */
  readonly source: string;
  readonly call: string;
  /** virDomainJobType, for job statistics. */
  readonly type?: number;
  readonly params: readonly ParamRow[];
}

/** A set of `test/fixtures/typed-params`. */
export function paramFixture(name: string): ParamFixture & { readonly typed: TypedParams } {
  const text = readFileSync(new URL(`../../fixtures/typed-params/${name}.json`, import.meta.url), 'utf8');
  const fixture = JSON.parse(text) as ParamFixture;
  return { ...fixture, typed: typedParams(fixture.params) };
}

/** Typed parameters as the decoder would give them. */
export function typedParams(rows: readonly ParamRow[]): TypedParams {
  return {
    names: rows.map(([name]) => paramNames.intern(name)),
    types: Uint8Array.from(rows, ([, type]) => paramTypes[type]),
    values: rows.map(
      ([, type, value]): ParamValue =>
        typeof value === 'string' && (type === 'ullong' || type === 'llong') ? BigInt(value) : value,
    ),
  };
}

/** A cursor before typed parameters as they come from libvirt. */
export function paramCursor(rows: readonly ParamRow[]): ParamCursor {
  const writer = new XdrWriter();
  writer.array(rows, (inner, [name, type, value]) => {
    inner.string(name);
    inner.u32(paramTypes[type]);
    if (type === 'string') inner.string(String(value));
    else if (type === 'double') inner.f64(Number(value));
    else if (type === 'ullong' || type === 'llong') inner.u64(BigInt(value));
    else inner.i32(Number(value));
  });
  return new ParamCursor(new XdrReader(writer.finish()), 10_000);
}

/** A reading of the statistics of one domain. */
export function sampleOf(
  rows: readonly ParamRow[],
  policy: OtherStatsPolicy = { unknown: true, all: false, exclude: [] },
): StatsSample {
  return new StatsDecoder(policy).reply(1)(paramCursor(rows));
}

/** Counters by name: those of 64 bits, as most statistics are. */
export function counters(values: Readonly<Record<string, number | bigint>>): readonly ParamRow[] {
  return Object.entries(values).map(([name, value]) => [name, 'ullong', String(value)]);
}

const lists = { vcpu: 'vcpus', block: 'blocks', net: 'nets', iothread: 'iothreads' } as const;

/** What a reading holds of a parameter, in libvirt's unit: `block.0.rd.bytes`, or `vcpu.0.=percent` where it is noted. */
export function figureOf(reading: StatsSample | MonitorSample, name: string): unknown {
  const { figures, base, layout } = reading;
  const rule = fieldRule(name);
  if (!('field' in rule)) throw new TypeError(`${name} has no field`);
  const entry =
    'number' in rule ? layout[lists[rule.to]].find(({ number }) => number === rule.number) : { at: 0 };
  if (entry === undefined) return undefined;
  const slot = base + entry.at + rule.field.slot;
  switch (rule.field.kind) {
    case 'count':
      return figures.count(slot);
    case 'small':
      return figures.number(slot);
    case 'text':
      return figures.text(slot);
    case 'flag':
      return figures.flag(slot);
  }
}

/** Every figure of a reading by its name. */
export function figuresOf(reading: StatsSample | MonitorSample): Readonly<Record<string, unknown>> {
  const names = [
    ...domainFields.all.map(({ parameter }) => parameter),
    ...Object.entries(lists).flatMap(([family, list]) =>
      reading.layout[list].flatMap(({ number }) =>
        entryFields[family as keyof typeof lists].all.map(
          ({ parameter }) => `${family}.${number}.${parameter}`,
        ),
      ),
    ),
  ];
  return Object.fromEntries(names.map((name) => [name, figureOf(reading, name)]));
}
