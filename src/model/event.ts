import type { EpochMs, Severity } from './scalar-types.ts';

/** Numbers of LveEventKind: lifecycle events are virDomainEventType + 1, others virDomainEventID + 10. */
export const eventKinds = {
  defined: 1,
  undefined: 2,
  started: 3,
  suspended: 4,
  resumed: 5,
  stopped: 6,
  shutdown: 7,
  pmsuspended: 8,
  crashed: 9,
  reboot: 11,
  rtcChange: 12,
  watchdog: 13,
  ioError: 14,
  graphics: 15,
  ioErrorReason: 16,
  controlError: 17,
  blockJob: 18,
  diskChange: 19,
  trayChange: 20,
  pmWakeup: 21,
  pmSuspend: 22,
  balloonChange: 23,
  pmSuspendDisk: 24,
  deviceRemoved: 25,
  blockJob2: 26,
  tunable: 27,
  agentLifecycle: 28,
  deviceAdded: 29,
  migrationIteration: 30,
  jobCompleted: 31,
  deviceRemovalFailed: 32,
  metadataChange: 33,
  blockThreshold: 34,
  memoryFailure: 35,
  memoryDeviceSizeChange: 36,
  nicMacChange: 37,
  vcpuRemoved: 38,
  channelLifecycle: 39,
  connectionDown: 101,
  connectionUp: 102,
  diskError: 103,
  diskErrorCleared: 104,
  poolState: 105,
  networkState: 106,
  eventsLost: 107,
  other: 255,
} as const;

export type EventKind = keyof typeof eventKinds;

/** One entry of the event log (lveEventTable). */
export interface LoggedEvent {
  /** 1 .. 4294967295 */
  readonly seq: number;
  readonly at: EpochMs;
  readonly kind: EventKind;
  readonly detail: number;
  /** `started/migrated` */
  readonly name: string;
  readonly severity: Severity;
  /** lveDomIndex, or 0. */
  readonly domainIndex: number;
  /** Name of the domain, pool or network at the time of the event; empty if there is none. */
  readonly subjectName: string;
  /** UUID of the same, or empty. */
  readonly subjectUuid: string;
  readonly text: string;
  readonly notified: boolean;
}

/** The event log as one immutable view. */
export interface EventLogView {
  readonly maxEntries: number;
  /** 0 is no limit. */
  readonly maxAgeSec: number;
  readonly persistent: boolean;
  /** Events logged since the agent started. */
  readonly logged: number;
  /** Number of the newest entry; 0 if there is none. */
  readonly newestSeq: number;
  /** Oldest first. */
  readonly entries: readonly LoggedEvent[];
}
