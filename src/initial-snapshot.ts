import { HostBuilder } from './collect/records/host-builder.ts';
import { HostRecord } from './collect/records/host-record.ts';
import type { Config } from './config/config.ts';
import { selectorText } from './config/selectors.ts';
import { noFleet } from './model/fleet.ts';
import type { EpochMs } from './model/scalar-types.ts';
import type { Snapshot } from './model/snapshot.ts';

/** The snapshot before anything was collected: the agent alone, honest about knowing nothing yet. */
export function initialSnapshot(config: Config, version: string, startedAt: EpochMs): Snapshot {
  const { collect, events, mib, notifications } = config;
  return {
    generation: 0,
    at: startedAt,
    agent: {
      version,
      startedAt,
      uri: config.libvirt.uri.shown,
      connState: 'connecting',
      connSince: startedAt,
      reconnects: 0,
      connLastError: '',
      readOnly: !config.libvirt.readWrite,
      libvirtVersion: undefined,
      intervalSec: collect.interval,
      refreshEndedAt: undefined,
      refreshDurationMs: undefined,
      refreshCount: 0,
      refreshErrors: 0,
      refreshOverruns: 0,
      extraStats: selectorText(collect.extraStats),
      retentionSec: collect.retention,
      domainsChangedAt: undefined,
      configChangedAt: undefined,
    },
    host: new HostBuilder(new HostRecord(mib.hvObjectId)).build([], []),
    domains: [],
    pools: [],
    networks: [],
    collectors: [],
    warnings: [],
    events: {
      maxEntries: events.maxEntries,
      maxAgeSec: events.maxAge,
      persistent: false,
      logged: 0,
      newestSeq: 0,
      entries: [],
    },
    notify: {
      enabled: notifications.enabled,
      perVm: notifications.perVm,
      bulk: notifications.bulk,
      holdoffSec: notifications.holdoff,
      maxPerMinute: notifications.maxPerMinute,
      sent: 0,
      suppressed: 0,
    },
    fleet: noFleet,
  };
}
