import type { controlStates, domainStates } from '../libvirt-enums/domain-state.ts';
import type { BlockJob, Disk, DiskError, IoTune } from './disk.ts';
import type { DomainCpu, DomainMemory } from './domain-figures.ts';
import type { FileSystem, Guest } from './guest.ts';
import type { Iothread } from './iothread.ts';
import type { Job } from './job.ts';
import type { Nic } from './nic.ts';
import type { Count, EpochMs, Severity } from './scalar-types.ts';
import type { PerfEvent, Stat } from './stat.ts';
import type { Vcpu } from './vcpu.ts';

/** virDomainState by name (LveDomainState). */
export type DomainState = (typeof domainStates)[number] | 'other';

/** VirtualMachineOperState of VM-MIB (RFC 7666). */
export type VmOperState =
  | 'unknown'
  | 'other'
  | 'preparing'
  | 'running'
  | 'suspending'
  | 'suspended'
  | 'resuming'
  | 'paused'
  | 'migrating'
  | 'shuttingdown'
  | 'shutdown'
  | 'crashed';

/** VirtualMachineAdminState of VM-MIB (RFC 7666). */
export type VmAdminState = 'running' | 'suspended' | 'paused' | 'shutdown';

/** How complete and how fresh the statistics of a domain are (lveDomStatsStatus). */
export type StatsStatus = 'ok' | 'partial' | 'blocked' | 'stale' | 'inactive';

/** virDomainGetControlInfo: state of the hypervisor's control interface. */
export interface ControlInfo {
  readonly state: (typeof controlStates)[number];
  /** Milliseconds in that state when it was read; only for job and occupied. */
  readonly stateTimeMs: number | undefined;
}

/** What of a domain is no figure: the same object while none of it changes. */
export interface DomainFacts {
  /** Lower-case text form, 36 characters. */
  readonly uuid: string;
  readonly name: string;
  readonly presence: 'present' | 'gone';
  /** When the domain ceased to exist on this host; only for a gone domain. */
  readonly goneAt: EpochMs | undefined;
  /** libvirt's id of an active domain. */
  readonly id: number | undefined;
  readonly active: boolean;
  readonly persistent: boolean;
  readonly autostart: boolean | undefined;
  /** False as long as libvirt has never told the state: `state` and what follows from it then say nothing. */
  readonly stateKnown: boolean;
  readonly state: DomainState;
  /** Number of the reason; its meaning depends on `state`. */
  readonly reason: number;
  /** State and reason in words: `paused (I/O error)`. */
  readonly stateText: string;
  readonly severity: Severity;
  readonly stateSince: EpochMs;
  /** Changes of `state` seen by the agent. */
  readonly stateChanges: number;
  readonly operState: VmOperState;
  readonly adminState: VmAdminState;
  /** vmOSType (RFC 7666). */
  readonly osType: string | undefined;
  readonly startedAt: EpochMs | undefined;
  /** Start of the first run since the domain was shut down; undefined while it is. */
  readonly upSince: EpochMs | undefined;
  readonly startSource: 'unknown' | 'event' | 'process' | 'firstSeen' | undefined;
  /** Last discontinuity of the domain's counters; undefined if none since the agent started. */
  readonly discontinuityAt: EpochMs | undefined;
  readonly statsStatus: StatsStatus;
  readonly control: ControlInfo | undefined;
  readonly managedSave: boolean | undefined;
  readonly snapshots: number | undefined;
  readonly oldestSnapshotAt: EpochMs | undefined;
  readonly checkpoints: number | undefined;
  /** virDomainGetMessages: tainting and deprecation. */
  readonly messages: readonly string[] | undefined;
  /** lveEventSeq of the latest event of the domain; 0 if the log has none. */
  readonly lastEventSeq: number;
}

/** One domain. Rows of one domain are found by `index`, which equals vmIndex and is persistent. */
export interface Domain {
  readonly index: number;
  readonly facts: DomainFacts;
  /** When the statistics were taken. */
  readonly statsAt: EpochMs | undefined;
  /** From the definition (XML); undefined while it has not been read. */
  readonly spec: DomainSpec | undefined;
  readonly nova: NovaMetadata | undefined;
  readonly labels: readonly Label[];
  /** The definition in pieces of at most 1024 octets; empty unless the selector xml is set. */
  readonly xmlChunks: readonly XmlChunk[];
  readonly cpu: DomainCpu | undefined;
  readonly memory: DomainMemory | undefined;
  readonly vcpus: readonly Vcpu[];
  readonly iothreads: readonly Iothread[];
  readonly disks: readonly Disk[];
  readonly diskErrors: readonly DiskError[];
  readonly ioTunes: readonly IoTune[];
  readonly blockJobs: readonly BlockJob[];
  readonly nics: readonly Nic[];
  readonly guest: Guest | undefined;
  readonly fileSystems: readonly FileSystem[];
  readonly jobs: readonly Job[];
  readonly perf: readonly PerfEvent[];
  readonly stats: readonly Stat[];
}

/** What the definition says about the machine (lveSpecTable, vmOSType). */
export interface DomainSpec {
  readonly title: string | undefined;
  readonly description: string | undefined;
  readonly virtType: string | undefined;
  /** os/type: hvm, linux, exe. */
  readonly osType: string | undefined;
  readonly arch: string | undefined;
  readonly machine: string | undefined;
  readonly emulator: string | undefined;
  readonly firmware: string | undefined;
  readonly cpuMode: string | undefined;
  readonly cpuModel: string | undefined;
  readonly cpuSockets: number | undefined;
  readonly cpuCores: number | undefined;
  readonly cpuThreads: number | undefined;
  readonly numaCells: number | undefined;
  readonly hugePageBytes: Count | undefined;
  /** libosinfo id. */
  readonly osInfo: string | undefined;
  readonly graphics: string | undefined;
  readonly hostDevices: number | undefined;
  readonly hostDeviceText: string | undefined;
  /** SHA-256 in hexadecimal of the inactive definition (of the active one for a transient domain). */
  readonly hash: string | undefined;
  readonly lastChangeAt: EpochMs | undefined;
  readonly pendingChange: boolean | undefined;
}

/** OpenStack Nova's metadata element (namespaces nova/1.0 and nova/1.1). */
export interface NovaMetadata {
  readonly instanceName: string | undefined;
  readonly flavor: string | undefined;
  readonly projectName: string | undefined;
  readonly projectId: string | undefined;
  readonly userName: string | undefined;
  readonly userId: string | undefined;
  readonly imageId: string | undefined;
  readonly rootType: string | undefined;
  readonly creationAt: EpochMs | undefined;
  readonly package: string | undefined;
  readonly flavorVcpus: number | undefined;
  readonly flavorMemoryBytes: Count | undefined;
}

/** A label a configured rule took from the definition (lveLabelTable). */
export interface Label {
  readonly name: string;
  readonly value: string;
}

/** One piece of the definition; `number` starts at 1. */
export interface XmlChunk {
  readonly number: number;
  readonly octets: Uint8Array;
}
