import type { Source } from '../prometheus/source.ts';
import { type Dashboard, selecting } from './dashboard.ts';
import { panelsOf, textQueries } from './panel.ts';
import { ages, rate, severities, shares, uidOf } from './parts.ts';
import { domain as chosen, instances, job } from './variables.ts';

const variables = [job, instances, chosen];
const of = selecting(variables);
const on = '({{instance}})';
const device = '{{target_device}}';
/** Seconds that a request took, from the time and the number of requests. */
const latency = (what: string): string =>
  `${rate(of(`libvirt_domain_block_stats_${what}_time_seconds_total`))} / (${rate(of(`libvirt_domain_block_stats_${what}_requests_total`))} > 0)`;

/** One virtual machine, on whichever host it is. */
export function domain(source: Source): Dashboard {
  const panel = panelsOf(source);
  return {
    uid: uidOf('domain', source),
    title: `libvirt: VM${source.name === 'metrics' ? '' : ' (SNMP)'}`,
    description: `One virtual machine on a host with libvirt-agentx, ${source.origin}.`,
    tag: uidOf('domain', source).replace(/-domain$/, ''),
    variables,
    sections: [
      {
        title: 'Overview',
        panels: [
          panel('stat', 'State', [{ expr: of('libvirt_domain_info_state'), name: '{{instance}}' }], {
            words: 'libvirt_domain_info_state',
          }),
          panel('stat', 'Severity', [{ expr: of('libvirt_domain_severity'), name: '{{instance}}' }], {
            words: 'libvirt_domain_severity',
            steps: severities,
          }),
          panel('stat', 'Up for', [
            { expr: source.since('libvirt_domain_start_time_seconds', of), name: '{{instance}}' },
          ]),
          panel(
            'stat',
            'Age of data',
            [{ expr: source.since('libvirt_domain_stats_timestamp_seconds', of), name: '{{instance}}' }],
            {
              steps: ages,
            },
          ),
          panel(
            'stat',
            'Control interface',
            [{ expr: of('libvirt_domain_control_state'), name: '{{instance}}' }],
            {
              words: 'libvirt_domain_control_state',
              steps: ['green', [2, 'orange'], [4, 'red']],
            },
          ),
          panel(
            'stat',
            'Guest agent',
            [{ expr: of('libvirt_domain_guest_agent_state'), name: '{{instance}}' }],
            {
              words: 'libvirt_domain_guest_agent_state',
            },
          ),
          panel('table', 'Identity', textQueries(source, 'libvirt_domain_info', of), { height: 4 }),
          panel(
            'state-timeline',
            'State',
            [{ expr: of('libvirt_domain_info_state'), name: '{{instance}}' }],
            {
              words: 'libvirt_domain_info_state',
            },
          ),
        ],
      },
      {
        title: 'CPU',
        panels: [
          panel('timeseries', 'CPU used', [
            { expr: of('libvirt_domain_cpu_used_ratio'), name: `used ${on}` },
            { expr: of('libvirt_domain_cpu_steal_ratio'), name: `waited for a host processor ${on}` },
          ]),
          panel(
            'timeseries',
            'CPU time',
            [
              { expr: rate(of('libvirt_domain_info_cpu_time_seconds_total')), name: `all ${on}` },
              { expr: rate(of('libvirt_domain_cpu_user_seconds_total')), name: `user ${on}` },
              { expr: rate(of('libvirt_domain_cpu_system_seconds_total')), name: `system ${on}` },
              { expr: of('libvirt_domain_info_virtual_cpus'), name: `vCPUs ${on}` },
            ],
            { unit: 'short', description: 'The CPU time used, in processors.' },
          ),
          panel('timeseries', 'CPU used, by vCPU', [
            { expr: of('libvirt_domain_vcpu_used_ratio'), name: `vCPU {{vcpu}} ${on}` },
          ]),
          panel(
            'timeseries',
            'Waiting, by vCPU',
            [
              {
                expr: rate(of('libvirt_domain_vcpu_delay_seconds_total')),
                name: `vCPU {{vcpu}} delayed ${on}`,
              },
              {
                expr: rate(of('libvirt_domain_vcpu_wait_seconds_total')),
                name: `vCPU {{vcpu}} waited ${on}`,
              },
            ],
            { unit: 'percentunit' },
          ),
        ],
      },
      {
        title: 'Memory',
        panels: [
          panel(
            'timeseries',
            'Memory',
            [
              { expr: of('libvirt_domain_info_maximum_memory_bytes'), name: `maximum ${on}` },
              { expr: of('libvirt_domain_info_memory_usage_bytes'), name: `current ${on}` },
              { expr: of('libvirt_domain_memory_stats_rss_bytes'), name: `resident on the host ${on}` },
            ],
            { description: 'The memory of the machine as the host has it.' },
          ),
          panel(
            'timeseries',
            'Memory in the guest',
            [
              { expr: of('libvirt_domain_memory_stats_available_bytes'), name: `all ${on}` },
              { expr: of('libvirt_domain_memory_stats_usable_bytes'), name: `usable ${on}` },
              { expr: of('libvirt_domain_memory_stats_unused_bytes'), name: `unused ${on}` },
              { expr: of('libvirt_domain_memory_stats_disk_caches_bytes'), name: `cache ${on}` },
            ],
            {
              description:
                'What the balloon driver of the guest tells, if the definition asks for it: <stats period>.',
            },
          ),
          panel('timeseries', 'Memory used in the guest', [
            { expr: of('libvirt_domain_memory_stats_used_ratio'), name: `used ${on}` },
          ]),
          panel(
            'timeseries',
            'Swapping in the guest',
            [
              { expr: rate(of('libvirt_domain_memory_stats_swap_in_bytes_total')), name: `in ${on}` },
              { expr: rate(of('libvirt_domain_memory_stats_swap_out_bytes_total')), name: `out ${on}` },
            ],
            { unit: 'Bps', width: 6 },
          ),
          panel(
            'timeseries',
            'Page faults in the guest',
            [
              { expr: rate(of('libvirt_domain_memory_stats_major_fault_total')), name: `major ${on}` },
              { expr: rate(of('libvirt_domain_memory_stats_minor_fault_total')), name: `minor ${on}` },
            ],
            { unit: 'cps', width: 6, description: 'Page faults in a second; major ones needed a disk.' },
          ),
        ],
      },
      {
        title: 'Disks',
        panels: [
          panel(
            'timeseries',
            'Throughput',
            [
              { expr: rate(of('libvirt_domain_block_stats_read_bytes_total')), name: `${device} read ${on}` },
              {
                expr: rate(of('libvirt_domain_block_stats_write_bytes_total')),
                name: `${device} written ${on}`,
              },
            ],
            { unit: 'Bps', description: 'Octets in a second.' },
          ),
          panel(
            'timeseries',
            'Requests',
            [
              {
                expr: rate(of('libvirt_domain_block_stats_read_requests_total')),
                name: `${device} read ${on}`,
              },
              {
                expr: rate(of('libvirt_domain_block_stats_write_requests_total')),
                name: `${device} write ${on}`,
              },
              {
                expr: rate(of('libvirt_domain_block_stats_flush_requests_total')),
                name: `${device} flush ${on}`,
              },
            ],
            { unit: 'iops', description: 'Requests in a second.' },
          ),
          panel(
            'timeseries',
            'Time of a request',
            [
              { expr: latency('read'), name: `${device} read ${on}` },
              { expr: latency('write'), name: `${device} write ${on}` },
              { expr: latency('flush'), name: `${device} flush ${on}` },
            ],
            { description: 'How long a request took, while there were any.' },
          ),
          panel(
            'timeseries',
            'Size',
            [
              { expr: of('libvirt_domain_block_stats_capacity_bytes'), name: `${device} capacity ${on}` },
              { expr: of('libvirt_domain_block_stats_allocation_bytes'), name: `${device} taken ${on}` },
            ],
            { description: 'What the guest sees, and what the image takes on the host.' },
          ),
          panel('table', 'Disks in error', [{ expr: of('libvirt_domain_block_error'), name: 'Error' }], {
            columns: { Error: { words: 'libvirt_domain_block_error' } },
            width: 12,
            height: 6,
          }),
          panel('table', 'Disks', textQueries(source, 'libvirt_domain_block_stats_info', of), {
            width: 12,
            height: 6,
          }),
        ],
      },
      {
        title: 'Network',
        panels: [
          panel(
            'timeseries',
            'Throughput',
            [
              {
                expr: `8 * ${rate(of('libvirt_domain_interface_stats_receive_bytes_total'))}`,
                name: `${device} received ${on}`,
              },
              {
                expr: `8 * ${rate(of('libvirt_domain_interface_stats_transmit_bytes_total'))}`,
                name: `${device} sent ${on}`,
              },
            ],
            { unit: 'bps', description: 'Bits in a second.' },
          ),
          panel(
            'timeseries',
            'Packets',
            [
              {
                expr: rate(of('libvirt_domain_interface_stats_receive_packets_total')),
                name: `${device} received ${on}`,
              },
              {
                expr: rate(of('libvirt_domain_interface_stats_transmit_packets_total')),
                name: `${device} sent ${on}`,
              },
            ],
            { unit: 'pps', description: 'Packets in a second.' },
          ),
          panel(
            'timeseries',
            'Packets lost',
            [
              {
                expr: rate(of('libvirt_domain_interface_stats_receive_drops_total')),
                name: `${device} received, dropped ${on}`,
              },
              {
                expr: rate(of('libvirt_domain_interface_stats_transmit_drops_total')),
                name: `${device} sent, dropped ${on}`,
              },
              {
                expr: rate(of('libvirt_domain_interface_stats_receive_errors_total')),
                name: `${device} received, in error ${on}`,
              },
              {
                expr: rate(of('libvirt_domain_interface_stats_transmit_errors_total')),
                name: `${device} sent, in error ${on}`,
              },
            ],
            { unit: 'pps', description: 'Packets in a second.' },
          ),
          panel('table', 'Interfaces', textQueries(source, 'libvirt_domain_interface_stats_info', of), {
            width: 12,
            height: 8,
          }),
        ],
      },
      {
        title: 'In the guest, as its agent tells',
        panels: [
          panel(
            'timeseries',
            'File systems used',
            [
              {
                expr: `${of('libvirt_domain_guest_filesystem_used_bytes')} / ${of('libvirt_domain_guest_filesystem_size_bytes')}`,
                name: `{{mountpoint}} ${on}`,
              },
            ],
            { unit: 'percentunit', steps: shares, description: 'The share of the size that is used.' },
          ),
          panel('timeseries', 'Load', [
            { expr: of('libvirt_domain_guest_load1'), name: `1 minute ${on}` },
            { expr: of('libvirt_domain_guest_load5'), name: `5 minutes ${on}` },
            { expr: of('libvirt_domain_guest_load15'), name: `15 minutes ${on}` },
          ]),
          panel('table', 'Guest', textQueries(source, 'libvirt_domain_guest_info', of), { height: 4 }),
        ],
      },
      {
        title: 'Jobs',
        panels: [
          panel('timeseries', 'Progress of a job', [
            { expr: of('libvirt_domain_job_progress_ratio', source.jobKind('background')), name: on },
          ]),
          panel(
            'timeseries',
            'Progress of jobs of disks',
            [
              {
                expr: `${of('libvirt_domain_block_job_current')} / (${of('libvirt_domain_block_job_end')} > 0)`,
                name: `${device} ${on}`,
              },
            ],
            { unit: 'percentunit', description: 'The position of a job as a share of its end.' },
          ),
        ],
      },
    ],
  };
}
