import type { LabelRule, NamespaceTable } from '../definition/labels.ts';
import type { SeverityOverrides } from '../domain-state/severity.ts';
import type { LogLevel } from '../log.ts';
import type { EventKind } from '../model/event.ts';
import type { FileContent } from './schema.ts';
import type { StatSelector } from './selectors.ts';

/** The effective configuration. Durations are in seconds. */
export interface Config {
  readonly libvirt: {
    readonly uri: string;
    readonly readWrite: boolean;
    readonly callTimeout: number;
    readonly batchSize: number;
    readonly callsInFlight: number;
    readonly maxUnansweredCalls: number;
    readonly controlGrace: number;
  };
  readonly collect: {
    readonly interval: number;
    readonly retention: number;
    readonly extraStats: readonly StatSelector[];
    readonly statExclude: readonly RegExp[];
    readonly affinity: 'dense' | 'compact' | 'off';
    /** Whether a domain of this name is monitored at all. */
    readonly admitsDomain: (name: string) => boolean;
    readonly intervals: {
      readonly inventory: number;
      readonly pinning: number;
      readonly diskErrors: number;
      readonly jobs: number;
      readonly guestAgent: number;
      readonly snapshots: number;
      readonly tuning: number;
      readonly pools: number;
      readonly networks: number;
      readonly host: number;
    };
    readonly labels: readonly LabelRule[];
    readonly namespaces: NamespaceTable;
  };
  readonly agentx: {
    readonly address: string;
    readonly contexts: readonly string[];
    readonly priority: number;
  };
  readonly mib: {
    readonly root: readonly number[];
    readonly vmMib: boolean;
    readonly hvObjectId: readonly number[];
  };
  readonly state: { readonly directory: string };
  readonly notifications: {
    readonly enabled: boolean;
    readonly perVm: boolean;
    readonly bulk: boolean;
    readonly bulkWindow: number;
    readonly bulkThreshold: number;
    readonly holdoff: number;
    readonly maxPerMinute: number;
    readonly queue: number;
    readonly events: ReadonlySet<EventKind>;
  };
  readonly events: { readonly maxEntries: number; readonly maxAge: number; readonly persistent: boolean };
  readonly log: {
    readonly level: LogLevel;
    readonly format: 'auto' | 'json' | 'human';
  };
  readonly severity: SeverityOverrides;
}

/** Environment variables that stand in for settings nobody gave. */
export interface Fallbacks {
  readonly uri: string | undefined;
  readonly stateDirectory: string | undefined;
}

/** Where neither the configuration nor LIBVIRT_DEFAULT_URI says otherwise. */
export const defaultUri = 'qemu:///system';
/** Where neither the configuration nor STATE_DIRECTORY says otherwise. */
export const defaultStateDirectory = '/var/lib/libvirt-agentx';

/** The configuration from validated file content. */
export function toConfig(content: FileContent, fallbacks: Fallbacks): Config {
  const { libvirt, collect, intervals, notifications, mib, events } = content;
  const { include, exclude } = collect;
  return deepFreeze({
    libvirt: {
      uri: libvirt.uri ?? fallbacks.uri ?? defaultUri,
      readWrite: libvirt.read_write,
      callTimeout: libvirt.call_timeout,
      batchSize: libvirt.batch_size,
      callsInFlight: libvirt.calls_in_flight,
      maxUnansweredCalls: libvirt.max_unanswered_calls,
      controlGrace: libvirt.control_grace,
    },
    collect: {
      interval: collect.interval,
      retention: collect.retention,
      extraStats: collect.extra_stats,
      statExclude: collect.stat_exclude,
      affinity: collect.affinity,
      admitsDomain: (name: string) =>
        (include.length === 0 || include.some((each) => each.test(name))) &&
        !exclude.some((each) => each.test(name)),
      intervals: {
        inventory: intervals.inventory,
        pinning: intervals.pinning,
        diskErrors: intervals.disk_errors,
        jobs: intervals.jobs,
        guestAgent: intervals.guest_agent,
        snapshots: intervals.snapshots,
        tuning: intervals.tuning,
        pools: intervals.pools,
        networks: intervals.networks,
        host: intervals.host,
      },
      labels: content.labels,
      namespaces: content.namespaces,
    },
    agentx: content.agentx,
    mib: { root: mib.root, vmMib: mib.vm_mib, hvObjectId: mib.hv_object_id },
    state: { directory: content.state.directory ?? fallbacks.stateDirectory ?? defaultStateDirectory },
    notifications: {
      enabled: notifications.enabled,
      perVm: notifications.per_vm,
      bulk: notifications.bulk,
      bulkWindow: notifications.bulk_window,
      bulkThreshold: notifications.bulk_threshold,
      holdoff: notifications.holdoff,
      maxPerMinute: notifications.max_per_minute,
      queue: notifications.queue,
      events: notifications.events,
    },
    events: { maxEntries: events.max_entries, maxAge: events.max_age, persistent: events.persistent },
    log: content.log,
    severity: content.severity,
  });
}

/** Freezes plain objects and lists all the way down; patterns, sets and functions are left as they are. */
function deepFreeze<T extends object>(value: T): T {
  for (const part of Object.values(value)) {
    if (Array.isArray(part) || (part !== null && Object.getPrototypeOf(part) === Object.prototype)) {
      deepFreeze(part as object);
    }
  }
  return Object.freeze(value);
}
