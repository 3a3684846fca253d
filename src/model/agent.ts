import type { EpochMs } from './scalar-types.ts';

/** The agent itself and its connection to libvirt (lveAgent scalars). */
export interface Agent {
  readonly version: string;
  readonly startedAt: EpochMs;
  readonly uri: string;
  readonly connState: ConnState;
  readonly connSince: EpochMs;
  readonly reconnects: number;
  /** Empty if there was none. */
  readonly connLastError: string;
  readonly readOnly: boolean;
  readonly libvirtVersion: string | undefined;
  readonly intervalSec: number;
  readonly refreshEndedAt: EpochMs | undefined;
  readonly refreshDurationMs: number | undefined;
  readonly refreshCount: number;
  readonly refreshErrors: number;
  readonly refreshOverruns: number;
  /** Selectors in effect, in the MIB's order. */
  readonly extraStats: string;
  readonly retentionSec: number;
  /** Last creation or deletion of a domain row; undefined if none since the agent started. */
  readonly domainsChangedAt: EpochMs | undefined;
  /** Last change of a definition or of a set of devices. */
  readonly configChangedAt: EpochMs | undefined;
}

export type ConnState =
  | 'connecting'
  | 'connected'
  | 'disconnected'
  | 'authenticationFailed'
  | 'notResponding';

/** The sources of data (lveCollectorTable). */
export const collectorIds = [
  'inventory',
  'domainStats',
  'jobStats',
  'diskErrors',
  'guestAgent',
  'nodeStats',
  'storagePools',
  'networks',
  'events',
  'pinning',
  'perf',
  'snapshots',
  'raw',
] as const;

export type CollectorId = (typeof collectorIds)[number];

/** State of one source of data. */
export interface CollectorStatus {
  readonly id: CollectorId;
  readonly enabled: boolean;
  readonly support: 'unknown' | 'supported' | 'partial' | 'unsupported';
  readonly intervalSec: number;
  readonly lastSuccessAt: EpochMs | undefined;
  readonly durationMs: number | undefined;
  readonly runs: number;
  readonly errors: number;
  readonly timeouts: number;
  /** Empty if there was none. Tells which: hypervisor, libvirt version or permission. */
  readonly lastError: string;
}

/** A condition an operator should know (lveWarningTable). */
export interface Warning {
  readonly index: number;
  readonly code:
    | 'other'
    | 'rdtConflict'
    | 'readOnlyConnection'
    | 'stateNotSaved'
    | 'eventsLost'
    | 'clockStep'
    | 'rootIsExperimental'
    | 'guestAgentMute'
    | 'definitionUnreadable'
    | 'limitReached';
  readonly text: string;
  readonly since: EpochMs;
}
