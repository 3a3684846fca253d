import type { Family } from '../../src/families/family.ts';
import { definitions } from '../../src/mib/definitions.ts';
import { metricsSource } from '../prometheus/source.ts';

/** The words of a family whose values are those of an enumeration, by value. */
export function wordsOf(name: string): ReadonlyMap<number, string> {
  const [series] = metricsSource.family(name).series;
  const object = series?.object;
  const definition: { readonly labels?: Readonly<Record<string, number>> } =
    object === undefined ? {} : definitions[object];
  if (definition.labels === undefined) throw new Error(`${name} has no words for its values`);
  return new Map(Object.entries(definition.labels).map(([word, value]) => [value, word]));
}

const units: Readonly<Record<string, string>> = {
  seconds: 's',
  bytes: 'bytes',
  ratio: 'percentunit',
  hertz: 'hertz',
};

/** Grafana's word for the unit of a family; `short` for a number without one. */
export function grafanaUnit({ unit }: Family): string {
  return units[unit ?? ''] ?? 'short';
}
