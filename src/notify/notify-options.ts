import type { SeverityOverrides } from '../domain-state/severity.ts';
import type { EventKind } from '../model/event.ts';

/** How notifications are chosen and throttled. */
export interface NotifyOptions {
  /** Start value of lveNotifyEnable. */
  readonly enabled: boolean;
  /** Whether VM-MIB is served; its notifications are sent only then. */
  readonly vmMib: boolean;
  /** Whether LIBVIRT-MIB is served; its notification is sent then, whatever the switches say. */
  readonly libvirtMib: boolean;
  /** Start value of vmPerVMNotificationsEnabled. */
  readonly perVm: boolean;
  /** Start value of vmBulkNotificationsEnabled. */
  readonly bulk: boolean;
  /** Whether another agent speaks as long as the master asks that one. */
  readonly standby: boolean;
  /** Changes to the same state within this time make one bulk notification. */
  readonly bulkWindowMs: number;
  /** With notifications per virtual machine on, a bulk notification needs this many virtual machines. */
  readonly bulkThreshold: number;
  /** lveNotifyHoldoff; 0 is none. */
  readonly holdoffSec: number;
  /** lveNotifyMaxRate; 0 is no limit. */
  readonly maxPerMinute: number;
  /** Notifications kept while the master is away. */
  readonly queueLimit: number;
  /** Kinds of events sent as lveDomainEvent. */
  readonly events: ReadonlySet<EventKind>;
  /** Severities set by the operator. */
  readonly overrides: SeverityOverrides;
}
