import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { familiesIn } from '../../tools/grafana/panel.ts';
import { type Agent, startAgent } from '../lab/agent.ts';
import { biosGuest, linuxGuest } from '../lab/domain-xml.ts';
import { guestSpawn, waitForGuestAgent } from '../lab/guest-agent.ts';
import { makeGuestImage } from '../lab/guest-image.ts';
import { makeRawImage } from '../lab/image.ts';
import { type Libvirtd, startLibvirtd } from '../lab/libvirtd.ts';
import { type Snmpd, startSnmpd } from '../lab/snmpd.ts';
import { waitUntil } from '../lab/wait.ts';
import { shippedDashboards, withVariables } from '../support/grafana-dashboard.ts';
import { type PrometheusServer, type Row, startPrometheus } from './prometheus-server.ts';

/** Families that may have no rows here, and why. Queries for them still have to be ones that Prometheus takes. */
const notHere: Readonly<Record<string, string>> = {
  libvirt_host_huge_pages: 'this host may have no pools of huge pages',
  libvirt_host_huge_pages_free: 'this host may have no pools of huge pages',
  libvirt_host_ksm_pages: 'its kernel may lack same-page merging',
  libvirt_domain_block_error: 'no disk is in error',
  libvirt_domain_job_progress_ratio: 'no job is under way',
  libvirt_domain_block_job_current: 'no job of a disk is under way',
  libvirt_host_memory_available_bytes: 'the libvirt of this host may not tell it',
  libvirt_domain_guest_load1: 'the libvirt of this host may not ask the guest agent for it',
  libvirt_domain_guest_load5: 'the libvirt of this host may not ask the guest agent for it',
  libvirt_domain_guest_load15: 'the libvirt of this host may not ask the guest agent for it',
};

const job = 'libvirt "1"';
const odd = 'größe "q" \\d';

let libvirtd: Libvirtd;
let snmpd: Snmpd;
let agent: Agent;
let prometheus: PrometheusServer;
let target: string;

beforeAll(async () => {
  libvirtd = await startLibvirtd();
  snmpd = await startSnmpd();
  const { domainType: type, imagesPath, bridge } = libvirtd;
  await libvirtd.virsh('pool-define-as', 'images', 'dir', '--target', imagesPath);
  await libvirtd.virsh('pool-start', 'images');
  const network = libvirtd.directory.file('network.xml');
  await writeFile(
    network,
    '<network><name>lab-none</name><forward mode="bridge"/><bridge name="lab-none"/></network>',
  );
  await libvirtd.virsh('net-define', network);
  await libvirtd.run(
    linuxGuest({
      ...(await makeGuestImage()),
      name: 'web-1',
      type,
      commandLine: 'lab.agent lab.fs=vda lab.write=vdb lab.read=vdb',
      agentChannel: true,
      balloonStatsPeriodSec: 1,
      disks: [
        { path: await makeRawImage(`${imagesPath}/fs.raw`, 16) },
        { path: await makeRawImage(`${imagesPath}/data.raw`, 4) },
      ],
      nics: [bridge === undefined ? {} : { bridge }],
    }),
  );
  await libvirtd.run(biosGuest({ name: odd, type }));
  await libvirtd.virsh('suspend', odd);
  await libvirtd.define(biosGuest({ name: 'off-1', type }));
  await libvirtd.virsh('autostart', 'off-1');
  await waitForGuestAgent(libvirtd, 'web-1');
  const flushing = 'while :; do dd if=/dev/zero of=/mnt/x bs=4k count=1 conv=fsync; sleep 1; done';
  await guestSpawn(libvirtd, 'web-1', flushing);
  agent = await startAgent({
    uri: libvirtd.uri,
    agentxAddress: snmpd.agentxAddress,
    config: {
      libvirt: { read_write: true },
      collect: { extra_stats: ['all'] },
      intervals: { inventory: 5, guest_agent: 5, pools: 5, networks: 5, pinning: 5, host: 5 },
      http: { address: '127.0.0.1:0' },
    },
  });
  const line = await waitUntil(() => agent.logLines().find(({ msg }) => msg === 'HTTP is served'), {
    what: 'HTTP',
    timeoutMs: 60_000,
    context: () => agent.stderr(),
  });
  target = new URL(String(line['url'])).host;
  prometheus = await startPrometheus(job, target);
  await waitUntil(async () => (await prometheus.query('libvirt_domain_up == 1')).length === 1, {
    what: 'a scrape',
    timeoutMs: 60_000,
    intervalMs: 500,
    context: () => prometheus.output().slice(-3000),
  });
}, 300_000);

afterAll(async () => {
  await prometheus?.stop();
  await agent?.stop();
  await snmpd?.stop();
  await libvirtd?.stop();
});

const dashboards = shippedDashboards();
const valuesFor = (domain: string): Readonly<Record<string, string>> => ({
  job,
  instance: target,
  domain,
  __rate_interval: '15s',
});

describe.each(dashboards)('%s', (_path, { panels, templating }) => {
  const variables = templating.list.filter(({ type }) => type === 'query');

  it.each(variables.map((one) => [one.name, one.definition ?? ''] as const))(
    'offers values for %s',
    async (name, definition) => {
      const [, expr = '', label = ''] = /^label_values\((.+), (\w+)\)$/.exec(definition) ?? [];
      expect(label).toBe(name);
      const found = await prometheus.labelValues(label, withVariables(expr, variables, valuesFor('web-1')));
      expect([...found].sort()).toEqual(
        { job: [job], instance: [target], domain: [odd, 'off-1', 'web-1'].sort() }[name],
      );
    },
  );

  const queries = panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ refId, expr, legendFormat }) => [`${title} ${refId}`, expr, legendFormat] as const),
  );

  it.each(queries)('%s: %s', async (_title, expr, legend) => {
    const wanted = withVariables(expr, variables, valuesFor('web-1'));
    if (familiesIn(expr).some((family) => family in notHere)) {
      await prometheus.query(wanted);
      return;
    }
    const rows = await waitUntil<readonly Row[]>(
      async () => {
        const found = await prometheus.query(wanted);
        return found.length > 0 ? found : undefined;
      },
      { what: `rows of ${wanted}`, timeoutMs: 60_000, intervalMs: 1000 },
    );
    for (const [, label = ''] of legend.matchAll(/\{\{(\w+)\}\}/g)) {
      expect(
        rows.map(({ metric }) => metric[label] ?? ''),
        legend,
      ).not.toContain('');
    }
  });
});

it('says of no family that is not asked for that it has no rows here', () => {
  const asked = new Set(
    dashboards.flatMap(([, { panels }]) =>
      panels.flatMap(({ targets = [] }) => targets.flatMap(({ expr }) => familiesIn(expr))),
    ),
  );
  expect(Object.keys(notHere).filter((family) => !asked.has(family))).toEqual([]);
});

it('finds a machine by any name', async () => {
  const [, vm] = dashboards.find(([path]) => path.endsWith('/domain.json')) ?? [];
  const state = vm?.panels.find(({ type, title }) => type === 'stat' && title === 'State')?.targets?.[0]
    ?.expr;
  const wanted = withVariables(state ?? '', vm?.templating.list ?? [], valuesFor(odd));
  const rows = await prometheus.query(wanted);
  expect(rows.map(({ metric, value }) => [metric['domain'], value[1]])).toEqual([[odd, '3']]);
});

it('names who needs attention, and who should have been started', async () => {
  const [, fleet] = dashboards.find(([path]) => path.endsWith('/fleet.json')) ?? [];
  const found = async (title: string): Promise<readonly (string | undefined)[]> => {
    const expr = fleet?.panels.find((one) => one.title === title)?.targets?.[0]?.expr ?? '';
    const rows = await prometheus.query(withVariables(expr, fleet?.templating.list ?? [], valuesFor('')));
    return rows.flatMap(({ metric }) => [metric['domain'], metric['state']]);
  };
  expect(await found('VMs that need attention')).toEqual([odd, expect.stringContaining('paused')]);
  expect(await found('Meant to start with the host, and not running')).toEqual(['off-1', undefined]);
});
