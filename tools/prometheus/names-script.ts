import { findDefinition } from '../../src/mib/definitions.ts';
import { tables } from '../../src/mib/objects.gen.ts';
import { indexLabel, metricsOf } from './snmp-metric.ts';
import { snmpModules } from './snmp-module.ts';

const head = `# For the file that snmp_exporter's generator makes of generator.yml: metrics and labels get the
# names that they have in /metrics (docs/metrics.md), where these say the same. Made by
# \`npm run docs\` from tools/prometheus/.
#
#   sed -f names.sed made.yml > snmp.yml
`;

/** A script for sed that gives metrics and labels their names. */
export function namesScript(): string {
  const metrics = snmpModules.flatMap(metricsOf);
  const names = metrics.map(({ object, name }) => `s/^\\( *- name: \\)${object}$/\\1${name}/`);
  const lookups = unique(
    metrics.flatMap((metric) => metric.lookups.map(({ column, label }) => [column, label])),
  );
  const indexes = unique(
    metrics.flatMap(({ object }) => indexOf(object).map((index) => [index, indexLabel(index)])),
  );
  // Labels of the index stand in lists as well.
  const labels = lookups.map(([from, to]) => `s/^\\( *labelname: \\)${from}$/\\1${to}/`);
  const indexLabels = indexes.map(
    ([from, to]) => `s/^\\( *\\(- \\)\\{0,1\\}\\(labelname: \\)\\{0,1\\}\\)${from}$/\\1${to}/`,
  );
  return `${[head, ...names, ...labels, ...indexLabels].join('\n')}\n`;
}

function indexOf(object: string): readonly string[] {
  const table = findDefinition(object)?.table ?? '';
  return Object.hasOwn(tables, table) ? tables[table as keyof typeof tables].index : [];
}

function unique(pairs: readonly (readonly string[])[]): readonly (readonly [string, string])[] {
  return [...new Map(pairs.map(([from = '', to = '']) => [from, to]))];
}
