import type { Config } from '../config/config.ts';
import type { StatSelector } from '../config/selectors.ts';
import { LabelReader } from '../definition/labels.ts';
import type { EpochMs } from '../model/scalar-types.ts';
import { StatsDecoder } from './decode/stats-decoder.ts';
import { groupsFor, monitorFreeGroups, statsFlags } from './decode/stats-groups.ts';
import { makeExtendedCollectors } from './extended-collectors.ts';
import type { DomainRecord } from './records/domain-record.ts';
import type { RefresherOptions } from './refresher.ts';
import { DomainDefinitions } from './sources/domain-definitions.ts';
import { DomainInventory } from './sources/domain-inventory.ts';
import { DomainStats } from './sources/domain-stats.ts';
import { HostIdentity } from './sources/host-identity.ts';
import { HostStats } from './sources/host-stats.ts';

export interface CollectorSettings {
  readonly config: Config;
  /** Whether the hypervisor is this machine. */
  readonly local: boolean;
  readonly startedAt: EpochMs;
  readonly onRecord: (record: DomainRecord) => void;
  /** A definition was found to differ from the last one. */
  readonly onDefinition: () => void;
}

/** Every collector there is, with its place in a refresh: the list to add a new one to. */
export function makeCollectors(
  settings: CollectorSettings,
): Pick<
  RefresherOptions,
  'intervalSec' | 'inventory' | 'stats' | 'definitions' | 'core' | 'extra' | 'statsAlso'
> {
  const { config, local, startedAt, onRecord, onDefinition } = settings;
  const { collect, libvirt } = config;
  const has = (selector: StatSelector): boolean => collect.extraStats.includes(selector);
  const intervalSec = collect.interval;
  const groups = groupsFor(collect.extraStats, collect.statExclude);
  return {
    intervalSec,
    inventory: new DomainInventory(intervalSec, collect.admitsDomain),
    stats: new DomainStats({
      intervalSec,
      groups,
      monitorFreeGroups: groups & monitorFreeGroups,
      idleGroupsIntervalSec: collect.intervals.inventory,
      flags: has('block_layers') ? statsFlags.backing : 0,
      batchSize: libvirt.batchSize,
      callsInFlight: libvirt.callsInFlight,
      controlGraceMs: libvirt.controlGrace * 1000,
      decoder: new StatsDecoder({ unknown: has('stat'), all: has('raw'), exclude: collect.statExclude }),
      onRecord,
    }),
    definitions: new DomainDefinitions({
      intervalSec: collect.intervals.inventory,
      withXml: has('xml'),
      withMetadata: has('metadata'),
      labels: new LabelReader(collect.labels, collect.namespaces),
      local,
      onChange: onDefinition,
      onRecord,
    }),
    core: [
      new HostIdentity(collect.intervals.host, local, startedAt),
      new HostStats(intervalSec, has('cpu_util')),
    ],
    extra: makeExtendedCollectors(collect, local),
    statsAlso: [
      ...(has('perf') ? (['perf'] as const) : []),
      ...(has('stat') || has('raw') ? (['raw'] as const) : []),
    ],
  };
}
