import type { Agent, CollectorStatus, Warning } from './agent.ts';
import type { Domain } from './domain.ts';
import type { EventLogView } from './event.ts';
import type { Fleet } from './fleet.ts';
import type { Host } from './host.ts';
import type { Network } from './network.ts';
import type { Pool } from './pool.ts';
import type { EpochMs } from './scalar-types.ts';

/**
 * Everything the faces of the program (AgentX, dump, later others) serve, at one moment. Immutable: a
 * change is a new snapshot that shares the unchanged parts, so that identity (`===`) of a part tells
 * whether it changed.
 */
export interface Snapshot {
  /** Rises by one with each snapshot published. */
  readonly generation: number;
  readonly at: EpochMs;
  readonly agent: Agent;
  readonly host: Host;
  /** Ascending by index; present and gone. */
  readonly domains: readonly Domain[];
  /** Ascending by index. */
  readonly pools: readonly Pool[];
  /** Ascending by index. */
  readonly networks: readonly Network[];
  readonly collectors: readonly CollectorStatus[];
  readonly warnings: readonly Warning[];
  readonly events: EventLogView;
  readonly notify: NotifyStatus;
  /** Of the default hypervisor alone, where there are several. */
  readonly fleet: Fleet;
}

/** Switches and counters of the notifications (lveNotify, VM-MIB's two switches). */
export interface NotifyStatus {
  /** lveNotifyEnable */
  readonly enabled: boolean;
  /** vmPerVMNotificationsEnabled */
  readonly perVm: boolean;
  /** vmBulkNotificationsEnabled */
  readonly bulk: boolean;
  readonly holdoffSec: number;
  /** Notifications per minute; 0 is no limit. */
  readonly maxPerMinute: number;
  readonly sent: number;
  readonly suppressed: number;
}
