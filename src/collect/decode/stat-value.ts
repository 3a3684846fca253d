import type { ParamValue } from '../../libvirt/typed-params.ts';
import { paramTypeNames } from '../../libvirt-enums/typed-param.ts';
import type { Stat } from '../../model/stat.ts';

/** A typed parameter as a row of lveStatTable or lveJobStatTable. */
export function statOf(name: string, type: number, value: ParamValue): Stat {
  const typeName = paramTypeNames[type] ?? 'other';
  const row = { name, type: typeName, value: undefined, text: String(value) };
  if (typeof value === 'boolean') return { ...row, value: value ? 1 : 0 };
  if (typeof value === 'string') return row;
  if (typeName === 'double') return { ...row, milli: thousandths(Number(value)) };
  const integral = typeof value === 'bigint' || Number.isInteger(value);
  return { ...row, value: integral && value >= 0 ? value : undefined };
}

/** Undefined for what is negative, no number or too great to be exact. */
function thousandths(value: number): number | undefined {
  const milli = Math.round(value * 1000);
  return Number.isSafeInteger(milli) && milli >= 0 && !Object.is(milli, -0) ? milli : undefined;
}
