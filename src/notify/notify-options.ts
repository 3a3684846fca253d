import { noOverrides, type SeverityOverrides } from '../domain-state/severity.ts';
import type { EventKind } from '../model/event.ts';

/** How notifications are chosen and throttled. */
export interface NotifyOptions {
  /** Start value of lveNotifyEnable. */
  readonly enabled: boolean;
  /** Whether VM-MIB is served; its notifications are sent only then. */
  readonly vmMib: boolean;
  /** Start value of vmPerVMNotificationsEnabled. */
  readonly perVm: boolean;
  /** Start value of vmBulkNotificationsEnabled. */
  readonly bulk: boolean;
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

/**
 * Events that nothing else tells of and that mean something to an operator. Changes of state, disk errors,
 * jobs, thresholds, the guest agent, pools and the connection have notifications of their own.
 */
const notifiedEvents: readonly EventKind[] = [
  'defined',
  'undefined',
  'reboot',
  'watchdog',
  'ioError',
  'ioErrorReason',
  'controlError',
  'blockJob',
  'blockJob2',
  'diskChange',
  'deviceRemovalFailed',
  'memoryFailure',
  'nicMacChange',
  'vcpuRemoved',
  'eventsLost',
];

export const defaultNotifyOptions: NotifyOptions = {
  enabled: true,
  vmMib: true,
  perVm: true,
  bulk: true,
  bulkWindowMs: 3000,
  bulkThreshold: 5,
  holdoffSec: 1,
  maxPerMinute: 120,
  queueLimit: 1000,
  events: new Set(notifiedEvents),
  overrides: noOverrides,
};
