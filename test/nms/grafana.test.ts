import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { familiesIn } from '../../tools/grafana/panel.ts';
import { waitUntil } from '../lab/wait.ts';
import { type GrafanaDashboard, shippedDashboards, withVariables } from '../support/grafana-dashboard.ts';
import { type MonitoredLab, oddName, startMonitoredLab } from './monitored-lab.ts';
import {
  type PrometheusServer,
  type Row,
  scrapeMetrics,
  scrapeSnmp,
  startPrometheus,
} from './prometheus-server.ts';
import { type SnmpExporter, startSnmpExporter } from './snmp-exporter.ts';
import type { SnmpExporterRelease } from './snmp-exporter-root.ts';

/** Families that may have no rows here, and why. Queries for them still have to be ones that Prometheus takes. */
const notHere: Readonly<Record<string, string>> = {
  libvirt_host_huge_pages: 'this host may have no pools of huge pages',
  libvirt_host_huge_pages_free: 'this host may have no pools of huge pages',
  libvirt_host_ksm_pages: 'its kernel may lack same-page merging',
  libvirt_host_ksm_pages_shared: 'its kernel may lack same-page merging',
  libvirt_host_ksm_pages_sharing: 'its kernel may lack same-page merging',
  libvirt_host_ksm_pages_unshared: 'its kernel may lack same-page merging',
  libvirt_host_ksm_pages_volatile: 'its kernel may lack same-page merging',
  libvirt_host_cpu_irq_seconds_total: 'the libvirt of this host may not tell it',
  libvirt_domain_block_error: 'no disk is in error',
  libvirt_domain_job_progress_ratio: 'no job is under way',
  libvirt_domain_block_job_current: 'no job of a disk is under way',
  libvirt_host_memory_available_bytes: 'the libvirt of this host may not tell it',
  libvirt_domain_guest_load1: 'the libvirt of this host may not ask the guest agent for it',
  libvirt_domain_guest_load5: 'the libvirt of this host may not ask the guest agent for it',
  libvirt_domain_guest_load15: 'the libvirt of this host may not ask the guest agent for it',
  libvirt_domain_title: 'the machine has no title',
  libvirt_domain_block_stats_driver_cache: 'the definition does not say it',
  libvirt_domain_block_stats_driver_discard: 'the definition does not say it',
  libvirt_domain_block_stats_serial: 'the definition does not say it',
};

/** What a release of snmp_exporter cannot collect. */
const notThere: Readonly<Record<string, readonly string[]>> = {
  'snmp_exporter 0.21': ['libvirt_host_uptime_seconds'],
};

interface Scraped {
  readonly job: string;
  readonly instance: string;
  readonly prometheus: PrometheusServer;
  readonly exporter?: SnmpExporter;
}

const ways: Readonly<Record<string, (lab: MonitoredLab) => Promise<Scraped>>> = {
  '/metrics': async ({ metricsTarget: instance }) => {
    const job = 'libvirt "1"';
    return { job, instance, prometheus: await startPrometheus(scrapeMetrics(job, instance)) };
  },
  'snmp_exporter 0.28': throughSnmp('0.28'),
  'snmp_exporter 0.21': throughSnmp('0.21'),
};

function throughSnmp(release: SnmpExporterRelease): (lab: MonitoredLab) => Promise<Scraped> {
  return async ({ snmpd: { address: instance } }) => {
    const exporter = await startSnmpExporter(release);
    const prometheus = await startPrometheus(scrapeSnmp(exporter.address, instance));
    return { job: 'libvirt', instance, prometheus, exporter };
  };
}

const dashboards = shippedDashboards();

function dashboardsFor(way: string): readonly (readonly [path: string, GrafanaDashboard])[] {
  return dashboards.filter(([path]) => path.endsWith('-snmp.json') === (way !== '/metrics'));
}

function dashboardOf(way: string, name: string): GrafanaDashboard {
  const [, found] = dashboardsFor(way).find(([path]) => path.includes(`/${name}`)) ?? [];
  if (found === undefined) throw new Error(`there is no dashboard ${name}`);
  return found;
}

let lab: MonitoredLab;

beforeAll(async () => {
  lab = await startMonitoredLab();
}, 300_000);

afterAll(() => lab?.stop());

describe.each(Object.entries(ways))('through %s', (way, start) => {
  let scraped: Scraped;
  const empty: string[] = [];

  beforeAll(async () => {
    scraped = await start(lab);
    const { prometheus, exporter } = scraped;
    await waitUntil(async () => (await prometheus.query('libvirt_domain_up == 1')).length === 1, {
      what: 'a scrape',
      timeoutMs: 240_000,
      intervalMs: 500,
      context: () => `${exporter?.output()}\n${prometheus.output()}`.slice(-3000),
    });
  }, 300_000);

  afterAll(async () => {
    await scraped?.prometheus.stop();
    await scraped?.exporter?.stop();
    process.stdout.write(`empty here through ${way}:\n${empty.map((title) => `  ${title}\n`).join('')}`);
  });

  const valuesFor = (domain: string): Readonly<Record<string, string>> => ({
    job: scraped.job,
    instance: scraped.instance,
    domain,
    __rate_interval: '60s',
  });

  describe.each(dashboardsFor(way))('%s', (path, { panels, templating }) => {
    const variables = templating.list.filter(({ type }) => type === 'query');

    it.each(variables.map((one) => [one.name, one.definition ?? ''] as const))(
      'offers values for %s',
      async (name, definition) => {
        const [, expr = '', label = ''] = /^label_values\((.+), (\w+)\)$/.exec(definition) ?? [];
        expect(label).toBe(name);
        const match = withVariables(expr, variables, valuesFor('web-1'));
        const found = await scraped.prometheus.labelValues(label, match);
        expect([...found].sort()).toEqual(
          { job: [scraped.job], instance: [scraped.instance], domain: [oddName, 'off-1', 'web-1'].sort() }[
            name
          ],
        );
      },
    );

    const queries = panels.flatMap(({ title, targets = [] }) =>
      targets.map(({ refId, expr, legendFormat }) => [`${title} ${refId}`, expr, legendFormat] as const),
    );

    it.each(queries)('%s: %s', async (title, expr, legend) => {
      const wanted = withVariables(expr, variables, valuesFor('web-1'));
      const absent = notThere[way] ?? [];
      if (familiesIn(expr).some((family) => family in notHere || absent.includes(family))) {
        if ((await scraped.prometheus.query(wanted)).length === 0) empty.push(`${path} ${title}`);
        return;
      }
      const rows = await waitUntil<readonly Row[]>(
        async () => {
          const found = await scraped.prometheus.query(wanted);
          return found.length > 0 ? found : undefined;
        },
        { what: `rows of ${wanted}`, timeoutMs: 180_000, intervalMs: 1000 },
      );
      for (const [, label = ''] of legend.matchAll(/\{\{(\w+)\}\}/g)) {
        expect(
          rows.map(({ metric }) => metric[label] ?? ''),
          legend,
        ).not.toContain('');
      }
    });
  });

  it('finds a machine by any name', async () => {
    const { panels, templating } = dashboardOf(way, 'domain');
    const state = panels.find(({ type, title }) => type === 'stat' && title === 'State')?.targets?.[0]?.expr;
    const wanted = withVariables(state ?? '', templating.list, valuesFor(oddName));
    const rows = await scraped.prometheus.query(wanted);
    expect(rows.map(({ metric, value }) => [metric['domain'], value[1]])).toEqual([[oddName, '3']]);
  });

  it('names who needs attention, and who should have been started', async () => {
    const { panels, templating } = dashboardOf(way, 'fleet');
    const found = async (title: string): Promise<readonly (string | undefined)[]> => {
      const expr = panels.find((one) => one.title === title)?.targets?.[0]?.expr ?? '';
      const rows = await scraped.prometheus.query(withVariables(expr, templating.list, valuesFor('')));
      return rows.flatMap(({ metric }) => [
        metric['domain'],
        metric['state'] ?? metric['libvirt_domain_state'],
      ]);
    };
    expect(await found('VMs that need attention')).toEqual([oddName, expect.stringContaining('paused')]);
    expect(await found('Meant to start with the host, and not running')).toEqual(['off-1', undefined]);
  });
});

it('says of no family that is not asked for that it has no rows here', () => {
  const asked = new Set(
    dashboards.flatMap(([, { panels }]) =>
      panels.flatMap(({ targets = [] }) => targets.flatMap(({ expr }) => familiesIn(expr))),
    ),
  );
  expect(
    [...Object.keys(notHere), ...Object.values(notThere).flat()].filter((family) => !asked.has(family)),
  ).toEqual([]);
});
