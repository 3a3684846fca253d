import { aliasesOf } from '../alias.ts';
import { usedPercent } from './used-percent.ts';

const domain = { domain: 'lveDomName' };
const agent = aliasesOf(undefined);
const dom = aliasesOf('lveDomTable', domain);
const vm = aliasesOf('vmTable', domain);
const memory = aliasesOf('lveMemTable', domain);
const job = aliasesOf('lveJobTable', domain, { where: { lveJobKind: 'background' } });

function jobStat(name: string, statistic: string, help: string) {
  const where = { lveJobKind: 'background', lveJobStatName: statistic };
  return aliasesOf('lveJobStatTable', domain, { where }).gauge(name, 'lveJobStatValue', help);
}

/** States in the words of virsh's manual, as the exporter has them. */
const stateWords = {
  nostate: 'no state',
  running: 'the domain is running',
  blocked: 'the domain is blocked on resource',
  paused: 'the domain is paused by user',
  shutdown: 'the domain is being shut down',
  shutoff: 'the domain is shut off',
  crashed: 'the domain is crashed',
  pmsuspended: 'the domain is suspended by guest power management',
};

/**
 * Names of github.com/inovex/prometheus-libvirt-exporter that are not those all exporters have in common. Its
 * time_elapsed_seconds of a job are milliseconds there and seconds here.
 */
export const inovexAliases = [
  agent.gauge('libvirt_domains', 'vmNumber', 'The number of domains, active or not.'),
  dom.gauge(
    'libvirt_domain_timed_out',
    'lveDomStatsStatus',
    '1 if the statistics of the domain could not be read at the last refresh.',
    { values: { ok: 0, partial: 0, blocked: 1, stale: 1, inactive: 0 } },
  ),
  dom.gauge('libvirt_domain_info_state', 'lveDomState', 'The state of the domain, and what it means.', {
    texts: { state_desc: { column: 'lveDomState', texts: stateWords } },
  }),
  vm.gauge('libvirt_domain_vcpu_current', 'vmCurCpuNumber', 'The current number of vCPUs.'),
  memory.gauge(
    'libvirt_domain_memory_stats_current_balloon_bytes',
    'lveMemCurrent',
    'The memory assigned to the guest.',
  ),
  memory.gauge(
    'libvirt_domain_memory_stats_maximum_bytes',
    'lveMemMaximum',
    'The maximum memory of the guest.',
  ),
  memory.gauge(
    'libvirt_domain_memory_stats_swap_in_bytes',
    'lveMemSwapIn',
    'The data read from the swap space of the guest.',
  ),
  memory.gauge(
    'libvirt_domain_memory_stats_swap_out_bytes',
    'lveMemSwapOut',
    'The data written to the swap space of the guest.',
  ),
  usedPercent,
  job.gauge('libvirt_domain_job_info_type', 'lveJobType', 'The type of the running job.'),
  job.gauge(
    'libvirt_domain_job_info_time_elapsed_seconds',
    'lveJobElapsed',
    'The time since the running job began.',
  ),
  job.gauge(
    'libvirt_domain_job_info_time_remaining_seconds',
    'lveJobRemaining',
    'The time until the running job ends.',
  ),
  job.gauge('libvirt_domain_job_info_data_total_bytes', 'lveJobDataTotal', 'The data of the running job.'),
  job.gauge(
    'libvirt_domain_job_info_data_processed_bytes',
    'lveJobDataProcessed',
    'The data that the running job has processed.',
  ),
  job.gauge(
    'libvirt_domain_job_info_data_remaining_bytes',
    'lveJobDataRemaining',
    'The data that the running job has yet to process.',
  ),
  jobStat('libvirt_domain_job_info_memory_total_bytes', 'memory_total', 'The memory of the running job.'),
  jobStat(
    'libvirt_domain_job_info_memory_processed_bytes',
    'memory_processed',
    'The memory that the running job has processed.',
  ),
  jobStat(
    'libvirt_domain_job_info_memory_remaining_bytes',
    'memory_remaining',
    'The memory that the running job has yet to process.',
  ),
  jobStat('libvirt_domain_job_info_file_total_bytes', 'disk_total', 'The disk data of the running job.'),
  jobStat(
    'libvirt_domain_job_info_file_processed_bytes',
    'disk_processed',
    'The disk data that the running job has processed.',
  ),
  jobStat(
    'libvirt_domain_job_info_file_remaining_bytes',
    'disk_remaining',
    'The disk data that the running job has yet to process.',
  ),
];
