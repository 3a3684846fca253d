import type { Family, Series } from '../../src/families/family.ts';
import { definitions } from '../../src/mib/definitions.ts';

// Where snmp_exporter cannot say what /metrics says, it says it under another name: it knows neither labels that are the
// same for every row, nor the present time, nor a constant 1 with several texts.

/** The name of a family's series from snmp_exporter. */
export function snmpName({ name }: Pick<Family, 'name'>, { object, fixed }: Series): string {
  if (object !== undefined && isElapsed(name, definitions[object].kind)) return elapsedName(name);
  return withFixed(name, Object.values(fixed));
}

/** The name of one text of an info family, which is also that of the label that has it. */
export function textName(family: string, label: string): string {
  return `${family.replace(/_info$/, '')}_${label}`;
}

/** What grows by itself is served as it is: /metrics has the moment when it began. */
function isElapsed(name: string, kind: string): boolean {
  return /_time(?:stamp)?_seconds$/.test(name) && kind !== 'dateAndTime';
}

function elapsedName(name: string): string {
  return name
    .replace(/_timestamp_seconds$/, '_age_seconds')
    .replace(/_(?:start|boot)_time_seconds$/, '_uptime_seconds');
}

/** cpu_seconds_total of the mode user is cpu_user_seconds_total. */
function withFixed(name: string, values: readonly string[]): string {
  if (values.length === 0) return name;
  const [ending = ''] = /(?:_(?:seconds|bytes))?(?:_total)?$/.exec(name) ?? [];
  return `${name.slice(0, name.length - ending.length)}_${values.join('_')}${ending}`;
}
