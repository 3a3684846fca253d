import { stringify } from 'yaml';
import { type Alert, alertsFor } from './alert.ts';
import { type AlertCase, alertCases, type Expected, Stage } from './alert-case.ts';
import { type Source, sources } from './source.ts';

/** The rules and promtool's tests of them, by path in the repository. */
export function alertFiles(): ReadonlyMap<string, string> {
  return new Map(
    sources.flatMap((source) => [
      [`contrib/prometheus/alerts-${source.name}.yml`, rules(source)] as const,
      [`contrib/prometheus/alerts-${source.name}.test.yml`, tests(source)] as const,
    ]),
  );
}

const collected: Readonly<Record<Source['name'], string>> = {
  metrics: '/metrics of libvirt-agentx',
  snmp: 'snmp_exporter with snmp.yml beside this file',
};

function rules(source: Source): string {
  return `# Alerts on what Prometheus has from ${collected[source.name]}.
# The names of its jobs begin with "libvirt". Made by \`npm run docs\` from tools/prometheus/, with
# tests: promtool test rules alerts-${source.name}.test.yml
groups:
  - name: libvirt-agentx-${source.name}
    rules:
${alertsFor(source)
  .map((alert) => rule(alert, source))
  .join('\n')}`;
}

function rule({ name, severity, comment, for: lasting, ...alert }: Alert, source: Source): string {
  const text = (value: string): string => JSON.stringify(value);
  const lines = [
    `      - alert: ${name}`,
    ...(comment === undefined ? [] : `# ${comment}`.split('\n').map((line) => `        ${line}`)),
    `        expr: ${text(alert.expr(source))}`,
    ...(lasting === undefined ? [] : [`        for: ${lasting}`]),
    '        labels:',
    `          severity: ${severity}`,
    '        annotations:',
    `          summary: ${text(alert.summary(source))}`,
    ...(alert.description === undefined ? [] : [`          description: ${text(alert.description(source))}`]),
  ];
  return `${lines.join('\n')}\n`;
}

function tests(source: Source): string {
  const known = new Map(alertsFor(source).map((alert) => [alert.name, alert]));
  const at = new Stage(source);
  const document = {
    rule_files: [`alerts-${source.name}.yml`],
    evaluation_interval: '1m',
    tests: alertCases.flatMap((one) => {
      const alert = known.get(one.alert);
      return alert === undefined ? [] : [test(one, alert, at)];
    }),
  };
  return `# promtool test rules alerts-${source.name}.test.yml; made by \`npm run docs\` from tools/prometheus/.
${stringify(document, { lineWidth: 0 })}`;
}

function test({ title, series, checks }: AlertCase, alert: Alert, at: Stage): object {
  return {
    name: `${alert.name}: ${title}`,
    interval: '1m',
    input_series: series.map((input) => {
      const { family, labels, values } = input(at);
      // Rules ask for what there is.
      if (family !== 'up') at.source.family(family);
      const selectors = Object.entries(labels).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
      return { series: `${family}{${selectors.join(', ')}}`, values };
    }),
    alert_rule_test: checks.map(([time, ...expected]) => ({
      eval_time: time,
      alertname: alert.name,
      exp_alerts: expected.map((one) => alertOf(one, alert, at)),
    })),
  };
}

function alertOf(
  { labels, value = '' }: Expected,
  { severity, summary, description }: Alert,
  at: Stage,
): object {
  const own = labels(at);
  const fill = (template: string): string =>
    template
      .replaceAll(/\{\{ \$labels\.(\w+) \}\}/g, (_, name: string) => own[name] ?? '')
      .replaceAll(/\{\{ \$value(?: \| \w+)? \}\}/g, value);
  return {
    exp_labels: { severity, ...own },
    exp_annotations: {
      summary: fill(summary(at.source)),
      ...(description === undefined ? {} : { description: fill(description(at.source)) }),
    },
  };
}
