import { stringify } from 'yaml';
import { metricsOf } from './snmp-metric.ts';
import { maxRepetitions, type SnmpModule, snmpModules, timeout } from './snmp-module.ts';
import { canSay, type SnmpFormat, type ValueRule, valueRule } from './value-rule.ts';

const head: Readonly<Record<SnmpFormat, string>> = {
  '0.23': `# What snmp.yml beside this file was made from, for snmp_exporter 0.23 and later. For another choice
# of objects change it, run the generator of your snmp_exporter, and give the result the names that
# /metrics has:
#
#   MIBDIRS=mibs/imports:mibs prometheus-snmp-generator generate --output-path=$PWD/made.yml
#   sed -f names.sed made.yml > snmp.yml
#
# Made by \`npm run docs\` from tools/prometheus/.
`,
  '0.21': `# What snmp-0.21.yml beside this file was made from, for snmp_exporter 0.22 and before. That knows no
# scale: patterns move the decimal point, so that all such values are gauges.
#
#   cp generator-0.21.yml generator.yml
#   MIBDIRS=mibs/imports:mibs prometheus-snmp-generator generate --output-path=$PWD/made.yml
#   sed -f names.sed made.yml > snmp-0.21.yml
#
# Made by \`npm run docs\` from tools/prometheus/.
`,
};

/** The input of snmp_exporter's generator. */
export function generatorFile(format: SnmpFormat): string {
  const isSplit = format !== '0.21';
  const modules = snmpModules.map((module) => [module.name, moduleOf(module, format)] as const);
  const document = {
    ...(isSplit ? { auths: { libvirt_v2: { version: 2, community: 'public' } } } : {}),
    modules: Object.fromEntries(modules),
  };
  const text = stringify(document, { lineWidth: 0, flowCollectionPadding: true });
  return `${head[format]}${withPurposes(text)}`;
}

function moduleOf(module: SnmpModule, format: SnmpFormat): object {
  const metrics = metricsOf(module).filter((metric) => canSay(metric, format));
  const lookups = new Map(
    metrics
      .flatMap((metric) => metric.lookups)
      .map(({ sourceIndexes, column }) => [
        `${sourceIndexes.join()} ${column}`,
        { source_indexes: sourceIndexes, lookup: column },
      ]),
  );
  const rules = metrics.flatMap((metric): readonly (readonly [string, ValueRule])[] => {
    const rule = valueRule(metric, format);
    return rule === undefined ? [] : [[metric.object, rule]];
  });
  return {
    ...(format === '0.21' ? { version: 2, auth: { community: 'public' } } : {}),
    max_repetitions: maxRepetitions,
    timeout,
    walk: metrics.map(({ object }) => object),
    lookups: [...lookups.values()],
    overrides: Object.fromEntries(rules),
  };
}

function withPurposes(text: string): string {
  return snmpModules.reduce(
    (all, { name, purpose }) => all.replace(`\n  ${name}:\n`, `\n  # ${purpose}\n  ${name}:\n`),
    text,
  );
}
