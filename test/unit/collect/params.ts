import { readFileSync } from 'node:fs';
import { paramNames } from '../../../src/libvirt/param-names.ts';
import { type ParamValue, paramTypes, type TypedParams } from '../../../src/libvirt/typed-params.ts';

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
