import type { ParamValue } from '../../libvirt/typed-params.ts';
import type { Stat } from '../../model/stat.ts';

/** virTypedParameterType by number. */
const typeNames: readonly Stat['type'][] = [
  'other',
  'int',
  'uint',
  'llong',
  'ullong',
  'double',
  'boolean',
  'string',
];

/** A typed parameter as a row of lveStatTable or lveJobStatTable. */
export function statOf(name: string, type: number, value: ParamValue): Stat {
  const typeName = typeNames[type] ?? 'other';
  if (typeof value === 'boolean') return { name, type: typeName, value: value ? 1 : 0, text: String(value) };
  if (typeof value === 'string') return { name, type: typeName, value: undefined, text: value };
  const integral = typeof value === 'bigint' || (typeName !== 'double' && Number.isInteger(value));
  return { name, type: typeName, value: integral && value >= 0 ? value : undefined, text: String(value) };
}
