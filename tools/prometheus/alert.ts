import type { Source } from './source.ts';

/** A rule of Prometheus, whatever the figures come from. */
export interface Alert {
  readonly name: string;
  readonly severity: 'critical' | 'warning' | 'info';
  /** For how long it must be true: `5m`. */
  readonly for?: string;
  readonly expr: (source: Source) => string;
  /** Why the expression is what it is. */
  readonly comment?: string;
  readonly summary: (source: Source) => string;
  readonly description?: (source: Source) => string;
  /** The only source that it makes sense for. */
  readonly only?: Source['name'];
}

/**
 * What tells one machine from another: snmp_exporter's series have the UUID, those of /metrics if it is configured, and of
 * an agent with several hypervisors the name of its own.
 */
const machine = 'on (job, instance, hypervisor, domain, uuid)';

/** How long ago what is remembered may be: Prometheus itself may have been down for a while. */
const memory = '6h';

/** Neither gone, nor off here because it was migrated: VIR_DOMAIN_SHUTOFF_MIGRATED is 4, shutoff 5. */
const present = `unless ${machine} (libvirt_domain_gone_timestamp_seconds or libvirt_domain_info_state == 5 and ${machine} libvirt_domain_info_state_reason == 4)`;
const running = `and ${machine} libvirt_domain_up == 1`;

/** What was true within the last hours, or was when this alert began: it ends with its cause, not with the hours. */
function wasOnce(alert: string, before: string): string {
  return `and ${machine} (${before} or max_over_time(ALERTS{alertname="${alert}"}[${memory}]) == 1)`;
}

const plain = (family: string): string => family;
const vm = '{{ $labels.domain }} on {{ $labels.instance }}';
const pool = 'torage pool {{ $labels.storage_pool }} on {{ $labels.instance }}';
const disk = 'Disk {{ $labels.target_device }} of {{ $labels.domain }} on {{ $labels.instance }}';
const share = '{{ $value | humanizePercentage }}';
const age = '{{ $value | humanizeDuration }}';

const latency = (what: 'read' | 'write'): string =>
  `rate(libvirt_domain_block_stats_${what}_time_seconds_total[10m]) / rate(libvirt_domain_block_stats_${what}_requests_total[10m]) > 0.1`;

/** The alerts that are shipped, for each source. */
export const alerts: readonly Alert[] = [
  {
    name: 'LibvirtHostUnreachable',
    severity: 'critical',
    for: '5m',
    expr: () => 'max by (job, instance) (up{job=~"libvirt.*"}) == 0',
    summary: ({ name }) =>
      name === 'snmp'
        ? '{{ $labels.instance }} does not answer SNMP'
        : 'libvirt-agentx on {{ $labels.instance }} does not answer',
    description: ({ name }) =>
      name === 'snmp'
        ? 'snmpd does not run, is not reachable, or refuses this manager. Nothing is known of its VMs: their alerts end meanwhile.'
        : 'The host or the agent is down, or refuses this Prometheus. Nothing is known of its VMs: their alerts end meanwhile.',
  },
  {
    name: 'LibvirtModuleFails',
    severity: 'warning',
    for: '10m',
    only: 'snmp',
    expr: () =>
      'up{job=~"libvirt.*"} == 0 and on (job, instance) max by (job, instance) (up{job=~"libvirt.*"}) == 1',
    summary: () => 'The module {{ $labels.module }} cannot be scraped from {{ $labels.instance }}',
    description: () =>
      'Other modules can: it takes too long, or two rows have the same labels. See the log of snmp_exporter.',
  },
  {
    name: 'LibvirtAgentLost',
    severity: 'critical',
    for: '5m',
    expr: () =>
      'max by (job, instance) (up{job=~"libvirt.*"}) == 1 unless on (job, instance) libvirt_connection_state',
    summary: ({ name }) =>
      name === 'snmp'
        ? 'snmpd on {{ $labels.instance }} has nothing of libvirt-agentx'
        : '{{ $labels.instance }} answers and has nothing of libvirt-agentx',
    description: ({ name }) =>
      name === 'snmp'
        ? 'The agent does not run, is not connected to snmpd, or its subtree is not in the view. `libvirt-agentx check` on the host says which.'
        : 'Something else listens there, or metrics.exclude leaves out libvirt_connection_state.',
  },
  {
    name: 'LibvirtDisconnected',
    severity: 'critical',
    for: '2m',
    expr: () => 'libvirt_connection_state != 2',
    summary: () => 'No connection to libvirt on {{ $labels.instance }}',
    description: () =>
      'libvirt_connection_state is {{ $value }} (3 disconnected, 4 authentication failed, 5 not responding). Values are served with their age meanwhile.',
  },
  {
    name: 'LibvirtDataOld',
    severity: 'warning',
    for: '2m',
    expr: (source) =>
      `${source.since('libvirt_refresh_timestamp_seconds', plain)} > clamp_min(3 * libvirt_refresh_interval_seconds, 120)`,
    summary: () => `Figures of {{ $labels.instance }} are ${age} old`,
  },
  {
    name: 'LibvirtCollectorOld',
    severity: 'warning',
    for: '10m',
    comment: '1 unknown, 4 unsupported: there is nothing to be old.',
    expr: (source) =>
      `${source.since('libvirt_collector_success_timestamp_seconds', plain)} > clamp_min(3 * libvirt_collector_interval_seconds, 1800) and on (job, instance, hypervisor, collector) (libvirt_collector_support == 2 or libvirt_collector_support == 3)`,
    summary: () => `libvirt-agentx on {{ $labels.instance }} has not read {{ $labels.collector }} for ${age}`,
    description: () => 'lveCollectorLastError, the log and the warnings of the agent tell why.',
  },
  {
    name: 'LibvirtAgentWarning',
    severity: 'info',
    for: '10m',
    comment: 'That the objects are under the experimental root is known.',
    expr: (source) => `libvirt_warning_timestamp_seconds{${source.warningsExcept('rootIsExperimental')}}`,
    summary: ({ warningLabel }) => `libvirt-agentx on {{ $labels.instance }}: {{ $labels.${warningLabel} }}`,
  },
  {
    name: 'LibvirtDomainFailure',
    severity: 'critical',
    expr: () => 'libvirt_domain_severity == 3',
    summary: () => `${vm} has failed`,
    description: () =>
      'Crashed, or paused by an I/O error or a watchdog, or its control interface is in error: see lveDomStateText.',
  },
  {
    name: 'LibvirtDomainWarning',
    severity: 'warning',
    for: '15m',
    expr: () => 'libvirt_domain_severity == 2',
    summary: () => `${vm} has been paused or blocked for 15 minutes`,
  },
  {
    name: 'LibvirtDomainDown',
    severity: 'warning',
    for: '5m',
    comment: `It ran within the last hours, was not migrated or undefined, and does not run now. The
# alert itself is what remembers that for longer: it ends when the VM runs again or is
# undefined, not when the hours are over.`,
    expr: () =>
      `libvirt_domain_up == 0 ${present} ${wasOnce('LibvirtDomainDown', `max_over_time(libvirt_domain_up[${memory}]) == 1`)}`,
    summary: () => `${vm} has stopped`,
    description: () =>
      'If it is to stay off, silence this alert for it: it goes on until the VM runs again or is undefined.',
  },
  {
    name: 'LibvirtAutostartNotRunning',
    severity: 'warning',
    for: '10m',
    expr: () => `libvirt_domain_autostart == 1 and ${machine} libvirt_domain_up == 0 ${present}`,
    summary: () => `${vm} is to start with its host and does not run`,
  },
  {
    name: 'LibvirtDomainBlocked',
    severity: 'warning',
    for: '10m',
    comment: '3 blocked, 4 stale: the hypervisor process does not answer, or a job holds it.',
    expr: () => 'libvirt_domain_stats_status == 3 or libvirt_domain_stats_status == 4',
    summary: () => `${vm} cannot be asked`,
    description: () =>
      'The hypervisor process hangs or a long job holds the VM. Its figures are old; other VMs are not affected.',
  },
  {
    name: 'LibvirtDomainDataOld',
    severity: 'warning',
    for: '5m',
    expr: (source) => `${source.since('libvirt_domain_stats_timestamp_seconds', plain)} > 600 ${running}`,
    summary: () => `Figures of ${vm} are ${age} old`,
  },
  {
    name: 'LibvirtDomainSteal',
    severity: 'warning',
    for: '30m',
    expr: () => 'rate(libvirt_domain_cpu_steal_seconds_total[10m]) > 0.2',
    summary: () => `${vm} waits for host processors ${share} of the time`,
  },
  {
    name: 'LibvirtGuestMemory',
    severity: 'warning',
    for: '30m',
    comment: 'Only while the balloon driver of the guest reports it.',
    expr: (source) =>
      `libvirt_domain_memory_stats_used_ratio > 0.95 and ${machine} ${source.since('libvirt_domain_memory_stats_last_update_timestamp_seconds', plain)} < 300`,
    summary: () => `${vm} uses ${share} of its memory`,
  },
  {
    name: 'LibvirtGuestAgentLost',
    severity: 'warning',
    for: '15m',
    comment: '3 disconnected, 4 not responding. A guest that never had an agent is none that lost it.',
    expr: () =>
      `(libvirt_domain_guest_agent_state == 3 or libvirt_domain_guest_agent_state == 4) ${running} ${wasOnce('LibvirtGuestAgentLost', `max_over_time((libvirt_domain_guest_agent_state == bool 2)[${memory}:5m]) == 1`)}`,
    summary: () => `The guest agent of ${vm} does not answer`,
    description: () => 'What it told, such as file systems, gets older.',
  },
  {
    name: 'LibvirtFileSystemFull',
    severity: 'warning',
    for: '15m',
    expr: () =>
      'libvirt_domain_guest_filesystem_used_bytes / libvirt_domain_guest_filesystem_size_bytes > 0.9',
    summary: () => `File system {{ $labels.mountpoint }} of ${vm} is ${share} full`,
  },
  {
    name: 'LibvirtSnapshotOld',
    severity: 'info',
    for: '1h',
    expr: (source) =>
      `${source.since('libvirt_domain_snapshot_oldest_timestamp_seconds', plain)} > 7 * 86400`,
    summary: () => `${vm} has a snapshot that is ${age} old`,
    description: () => 'Snapshots grow, and slow down their disks.',
  },
  {
    name: 'LibvirtDiskError',
    severity: 'critical',
    expr: () => 'libvirt_domain_block_error',
    summary: () => `${disk} is in error`,
    description: () => 'libvirt_domain_block_error is {{ $value }} (1 unspecified, 2 no space).',
  },
  {
    name: 'LibvirtDiskSlow',
    severity: 'warning',
    for: '10m',
    expr: () => `${latency('read')} or ${latency('write')}`,
    summary: () => `${disk} takes ${age} for a request`,
  },
  {
    name: 'LibvirtHostMemoryOvercommit',
    severity: 'warning',
    for: '30m',
    expr: () => 'libvirt_host_memory_overcommit_ratio > 1.5',
    summary: () => `The active VMs of {{ $labels.instance }} may take ${share} of its memory`,
  },
  {
    name: 'LibvirtHostCpuOvercommit',
    severity: 'info',
    for: '30m',
    expr: () => 'libvirt_host_cpu_overcommit_ratio > 6',
    summary: () => 'The active VMs of {{ $labels.instance }} have {{ $value }} vCPUs for each processor',
  },
  {
    name: 'LibvirtPoolOvercommit',
    severity: 'info',
    for: '1h',
    expr: () => 'libvirt_storage_pool_provisioned_bytes / libvirt_storage_pool_capacity_bytes > 2',
    summary: () => `Disks of {{ $value }} times the size of s${pool} have been promised`,
  },
  {
    name: 'LibvirtPoolFull',
    severity: 'warning',
    for: '15m',
    expr: () => '1 - libvirt_storage_pool_available_bytes / libvirt_storage_pool_capacity_bytes > 0.9',
    summary: () => `S${pool} is ${share} full`,
  },
  {
    name: 'LibvirtPoolBad',
    severity: 'critical',
    for: '2m',
    comment: '3 degraded, 4 inaccessible.',
    expr: () => 'libvirt_storage_pool_state == 3 or libvirt_storage_pool_state == 4',
    summary: () => `S${pool} is degraded or inaccessible`,
  },
];

/** The alerts for a source. */
export function alertsFor(source: Source): readonly Alert[] {
  return alerts.filter(({ only = source.name }) => only === source.name);
}
