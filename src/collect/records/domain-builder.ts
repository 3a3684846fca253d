import { osTypeOf } from '../../definition/os-type.ts';
import { operStateOf } from '../../domain-state/oper-state.ts';
import { type SeverityOverrides, severityOf } from '../../domain-state/severity.ts';
import { stateText } from '../../domain-state/state-text.ts';
import type { Disk, DiskFacts } from '../../model/disk.ts';
import type { Domain, DomainFacts, DomainMemory } from '../../model/domain.ts';
import type { Guest } from '../../model/guest.ts';
import type { Nic } from '../../model/nic.ts';
import type { Count } from '../../model/scalar-types.ts';
import type { PerfEvent } from '../../model/stat.ts';
import type { Iothread, Vcpu } from '../../model/vcpu.ts';
import { kibToBytes } from '../decode/arithmetic.ts';
import { noGuestFacts } from '../decode/guest-info.ts';
import { perfEvents } from '../decode/perf-events.ts';
import type { BlockSample } from '../decode/samples/block-sample.ts';
import type { MonitorSample } from '../decode/samples/monitor-sample.ts';
import type { NetSample } from '../decode/samples/net-sample.ts';
import { definedDisk, definedNic, reportedDisk } from './device-facts.ts';
import type { DefinedDevices, DomainRecord } from './domain-record.ts';
import { CpuRow } from './rows/cpu-row.ts';
import { DiskRow } from './rows/disk-row.ts';
import { MemoryRow } from './rows/memory-row.ts';
import { NicRow } from './rows/nic-row.ts';
import { VcpuRow } from './rows/vcpu-row.ts';

/** What building rows needs besides the record itself. */
export interface BuildContext {
  readonly severities: SeverityOverrides;
  /** lveEventSeq of the domain's latest event; 0 if there is none. */
  lastEventSeq(uuid: string): number;
  diskIndex(uuid: string, target: string): number;
  nicIndex(uuid: string, mac: string): number;
  perfEventNumber(name: string): number;
  /** Unit of the memory sizes in VM-MIB, fixed for the life of the row: 1024 or 1048576 octets. */
  memoryUnit(uuid: string, sizeBytes: Count | undefined): number;
  /** The same of a disk's sizes. */
  diskUnit(uuid: string, target: string, sizeBytes: Count | undefined): number;
}

/** The immutable row of a domain; the previous one where nothing was touched since. */
export function buildDomain(record: DomainRecord, context: BuildContext): Domain {
  const lastEventSeq = context.lastEventSeq(record.uuid);
  if (record.facts?.lastEventSeq !== lastEventSeq) record.touch();
  record.facts ??= factsOf(record, context, lastEventSeq);
  record.built ??= domainRow(record, record.facts, context);
  return record.built;
}

const none: readonly never[] = [];

const noDevices = { disks: none, nics: none } as const;

function factsOf(record: DomainRecord, context: BuildContext, lastEventSeq: number): DomainFacts {
  const { state, reason, runtime, managedSave } = record;
  const present = record.goneAt === undefined;
  const active = present && record.active;
  const { operState, adminState } = operStateOf({
    state,
    reason,
    managedSave,
    jobOperation: runtime.backgroundJob?.operation,
  });
  return {
    uuid: record.uuid,
    name: record.name,
    presence: present ? 'present' : 'gone',
    goneAt: record.goneAt,
    id: active && record.id >= 0 ? record.id : undefined,
    active,
    persistent: record.persistent,
    autostart: present ? record.autostart : undefined,
    state,
    reason,
    stateText: stateText(state, reason),
    severity: severityOf(state, reason, runtime.control?.state, context.severities),
    stateSince: record.stateSince,
    stateChanges: record.stateChanges,
    operState,
    adminState,
    osType: osTypeOf(record.definition?.spec, active ? runtime.guest : undefined),
    startedAt: active ? record.startedAt : undefined,
    startSource: active ? record.startSource : undefined,
    discontinuityAt: record.discontinuityAt,
    statsStatus: present ? record.statsStatus : 'inactive',
    control: active ? runtime.control : undefined,
    managedSave: present ? managedSave : undefined,
    snapshots: present ? record.snapshots : undefined,
    oldestSnapshotAt: present ? record.oldestSnapshotAt : undefined,
    checkpoints: present ? record.checkpoints : undefined,
    messages: present ? record.messages : undefined,
    lastEventSeq,
  };
}

/**
 * One literal for all rows, so that they share one shape: rows put together from parts cost ten times as
 * much. A domain that ceased to exist keeps who it was and its state, nothing that would need it to exist.
 */
function domainRow(record: DomainRecord, facts: DomainFacts, context: BuildContext): Domain {
  const { runtime, definition } = record;
  const { active } = facts;
  const present = facts.presence === 'present';
  const sample = present ? runtime.sample : undefined;
  const monitor = sample?.monitor;
  return {
    index: record.index,
    facts,
    statsAt: present ? record.statsAt : undefined,
    spec: definition?.spec,
    nova: present ? definition?.nova : undefined,
    labels: present && definition !== undefined ? definition.labels : none,
    xmlChunks: present && definition !== undefined ? definition.xmlChunks : none,
    cpu: present ? new CpuRow(record, monitor) : undefined,
    memory: present ? memoryOf(record, monitor, context) : undefined,
    vcpus: active && monitor !== undefined ? vcpusOf(record, monitor) : none,
    iothreads: active && monitor !== undefined ? iothreadsOf(record, monitor) : none,
    disks: present ? disksOf(record, monitor, context) : none,
    diskErrors: present ? runtime.diskErrors : none,
    ioTunes: present ? record.ioTunes : none,
    blockJobs: present ? runtime.blockJobs : none,
    nics: present ? nicsOf(record, sample?.nets ?? none, context) : none,
    guest: present ? guestOf(record) : undefined,
    fileSystems: present ? runtime.fileSystems : none,
    jobs: present ? jobsOf(record) : none,
    perf: active ? perfOf(record, context) : none,
    stats: sample?.others ?? none,
  };
}

function jobsOf(record: DomainRecord): Domain['jobs'] {
  const { backgroundJob } = record.runtime;
  const { completedJob } = record;
  if (backgroundJob === undefined) return completedJob === undefined ? none : [completedJob];
  return completedJob === undefined ? [backgroundJob] : [backgroundJob, completedJob];
}

function memoryOf(
  record: DomainRecord,
  monitor: MonitorSample | undefined,
  context: BuildContext,
): DomainMemory | undefined {
  if (monitor === undefined) return undefined;
  const unit = context.memoryUnit(record.uuid, kibToBytes(monitor.balloonMaximumKib));
  return new MemoryRow(monitor, record.active, unit);
}

function vcpusOf({ runtime }: DomainRecord, monitor: MonitorSample): readonly Vcpu[] {
  return monitor.vcpus.map((vcpu) => new VcpuRow(vcpu, runtime));
}

function iothreadsOf(record: DomainRecord, monitor: MonitorSample): readonly Iothread[] {
  if (monitor.iothreads.length === 0) return none;
  const pins = record.runtime.pins?.iothreads;
  return monitor.iothreads
    .map((thread) => ({
      id: thread.id,
      pollMaxNs: thread.pollMaxNs,
      pollGrow: thread.pollGrow,
      pollShrink: thread.pollShrink,
      pollWeight: thread.pollWeight,
      pin: pins?.get(thread.id),
    }))
    .sort((a, b) => a.id - b.id);
}

/** The devices of the definition, ascending by number; worked out anew only for another definition. */
function devicesOf(record: DomainRecord, context: BuildContext): Omit<DefinedDevices, 'definition'> {
  const { definition, uuid } = record;
  if (definition === undefined) return noDevices;
  if (record.devices?.definition === definition) return record.devices;
  const disks = new Map<string, DiskFacts>();
  for (const disk of definition.disks) {
    disks.set(disk.target, definedDisk(context.diskIndex(uuid, disk.target), disk));
  }
  record.devices = {
    definition,
    disks: [...disks.values()].sort(byIndex),
    nics: definition.nics.map((nic) => definedNic(context.nicIndex(uuid, nic.mac), nic)).sort(byIndex),
  };
  return record.devices;
}

/** Disks are known by target, from the definition or, where that names none, from the statistics. */
function disksOf(
  record: DomainRecord,
  monitor: MonitorSample | undefined,
  context: BuildContext,
): readonly Disk[] {
  const { uuid, active } = record;
  const blocks = monitor?.blocks ?? none;
  const defined = devicesOf(record, context).disks;
  const disks = defined.length > 0 ? defined : reportedDisks(uuid, blocks, context);
  return disks.map((facts) => {
    // With the flag BACKING the layers follow their disk under the same name: the first is the disk itself.
    const block = blocks.find(({ name }) => name === facts.target);
    const unit = context.diskUnit(uuid, facts.target, block?.capacityBytes);
    return new DiskRow(facts, block, active, unit);
  });
}

function reportedDisks(
  uuid: string,
  blocks: readonly BlockSample[],
  context: BuildContext,
): readonly DiskFacts[] {
  const targets = new Set<string>();
  for (const { name } of blocks) if (name !== undefined) targets.add(name);
  return [...targets].map((target) => reportedDisk(context.diskIndex(uuid, target), target)).sort(byIndex);
}

function nicsOf(record: DomainRecord, nets: readonly NetSample[], context: BuildContext): readonly Nic[] {
  return devicesOf(record, context).nics.map((nic) => {
    const { target } = nic;
    const live = record.active && target !== undefined;
    return new NicRow(nic, live ? nets.find(({ name }) => name === target) : undefined, record);
  });
}

function byIndex(a: { readonly index: number }, b: { readonly index: number }): number {
  return a.index - b.index;
}

/** The same objects for all domains and refreshes: what is the same object is not read again. */
const unaskedGuests = {
  connected: { agentState: 'connected', ...noGuestFacts },
  disconnected: { agentState: 'disconnected', ...noGuestFacts },
  unknown: { agentState: 'unknown', ...noGuestFacts },
} as const satisfies Record<string, Guest>;

/** A guest row exists for an active domain with an agent channel, also before the agent was asked. */
function guestOf(record: DomainRecord): Domain['guest'] {
  if (!record.active) return undefined;
  if (record.runtime.guest !== undefined) return record.runtime.guest;
  const agentState = record.definition?.agentChannel;
  return agentState === undefined ? undefined : unaskedGuests[agentState];
}

function perfOf(record: DomainRecord, context: BuildContext): readonly PerfEvent[] {
  const samples = record.active ? (record.runtime.sample?.perf ?? none) : none;
  return samples.length === 0 ? none : perfEvents(samples, (name) => context.perfEventNumber(name));
}
