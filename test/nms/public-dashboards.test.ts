import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Agent, startAgent } from '../lab/agent.ts';
import { linuxGuest, novaMetadata } from '../lab/domain-xml.ts';
import { makeGuestImage } from '../lab/guest-image.ts';
import { makeRawImage } from '../lab/image.ts';
import { type Libvirtd, startLibvirtd } from '../lab/libvirtd.ts';
import { waitUntil } from '../lab/wait.ts';
import { type PrometheusServer, type Row, scrapeMetrics, startPrometheus } from './prometheus-server.ts';

// What the public dashboards and rules for two other exporters ask for, by their names and labels: that of
// github.com/inovex/prometheus-libvirt-exporter (dashboards/openstack-libvirt-dashboard), and what is published of
// queries for github.com/Tinkoff/libvirt-exporter, with all families and labels of its README. Asked of a real Prometheus
// that scrapes the sets `inovex` and `tinkoff` over a real guest.

const uuid = '3f1c0a52-7a0e-4b0b-9c55-0123456789ab';

let libvirtd: Libvirtd;
let agent: Agent;
let prometheus: PrometheusServer;

beforeAll(async () => {
  libvirtd = await startLibvirtd();
  const { domainType: type, imagesPath, bridge } = libvirtd;
  await libvirtd.virsh('pool-define-as', 'images', 'dir', '--target', imagesPath);
  await libvirtd.virsh('pool-start', 'images');
  await libvirtd.run(
    linuxGuest({
      ...(await makeGuestImage()),
      name: 'instance-1',
      uuid,
      type,
      metadata: novaMetadata('web-1', 'shop', 'm1.tiny'),
      commandLine: 'lab.write=vda lab.read=vda',
      balloonStatsPeriodSec: 1,
      disks: [
        { path: await makeRawImage(`${imagesPath}/data.raw`, 4), serial: 'S3R1AL' },
        { path: await makeRawImage(`${imagesPath}/more.raw`, 4), serial: 'M0R3' },
      ],
      nics: [bridge === undefined ? {} : { bridge }],
    }),
  );
  // Limits of all requests, and of reads and writes, exclude each other.
  const [total, each] = [limits('total'), [...limits('read'), ...limits('write')]];
  await libvirtd.virsh('blkdeviotune', 'instance-1', 'vda', ...total);
  await libvirtd.virsh('blkdeviotune', 'instance-1', 'vdb', ...each);
  agent = await startAgent({
    uri: libvirtd.uriReadOnly,
    agentxAddress: 'unix:/nonexistent',
    config: {
      agentx: { enabled: false },
      intervals: { inventory: 5, pools: 5, tuning: 5 },
      http: { address: '127.0.0.1:0' },
      metrics: { sets: ['libvirt', 'inovex', 'tinkoff'] },
    },
  });
  const line = await waitUntil(() => agent.logLines().find(({ msg }) => msg === 'HTTP is served'), {
    what: 'HTTP',
    timeoutMs: 60_000,
    context: () => agent.stderr(),
  });
  prometheus = await startPrometheus(scrapeMetrics('libvirt', new URL(String(line['url'])).host));
}, 300_000);

afterAll(async () => {
  await prometheus?.stop();
  await agent?.stop();
  await libvirtd?.stop();
});

function limits(what: 'total' | 'read' | 'write'): readonly string[] {
  return [
    `--${what}-bytes-sec`,
    '100000000',
    `--${what}-bytes-sec-max`,
    '200000000',
    `--${what}-iops-sec`,
    '5000',
  ];
}

/** What a query finds, as soon as it finds anything. */
function rowsOf(query: string): Promise<readonly Row[]> {
  return waitUntil(
    async () => {
      const rows = await prometheus.query(query);
      return rows.length > 0 ? rows : undefined;
    },
    { what: `rows of ${query}`, timeoutMs: 120_000, intervalMs: 500 },
  );
}

const vm = '{domain="instance-1"}';
const perDevice = (family: string): string =>
  `sum by (domain, target_device) (rate(libvirt_domain_${family}${vm}[1m]))`;
const both = (family: string, [one, other]: readonly [string, string]): string =>
  `${perDevice(family.replace('*', one))} + ${perDevice(family.replace('*', other))}`;

describe('the dashboard of inovex', () => {
  it.each([
    ['project_name', 'libvirt_domain_openstack_info', 'shop'],
    ['instance_name', 'libvirt_domain_openstack_info{project_name="shop"}', 'web-1'],
    ['instance_id', 'libvirt_domain_openstack_info{instance_name="web-1", project_name="shop"}', uuid],
    ['domain', `libvirt_domain_openstack_info{instance_id="${uuid}"}`, 'instance-1'],
  ])('offers values for %s', async (label, selector, expected) => {
    await rowsOf(selector);
    expect(await prometheus.labelValues(label, selector)).toEqual([expected]);
  });

  it.each([
    ['power state', `libvirt_domain_info_state${vm}`, 'state_desc'],
    ['vCPUs', `libvirt_domain_vcpu_current${vm}`, 'domain'],
    ['memory', `libvirt_domain_memory_stats_maximum_bytes${vm}`, 'domain'],
    [
      'CPU usage',
      `rate(libvirt_domain_info_cpu_time_seconds_total${vm}[1m]) / libvirt_domain_vcpu_current${vm} * 100`,
      'domain',
    ],
    [
      'CPU steal',
      `sum by (domain) (rate(libvirt_domain_vcpu_delay_seconds_total${vm}[1m])) / sum by (domain) (rate(libvirt_domain_vcpu_time_seconds_total${vm}[1m]))`,
      'domain',
    ],
    ['memory usage', `libvirt_domain_memory_stats_used_percent${vm}`, 'domain'],
    [
      'swapping',
      `sum by (domain) (rate(libvirt_domain_memory_stats_swap_in_bytes${vm}[1m]) + rate(libvirt_domain_memory_stats_swap_out_bytes${vm}[1m]))`,
      'domain',
    ],
    ['requests', both('block_stats_*_requests_total', ['read', 'write']), 'target_device'],
    ['throughput of disks', both('block_stats_*_bytes_total', ['read', 'write']), 'target_device'],
    [
      'latency of reads',
      `${perDevice('block_stats_read_time_seconds_total')} / ${perDevice('block_stats_read_requests_total')}`,
      'target_device',
    ],
    [
      'latency of writes',
      `${perDevice('block_stats_write_time_seconds_total')} / ${perDevice('block_stats_write_requests_total')}`,
      'target_device',
    ],
    [
      'throughput of interfaces',
      both('interface_stats_*_bytes_total', ['receive', 'transmit']),
      'target_device',
    ],
    ['packets', both('interface_stats_*_packets_total', ['receive', 'transmit']), 'target_device'],
    ['errors', both('interface_stats_*_errors_total', ['receive', 'transmit']), 'target_device'],
    ['drops', both('interface_stats_*_drops_total', ['receive', 'transmit']), 'target_device'],
    [
      'requests by a pattern of names',
      `sum by (domain, target_device) ({__name__=~"libvirt_domain_block_stats_(read|write)_requests_total", domain="instance-1"} > 0)`,
      'target_device',
    ],
  ])('has rows for: %s', async (_what, query, label) => {
    for (const { metric } of await rowsOf(query)) expect(metric[label] ?? '').not.toBe('');
  });

  it.each([
    ['disks', `count(libvirt_domain_block_stats_info${vm})`, '2'],
    ['ports', `count(libvirt_domain_interface_stats_info${vm})`, '1'],
  ])('counts the %s', async (_what, query, expected) => {
    expect((await rowsOf(query))[0]?.value[1]).toBe(expected);
  });
});

/** Labels that must have a value here: a file on a plain bridge has no cache mode and no port of Open vSwitch. */
const labelsOf: Readonly<Record<string, readonly string[]>> = {
  libvirt_domain_block_meta: ['bus', 'disk_type', 'driver_type', 'serial', 'source_file', 'target_device'],
  libvirt_domain_info_meta: ['flavor', 'instance_name', 'project_name', 'user_name', 'uuid'],
  libvirt_domain_interface_meta: ['target_device'],
  libvirt_versions_info: ['hypervisor_running', 'libvirtd_running'],
  libvirt_pool_info_capacity_bytes: ['pool'],
};

const block = ['allocation', 'capacity_bytes', 'physicalsize_bytes', 'flush_requests_total'];
const blockCounters = ['bytes_total', 'requests_total', 'time_seconds_total'];
const nicCounters = ['bytes_total', 'drops_total', 'errors_total', 'packets_total'];

describe('what is asked of the exporter of Tinkoff', () => {
  it.each([
    'libvirt_up',
    ...Object.keys(labelsOf),
    'libvirt_pool_info_allocation_bytes',
    'libvirt_pool_info_available_bytes',
    ...['info_cpu_time_seconds_total', 'info_maximum_memory_bytes', 'info_memory_usage_bytes'],
    ...['info_virtual_cpus', 'info_vstate', 'vcpu_state', 'vcpu_time_seconds_total'],
    ...['actual_balloon_bytes', 'available_bytes', 'disk_cache_bytes', 'major_fault_total'].map(
      (name) => `memory_stats_${name}`,
    ),
    ...['minor_fault_total', 'rss_bytes', 'unused_bytes', 'usable_bytes', 'used_percent'].map(
      (name) => `memory_stats_${name}`,
    ),
    ...[...block, 'flush_time_seconds_total'].map((name) => `block_stats_${name}`),
    ...['read', 'write'].flatMap((way) => blockCounters.map((name) => `block_stats_${way}_${name}`)),
    ...['total', 'read', 'write'].flatMap((way) => [
      `block_stats_limit_${way}_bytes`,
      `block_stats_limit_${way}_requests`,
      `block_stats_limit_burst_${way}_bytes`,
    ]),
    ...['receive', 'transmit'].flatMap((way) => nicCounters.map((name) => `interface_stats_${way}_${name}`)),
  ])('%s is there', async (name) => {
    const family = name.startsWith('libvirt_') ? name : `libvirt_domain_${name}`;
    for (const { metric } of await rowsOf(family)) {
      for (const label of labelsOf[family] ?? []) expect(metric[label] ?? '', label).not.toBe('');
      if (family.startsWith('libvirt_domain_')) expect(metric['domain']).toBe('instance-1');
    }
  });

  it.each([
    ['how many run', 'count(libvirt_domain_info_vstate == 1)'],
    ['the machine of a UUID', `libvirt_domain_info_meta{uuid="${uuid}"}`],
    [
      'memory with the UUID',
      'libvirt_domain_info_memory_usage_bytes * on (job, instance, domain) group_left (uuid) libvirt_domain_info_meta',
    ],
    [
      'CPU by project',
      'sum by (project_name) (rate(libvirt_domain_info_cpu_time_seconds_total[1m]) * on (domain) group_left (project_name) libvirt_domain_info_meta)',
    ],
    [
      'reads with the file',
      'rate(libvirt_domain_block_stats_read_bytes_total[1m]) * on (domain, target_device) group_left (source_file) libvirt_domain_block_meta',
    ],
    [
      'memory used',
      '(libvirt_domain_memory_stats_available_bytes - libvirt_domain_memory_stats_usable_bytes) / libvirt_domain_memory_stats_available_bytes',
    ],
  ])('has rows for: %s', async (_what, query) => {
    for (const { value } of await rowsOf(query)) expect(Number(value[1])).not.toBeNaN();
  });
});
