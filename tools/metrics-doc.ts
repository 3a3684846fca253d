import { wrap } from '../src/config/wrap.ts';
import type { Family } from '../src/families/family.ts';
import { servedFamilies } from '../src/families/served.ts';
import { familySets } from '../src/families/set-names.ts';
import { aliasFamilies } from '../src/families/sets/index.ts';

/** `docs/metrics.md`: every family that /metrics serves, in Markdown. */
export function renderMetricsDoc(): string {
  const families = servedFamilies({ sets: ['libvirt'], exclude: [], labelRules: [] });
  return [
    '# Metrics',
    '',
    ...wrap(
      'Every family of `/metrics`, made from the tables in `src/families/` and the DESCRIPTIONs in `mibs/` by `npm run docs`: edit those, not this page. [http.md](http.md) says how to have them served.',
    ),
    '',
    ...wrap(
      'Names are those that the exporters for libvirt have in common, values are in base units, and an object that grows by itself, such as an uptime, is served as the moment when it began. A value that is not known has no sample. Texts are labels of the `*_info` families, whose value is always 1. A domain that ceased to exist has `libvirt_domain_up` 0 for `collect.retention` seconds.',
    ),
    '',
    `There are ${families.length} families.`,
    '',
    ...sectionsOf(families).flatMap(([title, members]) => [
      `## ${title}`,
      '',
      '| Family | Type | Labels | Object | |',
      '|---|---|---|---|---|',
      ...members.map(row),
      '',
    ]),
    '## Names of other exporters',
    '',
    '`metrics.sets = ["libvirt", "vadvisor"]` adds the names of a set, for',
    'dashboards and rules that query them.',
    '',
    '| Set | Family | Type | Labels | Object | |',
    '|---|---|---|---|---|---|',
    ...familySets.flatMap((set) =>
      set === 'libvirt' ? [] : aliasFamilies(set).map((family) => `| \`${set}\` ${row(family)}`),
    ),
    '',
    'With `[statsd]`, `[influxdb]` or `[otlp]`, `libvirt_push_lines_total`,',
    '`libvirt_push_dropped_lines_total` and `libvirt_push_failures_total` (counters, label `target`) tell',
    'what became of what was sent.',
    '',
    'With rules of `[[labels]]`, `libvirt_domain_labels` has their results as the labels `label_NAME`.',
    '',
  ].join('\n');
}

const titles: readonly (readonly [string, string])[] = [
  ['libvirt_domain_block', 'Disks'],
  ['libvirt_domain_interface', 'Network interfaces'],
  ['libvirt_domain_cpu', 'CPU of domains'],
  ['libvirt_domain_vcpu', 'vCPUs'],
  ['libvirt_domain_iothread', 'IOThreads'],
  ['libvirt_domain_memory', 'Memory of domains'],
  ['libvirt_domain_guest', 'Guests'],
  ['libvirt_domain_job', 'Jobs'],
  ['libvirt_domain_openstack', 'OpenStack Nova'],
  ['libvirt_domain_perf', 'Performance events'],
  ['libvirt_domain_', 'Domains'],
  ['libvirt_host', 'The host'],
  ['libvirt_storage_pool', 'Storage pools'],
  ['libvirt_network', 'Virtual networks'],
  ['libvirt_', 'The agent'],
];

function sectionsOf(families: readonly Family[]): readonly (readonly [string, readonly Family[]])[] {
  const sections = new Map<string, Family[]>();
  for (const family of families) {
    const [, title = ''] = titles.find(([prefix]) => family.name.startsWith(prefix)) ?? [];
    sections.set(title, [...(sections.get(title) ?? []), family]);
  }
  return [...sections];
}

function row({ name, type, help, series }: Family): string {
  const [first] = series;
  const labels = [...Object.keys(first?.labels ?? {}), ...Object.keys(first?.texts ?? {})];
  const fixed = new Map<string, string[]>();
  for (const each of series) {
    for (const [label, value] of Object.entries(each.fixed)) {
      fixed.set(label, [...(fixed.get(label) ?? []), value]);
    }
  }
  const all = [...labels, ...[...fixed].map(([label, values]) => `${label}: ${values.join(', ')}`)];
  const objects = series.flatMap(({ object = '', minus, labels: told, texts }) => {
    if (type === 'info')
      return Object.values({ ...told, ...texts })
        .flat()
        .map(String);
    return [minus === undefined ? object : `${object} - ${minus}`];
  });
  const cells = [`\`${name}\``, type, all.join(', '), objects.join(', '), help.replaceAll('|', '\\|')];
  return `| ${cells.join(' | ')} |`;
}
