import type { Config } from '../config/config.ts';
import type { StatSelector } from '../config/selectors.ts';
import { blockJobs } from './sources/block-jobs.ts';
import type { ActiveCollector, CollectorKind } from './sources/collector.ts';
import { diskErrors } from './sources/disk-errors.ts';
import { domainDefinitions } from './sources/domain-definitions.ts';
import { domainInventory } from './sources/domain-inventory.ts';
import { domainJobs } from './sources/domain-jobs.ts';
import { domainMessages } from './sources/domain-messages.ts';
import { domainMoments } from './sources/domain-moments.ts';
import { domainStats } from './sources/domain-stats.ts';
import { deviceLimits, domainScheduler } from './sources/domain-tuning.ts';
import { guestAgent } from './sources/guest-agent.ts';
import { hostIdentity } from './sources/host-identity.ts';
import { hostKsm, hostNuma } from './sources/host-memory.ts';
import { hostStats } from './sources/host-stats.ts';
import { hostSeenAddresses } from './sources/nic-addresses.ts';
import { rdtConflict } from './sources/rdt-conflict.ts';
import { storagePools } from './sources/storage-pools.ts';
import { vcpuPinning } from './sources/vcpu-pinning.ts';
import { virtualNetworks } from './sources/virtual-networks.ts';

/** Every collector there is, in the order in which those of one stage run: the list to add a new one to. */
export const collectorKinds: readonly CollectorKind[] = [
  domainInventory,
  domainStats,
  hostIdentity,
  hostStats,
  domainDefinitions,
  diskErrors,
  domainJobs,
  blockJobs,
  vcpuPinning,
  domainScheduler,
  deviceLimits,
  domainMoments,
  domainMessages,
  guestAgent,
  storagePools,
  virtualNetworks,
  hostSeenAddresses,
  hostNuma,
  hostKsm,
  rdtConflict,
];

export interface CollectorSettings {
  readonly config: Config;
  /** Whether the hypervisor is this machine. */
  readonly local: boolean;
}

/** The collectors that the configuration switches on, in the order of the list. */
export function makeCollectors(
  { config, local }: CollectorSettings,
  kinds: readonly CollectorKind[] = collectorKinds,
): readonly ActiveCollector[] {
  const { extraStats } = config.collect;
  const has = (selector: StatSelector): boolean => extraStats.includes(selector);
  const wanted = (selectors: readonly StatSelector[]): boolean =>
    selectors.length === 0 || selectors.some(has);
  return kinds
    .filter((kind) => wanted(kind.selectors) && (local || kind.localOnly !== true))
    .map((kind) => {
      const { name, id, stage, promptedBy, perDomain } = kind;
      const intervalSec = kind.interval(config);
      const collector = kind.make({ config, intervalSec, local, has });
      return {
        name,
        id,
        stage,
        intervalSec,
        also: (kind.also ?? []).filter(({ selectors }) => wanted(selectors)).map((row) => row.id),
        ...(promptedBy === undefined ? undefined : { promptedBy }),
        ...(perDomain === undefined ? undefined : { perDomain }),
        collect: (pass) => collector.collect(pass),
      };
    });
}
