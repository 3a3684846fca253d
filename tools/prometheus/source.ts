import type { Family } from '../../src/families/family.ts';
import { servedFamilies } from '../../src/families/served.ts';
import { definitions } from '../../src/mib/definitions.ts';
import { snmpFamilies } from './snmp-metric.ts';
import { snmpName } from './snmp-names.ts';

/** Writes a family's name with selectors. */
export type Select = (family: string, more?: string) => string;

/** A part of a family, for a query of its own. */
export interface Part {
  readonly expr: string;
  /** What it is called: a text, or a label of the result. */
  readonly name: string;
}

/** A text that is the label of a series. */
export interface Text {
  readonly family: string;
  readonly label: string;
}

/** Where Prometheus has the figures from. Queries are written in the names of /metrics; what differs is asked for here. */
export interface Source {
  readonly name: 'metrics' | 'snmp';
  /** For a sentence: "..., from its /metrics". */
  readonly origin: string;
  /** The family that is served under a name. Throws if none is: nothing is asked for that there is not. */
  family(name: string): Family;
  /** How long ago a moment was. */
  since(moment: string, select: Select): string;
  /** What a label of objects tells apart, such as mode, without some of its values. */
  parts(family: string, label: string, except: readonly string[], query: Select): readonly Part[];
  /** A text of an info family. */
  text(family: string, label: string): Text;
  /** All texts of an info family. */
  texts(family: string): readonly Text[];
  /** The matcher for a value of lveJobKind. */
  jobKind(kind: 'background' | 'completed'): string;
  /** The matcher for all warnings but one. */
  warningsExcept(code: 'rootIsExperimental'): string;
  /** The label by which warnings are told apart. */
  readonly warningLabel: string;
}

const served = new Map(
  servedFamilies({ sets: ['libvirt'], exclude: [], labelRules: [] }).map((family) => [family.name, family]),
);

/** Prometheus scrapes the agent itself. */
export const metricsSource: Source = {
  name: 'metrics',
  origin: 'from its /metrics',
  family(name) {
    const family = served.get(name);
    if (family === undefined) throw new Error(`/metrics has no family ${name}`);
    return family;
  },
  since: (moment, select) => `time() - ${select(moment)}`,
  parts(family, label, except, query) {
    const more = except.length === 0 ? undefined : `${label}!~"${except.join('|')}"`;
    return [{ expr: query(family, more), name: `{{${label}}}` }];
  },
  text: (family, label) => ({ family, label }),
  texts: (family) => [{ family, label: 'Value' }],
  jobKind: (kind) => `kind="${kind}"`,
  warningsExcept: (code) => `code!="${code}"`,
  warningLabel: 'code',
};

const bySnmp = snmpFamilies();

/** Prometheus scrapes snmp_exporter, which asks snmpd. */
export const snmpSource: Source = {
  name: 'snmp',
  origin: 'through snmp_exporter',
  family(name) {
    const found = bySnmp.get(name);
    if (found === undefined) throw new Error(`snmp.yml has no metric ${name}`);
    return found.family;
  },
  since(moment, select) {
    const { series } = metricsSource.family(moment);
    const [first] = series;
    const name = first === undefined ? moment : snmpName({ name: moment }, first);
    return name === moment ? `time() - ${select(moment)}` : select(name);
  },
  parts(family, label, except, query) {
    return metricsSource.family(family).series.flatMap((series) => {
      const value = series.fixed[label] ?? '';
      return except.includes(value) ? [] : [{ expr: query(snmpName({ name: family }, series)), name: value }];
    });
  },
  text(family, label) {
    const found = textsOf(family).find((text) => text.label.endsWith(`_${label}`));
    if (found === undefined) throw new Error(`snmp.yml has no text ${label} of ${family}`);
    return found;
  },
  texts: textsOf,
  jobKind: (kind) => `kind="${numberOf('lveJobKind', kind)}"`,
  warningsExcept: (code) => `code!="${numberOf('lveWarningCode', code)}"`,
  warningLabel: 'text',
};

/** SNMP has the number where /metrics has the word. */
function numberOf(object: 'lveJobKind' | 'lveWarningCode', word: string): number {
  const number = definitions[object].labels?.[word];
  if (number === undefined) throw new Error(`${object} has no ${word}`);
  return number;
}

function textsOf(family: string): readonly Text[] {
  return [...bySnmp].flatMap(([name, { family: info, textLabel }]) =>
    textLabel === undefined || info.name !== family ? [] : [{ family: name, label: textLabel }],
  );
}

export const sources: readonly Source[] = [metricsSource, snmpSource];
