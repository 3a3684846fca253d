import type { Config } from '../config/config.ts';
import type { StatSelector } from '../config/selectors.ts';
import { BlockJobs } from './sources/block-jobs.ts';
import type { Collector } from './sources/collector.ts';
import { DiskErrors } from './sources/disk-errors.ts';
import { DomainJobs } from './sources/domain-jobs.ts';
import { DomainMessages } from './sources/domain-messages.ts';
import { DomainMoments } from './sources/domain-moments.ts';
import { DeviceLimits, DomainScheduler } from './sources/domain-tuning.ts';
import { GuestAgent } from './sources/guest-agent.ts';
import { HostKsm, HostNuma } from './sources/host-memory.ts';
import { HostSeenAddresses } from './sources/nic-addresses.ts';
import { RdtConflict } from './sources/rdt-conflict.ts';
import { StoragePools } from './sources/storage-pools.ts';
import { VcpuPinning } from './sources/vcpu-pinning.ts';
import { VirtualNetworks } from './sources/virtual-networks.ts';

/**
 * The sources beyond the basics, each with its selector (`extra_stats`) and its interval: the list to add a
 * new one to. They run in the background, so none of them delays a refresh.
 *
 * @param local - whether the hypervisor is this machine.
 */
export function makeExtendedCollectors(config: Config['collect'], local: boolean): readonly Collector[] {
  const { intervals, affinity, extraStats } = config;
  const has = (selector: StatSelector): boolean => extraStats.includes(selector);
  return [
    new DiskErrors(has('disk_err'), intervals.diskErrors),
    new DomainJobs({
      background: has('job_stats_background'),
      completed: has('job_stats_completed'),
      intervalSec: intervals.jobs,
    }),
    new BlockJobs(has('block_job'), intervals.jobs),
    new VcpuPinning({ enabled: has('vcpupin'), intervalSec: intervals.pinning, affinity }),
    new DomainScheduler(has('sched'), intervals.tuning),
    new DeviceLimits(has('iotune'), intervals.tuning),
    new DomainMoments(has('snapshot'), intervals.snapshots),
    new DomainMessages(has('domain_state'), intervals.snapshots),
    new GuestAgent({
      guest: has('guest'),
      fileSystems: has('fs_info'),
      intervalSec: intervals.guestAgent,
    }),
    new StoragePools(has('pool'), intervals.pools),
    new VirtualNetworks(has('network'), intervals.networks),
    new HostSeenAddresses(has('network'), intervals.networks),
    new HostNuma(has('numa'), intervals.host),
    new HostKsm(has('ksm'), intervals.host),
    new RdtConflict({ enabled: has('perf') && local, intervalSec: intervals.host }),
  ];
}
