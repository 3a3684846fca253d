import type { Source } from '../prometheus/source.ts';
import { type Dashboard, selecting } from './dashboard.ts';
import { panelsOf, textQueries } from './panel.ts';
import { ages, domainLink, rate, severities, shares, uidOf, zeroIsGood } from './parts.ts';
import { instance, job } from './variables.ts';

const variables = [job, instance];
const of = selecting(variables);
const byDomain = (expr: string): string => `sum by (domain) (${expr})`;
const byPool = (family: string): string => `max by (storage_pool) (${of(family)})`;
const byCollector = (family: string): string => `max by (collector) (${of(family)})`;
const byMachine = (family: string): string => `max by (instance, domain) (${of(family)})`;
const domainName = '{{domain}}';

/** One host: its processors and memory, its machines, pools and networks, and the agent itself. */
export function host(source: Source): Dashboard {
  const panel = panelsOf(source);
  const byWarning = (family: string): string => `max by (${source.warningLabel}) (${of(family)})`;
  return {
    uid: uidOf('host', source),
    title: `libvirt: host${source.name === 'metrics' ? '' : ' (SNMP)'}`,
    description: `One host with libvirt-agentx, ${source.origin}.`,
    tag: uidOf('host', source).replace(/-host$/, ''),
    variables,
    sections: [
      {
        title: 'Overview',
        panels: [
          panel('stat', 'libvirt', [{ expr: of('libvirt_connection_state'), name: 'Connection' }], {
            words: 'libvirt_connection_state',
            steps: ['red', [2, 'green'], [3, 'red']],
          }),
          panel(
            'stat',
            'Age of data',
            [{ expr: source.since('libvirt_refresh_timestamp_seconds', of), name: 'Age' }],
            {
              steps: ages,
            },
          ),
          panel('stat', 'Up for', [{ expr: source.since('libvirt_host_boot_time_seconds', of), name: 'Up' }]),
          panel('stat', 'VMs', [
            { expr: of('libvirt_domains_active'), name: 'active' },
            { expr: of('libvirt_domains_inactive'), name: 'inactive' },
          ]),
          panel('stat', 'VMs with warnings', [{ expr: of('libvirt_domains_warning'), name: 'VMs' }], {
            steps: zeroIsGood('orange'),
          }),
          panel('stat', 'VMs failed', [{ expr: of('libvirt_domains_failure'), name: 'VMs' }], {
            steps: zeroIsGood('red'),
          }),
          panel('table', 'Versions', textQueries(source, 'libvirt_agent_info', of), { height: 4 }),
        ],
      },
      {
        title: 'Processors',
        panels: [
          panel(
            'timeseries',
            'CPU by mode',
            source.parts('libvirt_host_cpu_seconds_total', 'mode', ['idle', 'guest'], (family, more) =>
              rate(of(family, more)),
            ),
            {
              unit: 'short',
              isStacked: true,
              description: 'The time of all processors, in processors. The time of guests is part of user.',
            },
          ),
          panel('timeseries', 'CPU used, by processor', [
            { expr: of('libvirt_host_core_used_ratio'), name: 'CPU {{cpu}}' },
          ]),
          panel(
            'timeseries',
            'vCPUs and processors',
            [
              { expr: of('libvirt_host_vcpus_active'), name: 'vCPUs of active VMs' },
              { expr: of('libvirt_host_vcpus_defined'), name: 'vCPUs of all VMs' },
              { expr: of('libvirt_host_cpus_online'), name: 'processors online' },
            ],
            { description: 'What the virtual machines may use beside what there is.' },
          ),
          panel('timeseries', 'vCPUs by processor', [
            { expr: of('libvirt_host_core_running_vcpus'), name: 'CPU {{cpu}} at the last refresh' },
            { expr: of('libvirt_host_core_pinned_vcpus'), name: 'CPU {{cpu}} pinned' },
          ]),
        ],
      },
      {
        title: 'Memory',
        panels: [
          panel(
            'timeseries',
            'Memory',
            [
              { expr: of('libvirt_host_memory_total_bytes'), name: 'total' },
              { expr: of('libvirt_host_memory_free_bytes'), name: 'free' },
              { expr: of('libvirt_host_memory_available_bytes'), name: 'available' },
              { expr: of('libvirt_host_memory_cached_bytes'), name: 'cache' },
              { expr: of('libvirt_host_memory_buffers_bytes'), name: 'buffers' },
            ],
            { description: 'The memory of the host.' },
          ),
          panel(
            'timeseries',
            'Memory of VMs',
            [
              { expr: of('libvirt_host_memory_domains_rss_bytes'), name: 'resident' },
              { expr: of('libvirt_host_memory_active_bytes'), name: 'current, active VMs' },
              { expr: of('libvirt_host_memory_defined_bytes'), name: 'maximum, all VMs' },
              { expr: of('libvirt_host_memory_total_bytes'), name: 'of the host' },
            ],
            { description: 'What the virtual machines take and may take beside what there is.' },
          ),
          panel('timeseries', 'Free memory by NUMA cell', [
            { expr: of('libvirt_host_numa_memory_free_bytes'), name: 'cell {{node}}' },
          ]),
          panel(
            'timeseries',
            'Huge pages',
            [
              { expr: of('libvirt_host_huge_pages'), name: 'cell {{node}}, {{page_kib}} KiB, all' },
              { expr: of('libvirt_host_huge_pages_free'), name: 'cell {{node}}, {{page_kib}} KiB, free' },
            ],
            { width: 6 },
          ),
          panel('timeseries', 'Same-page merging', source.parts('libvirt_host_ksm_pages', 'state', [], of), {
            width: 6,
          }),
        ],
      },
      {
        title: 'Virtual machines',
        panels: [
          panel(
            'table',
            'VMs',
            [
              { expr: byMachine('libvirt_domain_info_state'), name: 'State' },
              { expr: byMachine('libvirt_domain_severity'), name: 'Severity' },
              { expr: byMachine('libvirt_domain_info_virtual_cpus'), name: 'vCPUs' },
              { expr: byMachine('libvirt_domain_cpu_used_ratio'), name: 'CPU used' },
              {
                expr: byMachine('libvirt_domain_info_memory_usage_bytes'),
                name: 'Memory',
              },
              {
                expr: byMachine('libvirt_domain_memory_stats_rss_bytes'),
                name: 'Resident',
              },
              {
                expr: source.since('libvirt_domain_start_time_seconds', byMachine),
                name: 'Up for',
              },
            ],
            {
              description: 'A row for each virtual machine; the name leads to its dashboard.',
              columns: {
                State: { words: 'libvirt_domain_info_state' },
                Severity: { words: 'libvirt_domain_severity', steps: severities },
                'CPU used': { unit: 'percentunit', steps: shares },
                Memory: { unit: 'bytes' },
                Resident: { unit: 'bytes' },
                'Up for': { unit: 's' },
              },
              links: { domain: domainLink(source) },
            },
          ),
          panel(
            'timeseries',
            'CPU',
            [{ expr: byDomain(rate(of('libvirt_domain_info_cpu_time_seconds_total'))), name: domainName }],
            { unit: 'short', isStacked: true, description: 'The CPU time used, in processors.' },
          ),
          panel('timeseries', 'Waiting for a host processor', [
            { expr: of('libvirt_domain_cpu_steal_ratio'), name: domainName },
          ]),
          panel(
            'timeseries',
            'Disks',
            [
              {
                expr: byDomain(rate(of('libvirt_domain_block_stats_read_bytes_total'))),
                name: `${domainName} read`,
              },
              {
                expr: byDomain(rate(of('libvirt_domain_block_stats_write_bytes_total'))),
                name: `${domainName} written`,
              },
            ],
            { unit: 'Bps', description: 'Octets in a second, all disks of a machine together.' },
          ),
          panel(
            'timeseries',
            'Network',
            [
              {
                expr: `8 * ${byDomain(rate(of('libvirt_domain_interface_stats_receive_bytes_total')))}`,
                name: `${domainName} received`,
              },
              {
                expr: `8 * ${byDomain(rate(of('libvirt_domain_interface_stats_transmit_bytes_total')))}`,
                name: `${domainName} sent`,
              },
            ],
            { unit: 'bps', description: 'Bits in a second, all interfaces of a machine together.' },
          ),
        ],
      },
      {
        title: 'Storage pools and networks',
        panels: [
          panel(
            'table',
            'Storage pools',
            [
              { expr: byPool('libvirt_storage_pool_state'), name: 'State' },
              { expr: byPool('libvirt_storage_pool_capacity_bytes'), name: 'Capacity' },
              { expr: byPool('libvirt_storage_pool_available_bytes'), name: 'Available' },
              { expr: byPool('libvirt_storage_pool_provisioned_bytes'), name: 'Promised' },
              { expr: byPool('libvirt_storage_pool_volumes'), name: 'Volumes' },
            ],
            {
              width: 12,
              description: 'A row for each storage pool.',
              columns: {
                State: { words: 'libvirt_storage_pool_state' },
                Capacity: { unit: 'bytes' },
                Available: { unit: 'bytes' },
                Promised: { unit: 'bytes' },
              },
            },
          ),
          panel(
            'timeseries',
            'Storage pools used',
            [
              {
                expr: `1 - ${of('libvirt_storage_pool_available_bytes')} / ${of('libvirt_storage_pool_capacity_bytes')}`,
                name: '{{storage_pool}}',
              },
            ],
            {
              unit: 'percentunit',
              description: 'The share of the capacity that is not available.',
              height: 9,
            },
          ),
          panel(
            'table',
            'Virtual networks',
            [
              { expr: `max by (network) (${of('libvirt_network_active')})`, name: 'Active' },
              { expr: `max by (network) (${of('libvirt_network_ports')})`, name: 'Ports' },
              { expr: `max by (network) (${of('libvirt_network_leases')})`, name: 'Leases' },
            ],
            { description: 'A row for each virtual network.', height: 6 },
          ),
        ],
      },
      {
        title: 'The agent',
        panels: [
          panel('timeseries', 'Time of a refresh', [
            { expr: of('libvirt_refresh_duration_seconds'), name: 'taken' },
            { expr: of('libvirt_refresh_interval_seconds'), name: 'interval' },
          ]),
          panel(
            'timeseries',
            'Trouble',
            [
              { expr: rate(of('libvirt_refresh_errors_total')), name: 'refreshes with errors' },
              { expr: rate(of('libvirt_refresh_overruns_total')), name: 'refreshes skipped' },
              { expr: rate(of('libvirt_notifications_suppressed_total')), name: 'notifications not sent' },
              { expr: rate(of('libvirt_notifications_sent_total')), name: 'notifications sent' },
            ],
            { unit: 'cps', description: 'How often in a second.' },
          ),
          panel(
            'table',
            'Collectors',
            [
              { expr: byCollector('libvirt_collector_support'), name: 'Support' },
              { expr: source.since('libvirt_collector_success_timestamp_seconds', byCollector), name: 'Age' },
              { expr: byCollector('libvirt_collector_duration_seconds'), name: 'Duration' },
              { expr: byCollector('libvirt_collector_errors_total'), name: 'Errors' },
              { expr: byCollector('libvirt_collector_timeouts_total'), name: 'Timeouts' },
            ],
            {
              width: 16,
              description: 'A row for each source of data.',
              columns: {
                Support: { words: 'libvirt_collector_support' },
                Age: { unit: 's' },
                Duration: { unit: 's' },
              },
            },
          ),
          panel(
            'table',
            'Warnings',
            [{ expr: source.since('libvirt_warning_timestamp_seconds', byWarning), name: 'For' }],
            {
              width: 8,
              columns: { For: { unit: 's' } },
            },
          ),
        ],
      },
    ],
  };
}
