import type { Source } from '../prometheus/source.ts';
import { type Dashboard, selecting } from './dashboard.ts';
import { panelsOf } from './panel.ts';
import { ages, domainLink, hostLink, orZero, rate, severities, shares, uidOf, zeroIsGood } from './parts.ts';
import { instances, job } from './variables.ts';

const variables = [job, instances];
const of = selecting(variables);
const byHost = (family: string): string => `max by (job, instance) (${of(family)})`;
const byDomain = (expr: string): string => `sum by (job, instance, domain) (${expr})`;
const top = (expr: string): string => `topk(10, ${expr})`;
const hostName = '{{instance}}';
const domainName = '{{domain}} ({{instance}})';

/** All hosts: how many machines in which state, what needs attention, who uses most. */
export function fleet(source: Source): Dashboard {
  const panel = panelsOf(source);
  const state = source.text('libvirt_domain_info', 'state');
  return {
    uid: uidOf('fleet', source),
    title: `libvirt: fleet${source.name === 'metrics' ? '' : ' (SNMP)'}`,
    description: `All hosts with libvirt-agentx, ${source.origin}.`,
    tag: uidOf('fleet', source).replace(/-fleet$/, ''),
    variables,
    sections: [
      {
        title: 'Overview',
        panels: [
          panel('stat', 'Hosts', [{ expr: `count(${of('libvirt_up')})`, name: 'Hosts' }], {
            width: 3,
            description: 'Hosts whose agent answers.',
          }),
          panel(
            'stat',
            'Hosts without libvirt',
            [{ expr: orZero(`count(${of('libvirt_up')} == 0)`), name: 'Hosts' }],
            {
              width: 3,
              steps: zeroIsGood('red'),
              description: 'Hosts whose agent answers and has no connection to libvirt.',
            },
          ),
          panel('stat', 'VMs active', [{ expr: `sum(${of('libvirt_domains_active')})`, name: 'VMs' }], {
            width: 3,
          }),
          panel('stat', 'VMs inactive', [{ expr: `sum(${of('libvirt_domains_inactive')})`, name: 'VMs' }], {
            width: 3,
          }),
          panel(
            'stat',
            'VMs with warnings',
            [{ expr: `sum(${of('libvirt_domains_warning')})`, name: 'VMs' }],
            {
              width: 4,
              steps: zeroIsGood('orange'),
            },
          ),
          panel('stat', 'VMs failed', [{ expr: `sum(${of('libvirt_domains_failure')})`, name: 'VMs' }], {
            width: 4,
            steps: zeroIsGood('red'),
          }),
          panel('stat', 'VMs blocked', [{ expr: `sum(${of('libvirt_domains_blocked')})`, name: 'VMs' }], {
            width: 4,
            steps: zeroIsGood('orange'),
          }),
          panel(
            'table',
            'VMs that need attention',
            [
              {
                expr: `max by (job, instance, domain) (${of('libvirt_domain_severity')} > 1) * on (job, instance, domain) group_left (${state.label}) topk by (job, instance, domain) (1, ${of(state.family)})`,
                name: 'Severity',
              },
            ],
            {
              width: 12,
              columns: { Severity: { words: 'libvirt_domain_severity', steps: severities } },
              headings: { [state.label]: 'state' },
              links: { domain: domainLink(source) },
            },
          ),
          panel(
            'table',
            'Meant to start with the host, and not running',
            [
              {
                expr: `max by (job, instance, domain) (${of('libvirt_domain_autostart')} == 1) unless on (job, instance, domain) (${of('libvirt_domain_up')} == 1)`,
                name: 'Autostart',
              },
            ],
            { width: 12, links: { domain: domainLink(source) } },
          ),
        ],
      },
      {
        title: 'Hosts',
        panels: [
          panel(
            'table',
            'Hosts',
            [
              { expr: byHost('libvirt_connection_state'), name: 'Connection' },
              { expr: byHost('libvirt_domains_active'), name: 'Active' },
              { expr: byHost('libvirt_domains_failure'), name: 'Failed' },
              { expr: byHost('libvirt_host_cpu_used_ratio'), name: 'CPU used' },
              { expr: byHost('libvirt_host_cpu_overcommit_ratio'), name: 'vCPUs per CPU' },
              { expr: byHost('libvirt_host_memory_used_ratio'), name: 'Memory used' },
              { expr: byHost('libvirt_host_memory_overcommit_ratio'), name: 'Memory promised' },
              { expr: source.since('libvirt_refresh_timestamp_seconds', byHost), name: 'Age of data' },
            ],
            {
              description: 'A row for each host; the name leads to its dashboard.',
              columns: {
                Connection: { words: 'libvirt_connection_state' },
                Failed: { steps: zeroIsGood('red') },
                'CPU used': { unit: 'percentunit', steps: shares },
                'Memory used': { unit: 'percentunit', steps: shares },
                'Memory promised': { unit: 'percentunit' },
                'Age of data': { unit: 's', steps: ages },
              },
              links: { instance: hostLink(source) },
            },
          ),
          panel('timeseries', 'CPU used', [{ expr: of('libvirt_host_cpu_used_ratio'), name: hostName }]),
          panel('timeseries', 'Memory used', [
            { expr: of('libvirt_host_memory_used_ratio'), name: hostName },
          ]),
          panel(
            'timeseries',
            'vCPUs of active VMs for each CPU',
            [{ expr: of('libvirt_host_cpu_overcommit_ratio'), name: hostName }],
            { unit: 'short' },
          ),
          panel('timeseries', 'Active VMs', [{ expr: of('libvirt_domains_active'), name: hostName }]),
        ],
      },
      {
        title: 'Who uses most',
        panels: [
          panel(
            'bargauge',
            'CPU',
            [
              {
                expr: top(byDomain(rate(of('libvirt_domain_info_cpu_time_seconds_total')))),
                name: domainName,
              },
            ],
            { unit: 'short', description: 'The CPU time used, in processors.' },
          ),
          panel('bargauge', 'Memory on the host', [
            { expr: top(byDomain(of('libvirt_domain_memory_stats_rss_bytes'))), name: domainName },
          ]),
          panel(
            'bargauge',
            'Waiting for a host processor',
            [{ expr: top(byDomain(of('libvirt_domain_cpu_steal_ratio'))), name: domainName }],
            { unit: 'percentunit' },
          ),
          panel(
            'bargauge',
            'Disks',
            [
              {
                expr: top(
                  `${byDomain(rate(of('libvirt_domain_block_stats_read_bytes_total')))} + ${byDomain(rate(of('libvirt_domain_block_stats_write_bytes_total')))}`,
                ),
                name: domainName,
              },
            ],
            { unit: 'Bps', description: 'Octets read and written in a second.' },
          ),
          panel(
            'bargauge',
            'Requests to disks',
            [
              {
                expr: top(
                  `${byDomain(rate(of('libvirt_domain_block_stats_read_requests_total')))} + ${byDomain(rate(of('libvirt_domain_block_stats_write_requests_total')))}`,
                ),
                name: domainName,
              },
            ],
            { unit: 'iops', description: 'Requests to read and write in a second.' },
          ),
          panel(
            'bargauge',
            'Network',
            [
              {
                expr: top(
                  `8 * (${byDomain(rate(of('libvirt_domain_interface_stats_receive_bytes_total')))} + ${byDomain(rate(of('libvirt_domain_interface_stats_transmit_bytes_total')))})`,
                ),
                name: domainName,
              },
            ],
            { unit: 'bps', description: 'Bits received and sent in a second.' },
          ),
        ],
      },
    ],
  };
}
