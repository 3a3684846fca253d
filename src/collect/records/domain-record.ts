import type { DiskDefinition } from '../../definition/disk-definition.ts';
import type { DomainRef } from '../../libvirt/protocol.ts';
import type { BlockJob, DiskError, DiskFacts, IoTune } from '../../model/disk.ts';
import type {
  ControlInfo,
  Domain,
  DomainFacts,
  DomainSpec,
  DomainState,
  Label,
  NovaMetadata,
  StatsStatus,
  XmlChunk,
} from '../../model/domain.ts';
import type { CpuSettings } from '../../model/domain-figures.ts';
import type { FileSystem, Guest } from '../../model/guest.ts';
import type { Job } from '../../model/job.ts';
import type { NicAddresses, NicFacts, NicLimits, NicLinks } from '../../model/nic.ts';
import type { EpochMs } from '../../model/scalar-types.ts';
import type { VcpuPin } from '../../model/vcpu.ts';
import type { SchedulerFacts } from '../decode/io-tune.ts';
import type { StatsSample } from '../decode/stats-sample.ts';
import type { IdentifiedNic } from './device-facts.ts';

/** What the definition says, as far as rows need it. */
export interface DefinitionFacts {
  readonly spec: DomainSpec;
  readonly disks: readonly DiskDefinition[];
  readonly nics: readonly IdentifiedNic[];
  readonly nova: NovaMetadata | undefined;
  readonly labels: readonly Label[];
  readonly xmlChunks: readonly XmlChunk[];
  /** State attribute of the guest agent's channel; undefined without such a channel. */
  readonly agentChannel: 'connected' | 'disconnected' | 'unknown' | undefined;
}

/** A disk with its number. */
export interface KnownDisk {
  facts: DiskFacts;
  /** Whether its source is that of the statistics, because the definition has none. */
  readonly sourceReported: boolean;
  /** From this size in bytes on, another unit is needed; 0 while no size is known. */
  unitLimit: number;
}

/** The devices of a definition with their numbers, ascending. */
export interface KnownDevices {
  /** Undefined where only the statistics name them. */
  readonly definition: DefinitionFacts | undefined;
  readonly disks: readonly KnownDisk[];
  readonly nics: readonly NicFacts[];
}

/** Pinning of one active domain (virDomainGetVcpuPinInfo, IOThreadInfo). */
export interface PinFacts {
  /** By vCPU number. */
  readonly vcpus: ReadonlyMap<number, VcpuPin> | undefined;
  /** By IOThread id. */
  readonly iothreads: ReadonlyMap<number, string> | undefined;
}

/** Groups of virDomainStatsTypes that a domain had nothing in when it was last asked for them. */
export interface IdleGroups {
  readonly groups: number;
  /** Monotonic milliseconds of that reading. */
  readonly atMs: number;
}

/**
 * What only an active domain has. It is dropped as a whole when the domain stops or starts anew, so that no
 * figure of an earlier run survives into the next.
 */
export interface RuntimeFacts {
  /** The last reading; its monitor half may be older than the reading itself, and has the rates. */
  sample: StatsSample | undefined;
  /** Groups of statistics that the domain had nothing in. */
  idleGroups: IdleGroups | undefined;
  control: ControlInfo | undefined;
  pins: PinFacts | undefined;
  /** Host CPU by vCPU number (virDomainGetVcpus). */
  hostCpus: ReadonlyMap<number, number> | undefined;
  diskErrors: readonly DiskError[];
  blockJobs: readonly BlockJob[];
  backgroundJob: Job | undefined;
  guest: Guest | undefined;
  fileSystems: readonly FileSystem[];
  /** By key of the interface. */
  nicAddresses: ReadonlyMap<string, NicAddresses> | undefined;
  /** By key of the interface. */
  nicLinks: ReadonlyMap<string, NicLinks> | undefined;
  /** When the counters of a device began anew, by the target of a disk or the host device of an interface. */
  resets: ReadonlyMap<string, EpochMs>;
}

/**
 * The working record of one domain: every collector writes what it learns here and calls {@link touch},
 * or {@link touchFigures} for figures;
 * `domain-builder.ts` turns it into the immutable row when a snapshot is published.
 */
export class DomainRecord {
  readonly uuid: string;
  readonly index: number;
  name: string;
  /** libvirt's id, -1 while inactive. */
  id: number;
  active = false;
  persistent = false;
  autostart: boolean | undefined;
  managedSave: boolean | undefined;
  goneAt: EpochMs | undefined;

  /** False until libvirt was asked for the first time: the first state is no change of state. */
  stateKnown = false;
  state: DomainState = 'nostate';
  reason = 0;
  stateSince: EpochMs;
  stateChanges = 0;
  startedAt: EpochMs | undefined;
  /** Start of the first run since the domain was shut down (vmUpTime); runs from a saved image go on with it. */
  upSince: EpochMs | undefined;
  startSource: DomainFacts['startSource'];
  /** The process of the run (HypervisorProcess.run), where it can be seen. */
  process: string | undefined;
  discontinuityAt: EpochMs | undefined;
  statsStatus: StatsStatus = 'stale';
  statsAt: EpochMs | undefined;

  definition: DefinitionFacts | undefined;
  runtime: RuntimeFacts = emptyRuntime();

  // Facts that outlive a run of the domain.
  completedJob: Job | undefined;
  snapshots: number | undefined;
  oldestSnapshotAt: EpochMs | undefined;
  checkpoints: number | undefined;
  messages: readonly string[] | undefined;
  scheduler: SchedulerFacts | undefined;
  /** Host CPUs the emulator may run on (virDomainGetEmulatorPinInfo). */
  emulatorPin: string | undefined;
  ioTunes: readonly IoTune[] = [];
  /** By key of the interface. */
  nicLimits: ReadonlyMap<string, NicLimits> | undefined;

  /** vmMemUnit, in bytes. */
  memoryUnit: number | undefined;
  /** From this memory in bytes on, another unit is needed; 0 while no size is known. */
  memoryUnitLimit = 0;
  /** Of the definition last built from. */
  devices: KnownDevices | undefined;
  /** What is set of its CPUs, as last shown. */
  cpuSettings: CpuSettings | undefined;
  /** Of the row last built; reused while nothing but figures was touched. */
  facts: DomainFacts | undefined;
  /** The row last built; reused while nothing was touched. */
  built: Domain | undefined;
  #ref: DomainRef | undefined;

  constructor(uuid: string, index: number, name: string, now: EpochMs) {
    this.uuid = uuid;
    this.index = index;
    this.name = name;
    this.id = -1;
    this.stateSince = now;
  }

  /** How libvirt's calls name the domain; the daemon looks it up by UUID alone. */
  get ref(): DomainRef {
    const { name, uuid, id } = this;
    if (this.#ref?.name !== name || this.#ref.id !== id) this.#ref = { name, uuid, id };
    return this.#ref;
  }

  /** Marks the row as changed. */
  touch(): void {
    this.facts = undefined;
    this.built = undefined;
  }

  /** Marks the row as changed in figures and the moment they were taken, and in nothing else. */
  touchFigures(): void {
    this.built = undefined;
  }

  /** The counters of a disk, by target, or of an interface, by host device, began anew. */
  noteReset(device: string, at: EpochMs): void {
    this.runtime.resets = new Map([...this.runtime.resets, [device, at]]);
    // Its facts tell it.
    this.devices = undefined;
    this.touchFigures();
  }

  /** Forgets what belongs to a run of the domain. */
  resetRuntime(): void {
    this.runtime = emptyRuntime();
    this.touch();
  }
}

const noResets: ReadonlyMap<string, EpochMs> = new Map();

function emptyRuntime(): RuntimeFacts {
  return {
    sample: undefined,
    idleGroups: undefined,
    control: undefined,
    pins: undefined,
    hostCpus: undefined,
    diskErrors: [],
    blockJobs: [],
    backgroundJob: undefined,
    guest: undefined,
    fileSystems: [],
    nicAddresses: undefined,
    nicLinks: undefined,
    resets: noResets,
  };
}
