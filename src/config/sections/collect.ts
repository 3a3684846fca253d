import { section, setting } from '../setting.ts';
import { choice, integer, patterns, secondsOrNever, selectors, wholeSeconds } from '../setting-kinds.ts';

/** What lveStatTable leaves out, and why: docs/decisions/011-statistics-left-out.md. */
const leftOut = [
  // The kernel's counters of KVM: some fifty a vCPU, of use to developers of hypervisors.
  '^vcpu\\.\\d+\\..*\\.(sum|cur|max)$',
  '^vm\\..*\\.(sum|cur|max)$',
  // What a disk's driver can do: a dozen numbers a disk that never change.
  '^block\\.\\d+\\.limits\\.',
  // How many resctrl monitors there are: nearly everywhere none, and each has rows of its own.
  '^(cpu\\.cache|memory\\.bandwidth)\\.monitor\\.count$',
  // Seconds of a clock of the hypervisor process that nobody else can read.
  '^dirtyrate\\.calc_start_time$',
];

export const collect = section('What is collected, and how often.', {
  interval: setting(wholeSeconds(1, 3600), 10, {
    help: 'Time between two refreshes.',
    flag: 'interval',
  }),
  retention: setting(wholeSeconds(0, 604_800), 600, {
    help: 'How long the row of a domain that ceased to exist is kept.',
  }),
  extraStats: setting(selectors(), ['default'], {
    help: 'Selectors of statistics (see docs/configuration.md); "default", "all" and "none" stand for sets, -name takes one out.',
    flag: 'extra-stats',
  }),
  statExclude: setting(patterns(), leftOut, {
    help: 'Parameters that lveStatTable leaves out (regular expressions on their names).',
  }),
  affinity: setting(choice(['dense', 'compact', 'off']), 'compact', {
    help: 'vmCpuAffinityTable: a row for each vCPU and host CPU (dense), only for CPUs a vCPU may run on and only where it is pinned (compact), or none (off).',
  }),
  poolRefresh: setting(secondsOrNever(60, 604_800), 0, {
    help: 'How often libvirt is asked to read each storage pool anew, for pools whose figures it does not keep up to date; 0 is never. Needs libvirt.read_write. libvirt opens every volume for it, so choose a long time.',
  }),
  include: setting(patterns(), [], {
    help: 'Monitor only domains whose name matches one of these regular expressions; empty is all.',
  }),
  exclude: setting(patterns(), [], {
    help: 'Do not monitor domains whose name matches one of these regular expressions.',
  }),
  maxDomains: setting(integer(1, 16_384, 'domains'), 5000, {
    help: 'Domains of one hypervisor that are monitored; so many rows of domains that ceased to exist are kept at most. Domains that have rows or index numbers come first, then the others by name. What is left out is reported in lveWarningTable.',
  }),
  maxMemory: setting(integer(0, 65_536, 'MiB'), 0, {
    help: 'Answers of one hypervisor that are kept, in MiB: anything beyond is not kept, and is reported in lveWarningTable. 2,000 domains with a few devices each are some 40 MiB, and take about three times that in memory. 0 is 64 for each of several hypervisors, and no limit for a single one.',
  }),
});
