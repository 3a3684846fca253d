import type { DiskDefinition } from '../../definition/disk-definition.ts';
import { osTypeOf } from '../../definition/os-type.ts';
import { operStateOf } from '../../domain-state/oper-state.ts';
import { type SeverityOverrides, severityOf } from '../../domain-state/severity.ts';
import { stateText } from '../../domain-state/state-text.ts';
import { kibToBytes } from '../../model/arithmetic.ts';
import { type Disk, diskRow } from '../../model/disk.ts';
import type { Domain, DomainFacts } from '../../model/domain.ts';
import {
  type CpuSettings,
  cpuRow,
  type DomainCpu,
  type DomainMemory,
  memoryRow,
} from '../../model/domain-figures.ts';
import type { Guest } from '../../model/guest.ts';
import { type Iothread, iothreadRow } from '../../model/iothread.ts';
import { type Nic, type NicFacts, type NicLinks, nicRow } from '../../model/nic.ts';
import type { Count } from '../../model/scalar-types.ts';
import type { PerfEvent } from '../../model/stat.ts';
import { type Vcpu, vcpuRow } from '../../model/vcpu.ts';
import { type Figures, noFigures } from '../decode/figures.ts';
import { noGuestFacts } from '../decode/guest-info.ts';
import type { MonitorSample } from '../decode/monitor-sample.ts';
import { perfEvents } from '../decode/perf-events.ts';
import type { RowReader } from '../decode/row-reader.ts';
import { domainFields, domainRows, entryFields, entryRows } from '../decode/stat-fields.ts';
import type { StatsSample } from '../decode/stats-sample.ts';
import { definedDisk, definedNic, reportedDisk } from './device-facts.ts';
import type { DefinitionFacts, DomainRecord, KnownDevices, KnownDisk } from './domain-record.ts';
import { type RowUnits, unitLimit } from './row-units.ts';

/** What building rows needs besides the record itself. */
export interface BuildContext {
  readonly severities: SeverityOverrides;
  readonly reader: RowReader;
  /** lveEventSeq of the domain's latest event; 0 if there is none. */
  lastEventSeq(uuid: string): number;
  diskIndex(uuid: string, target: string): number;
  /** The name of the storage pool that has the image of a disk. */
  poolOf(disk: DiskDefinition): string | undefined;
  nicIndex(uuid: string, key: string): number;
  perfEventNumber(name: string): number;
  readonly units: Pick<RowUnits, 'memory' | 'disk'>;
}

/** The immutable row of a domain; the previous one where nothing was touched since. */
export function buildDomain(record: DomainRecord, context: BuildContext): Domain {
  const lastEventSeq = context.lastEventSeq(record.uuid);
  if (record.facts?.lastEventSeq !== lastEventSeq) record.touch();
  if (record.built === undefined) chooseMemoryUnit(record, context);
  record.facts ??= factsOf(record, context, lastEventSeq);
  record.built ??= domainRow(record, record.facts, context);
  return record.built;
}

const none: readonly never[] = [];

const memorySizes = [domainFields.slot('balloon.maximum'), domainFields.slot('balloon.current')];
const diskSizes = [entryFields.block.slot('capacity'), entryFields.block.slot('physical')];
const diskPath = entryFields.block.slot('path');

const noSettings: CpuSettings = {
  shares: undefined,
  quotaUs: undefined,
  periodUs: undefined,
  emulatorPin: undefined,
};

const noDevices: KnownDevices = { definition: undefined, disks: none, nics: none };

function factsOf(record: DomainRecord, context: BuildContext, lastEventSeq: number): DomainFacts {
  const { stateKnown, state, reason, runtime, managedSave } = record;
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
    stateKnown,
    state,
    reason,
    stateText: stateText(state, reason),
    severity: severityOf(state, reason, runtime.control?.state, context.severities),
    stateSince: record.stateSince,
    stateChanges: record.stateChanges,
    operState: stateKnown ? operState : 'unknown',
    adminState,
    osType: osTypeOf(record.definition?.spec, active ? runtime.guest : undefined),
    startedAt: active ? record.startedAt : undefined,
    upSince: active || (present && adminState === 'suspended') ? record.upSince : undefined,
    startSource: active ? record.startSource : undefined,
    discontinuityAt: record.discontinuityAt,
    statsStatus: present ? record.statsStatus : 'inactive',
    control: active && context.reader.shows('control') ? runtime.control : undefined,
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
  const devices = present ? devicesOf(record, monitor, context) : noDevices;
  return {
    index: record.index,
    facts,
    statsAt: present ? record.statsAt : undefined,
    spec: definition?.spec,
    nova: present ? definition?.nova : undefined,
    labels: present && definition !== undefined ? definition.labels : none,
    xmlChunks: present && definition !== undefined ? definition.xmlChunks : none,
    cpu: present ? cpuOf(record, monitor, context) : undefined,
    memory: present ? memoryOf(record, monitor, context) : undefined,
    vcpus: active && monitor !== undefined ? vcpusOf(record, monitor, context) : none,
    iothreads: active && monitor !== undefined ? iothreadsOf(record, monitor, context) : none,
    disks: disksOf(record, monitor, devices.disks, context),
    diskErrors: present ? runtime.diskErrors : none,
    ioTunes: present ? record.ioTunes : none,
    blockJobs: present ? runtime.blockJobs : none,
    nics: nicsOf(record, sample, devices.nics, context),
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

function cpuOf(
  record: DomainRecord,
  monitor: MonitorSample | undefined,
  { reader }: BuildContext,
): DomainCpu {
  const figures = monitor?.figures ?? noFigures;
  const slot = (monitor?.base ?? 0) + domainRows.cpu;
  return cpuRow(reader.at(figures, slot, record.active), cpuSettingsOf(record));
}

/** The same object as before where nothing is set otherwise. */
function cpuSettingsOf(record: DomainRecord): CpuSettings {
  const { scheduler, emulatorPin, cpuSettings: before } = record;
  if (
    before === undefined ||
    before.shares !== scheduler?.shares ||
    before.quotaUs !== scheduler?.quotaUs ||
    before.periodUs !== scheduler?.periodUs ||
    before.emulatorPin !== emulatorPin
  ) {
    record.cpuSettings = {
      shares: scheduler?.shares,
      quotaUs: scheduler?.quotaUs,
      periodUs: scheduler?.periodUs,
      emulatorPin,
    };
  }
  return record.cpuSettings ?? noSettings;
}

function memoryOf(
  { uuid, active, memoryUnit }: DomainRecord,
  monitor: MonitorSample | undefined,
  context: BuildContext,
): DomainMemory | undefined {
  if (monitor === undefined) return undefined;
  const unit = memoryUnit ?? context.units.memory(uuid, undefined, 0).unit;
  return memoryRow(context.reader.at(monitor.figures, monitor.base + domainRows.memory, active), unit);
}

/** A change of the unit is a discontinuity of the domain. */
function chooseMemoryUnit(record: DomainRecord, { units }: BuildContext): void {
  const monitor = record.runtime.sample?.monitor;
  if (monitor === undefined) return;
  if (!monitor.figures.anyAtLeast(record.memoryUnitLimit / 1024, memorySizes, monitor.base)) return;
  const size = kibToBytes(largestOf(monitor.figures, monitor.base, memorySizes));
  if (size === undefined) return;
  const { unit, outgrown } = units.memory(record.uuid, size, monitor.at);
  record.memoryUnit = unit;
  record.memoryUnitLimit = unitLimit(unit);
  if (!outgrown) return;
  record.discontinuityAt = monitor.at;
  record.facts = undefined;
}

/** The largest of some figures; undefined if none is known. */
function largestOf(figures: Figures, first: number, slots: readonly number[]): Count | undefined {
  let largest: Count | undefined;
  for (const slot of slots) {
    const value = figures.count(first + slot);
    if (value !== undefined && (largest === undefined || value > largest)) largest = value;
  }
  return largest;
}

function vcpusOf(
  { runtime: { hostCpus, pins } }: DomainRecord,
  { figures, base, layout }: MonitorSample,
  { reader }: BuildContext,
): readonly Vcpu[] {
  return layout.vcpus.map(({ number, at }) => {
    const read = reader.at(figures, base + at + entryRows.vcpu, true);
    return vcpuRow(read, number, hostCpus?.get(number), pins?.vcpus?.get(number));
  });
}

function iothreadsOf(
  { runtime: { pins } }: DomainRecord,
  { figures, base, layout }: MonitorSample,
  { reader }: BuildContext,
): readonly Iothread[] {
  if (layout.iothreads.length === 0) return none;
  return layout.iothreads
    .map(({ number, at }) =>
      iothreadRow(
        reader.at(figures, base + at + entryRows.iothread, true),
        number,
        pins?.iothreads?.get(number),
      ),
    )
    .sort((a, b) => a.id - b.id);
}

/**
 * The devices, ascending by number: those of the definition or, where that names no disk, the disks that the statistics
 * name. Worked out anew only for another definition.
 */
function devicesOf(
  record: DomainRecord,
  monitor: MonitorSample | undefined,
  context: BuildContext,
): KnownDevices {
  const { definition, uuid } = record;
  if (definition === undefined || definition.disks.length === 0) {
    const nics = definition === undefined ? none : nicsOfDefinition(record, definition, context);
    const disks = reportedDisks(record, monitor, context);
    return disks.length === 0 && nics.length === 0 ? noDevices : { definition, disks, nics };
  }
  if (record.devices?.definition === definition) return record.devices;
  const disks = new Map<string, KnownDisk>();
  for (const disk of definition.disks) {
    const { target } = disk;
    const facts = definedDisk(
      context.diskIndex(uuid, target),
      disk,
      context.poolOf(disk),
      context.units.disk(uuid, target, undefined).unit,
      record.runtime.resets.get(target),
    );
    disks.set(target, { facts, sourceReported: facts.source === undefined, unitLimit: 0 });
  }
  record.devices = {
    definition,
    disks: [...disks.values()].sort((a, b) => byIndex(a.facts, b.facts)),
    nics: nicsOfDefinition(record, definition, context),
  };
  return record.devices;
}

function nicsOfDefinition(
  { uuid, runtime }: DomainRecord,
  definition: DefinitionFacts,
  context: BuildContext,
): readonly NicFacts[] {
  return definition.nics
    .map((nic) => definedNic(context.nicIndex(uuid, nic.key), nic, runtime.resets.get(nic.target ?? '')))
    .sort(byIndex);
}

function reportedDisks(
  { uuid, runtime }: DomainRecord,
  monitor: MonitorSample | undefined,
  context: BuildContext,
): readonly KnownDisk[] {
  const targets = new Set<string>();
  for (const block of monitor?.layout.blocks ?? none) {
    const name = monitor?.blockName(block);
    if (name !== undefined) targets.add(name);
  }
  return [...targets]
    .map((target) => {
      const { unit } = context.units.disk(uuid, target, undefined);
      return reportedDisk(context.diskIndex(uuid, target), target, unit, runtime.resets.get(target));
    })
    .sort(byIndex)
    .map((facts) => ({ facts, sourceReported: true, unitLimit: 0 }));
}

function disksOf(
  record: DomainRecord,
  monitor: MonitorSample | undefined,
  disks: readonly KnownDisk[],
  context: BuildContext,
): readonly Disk[] {
  const { active } = record;
  const { reader } = context;
  if (disks.length === 0) return none;
  return disks.map((disk) => {
    const block = monitor?.block(disk.facts.target);
    if (monitor === undefined || block === undefined) {
      return diskRow(reader.at(noFigures, 0, active), disk.facts);
    }
    const first = monitor.base + block.at;
    takeReported(record, disk, monitor.figures, first, context);
    return diskRow(reader.at(monitor.figures, first + entryRows.block, active), disk.facts);
  });
}

/** Some facts are those of the statistics: the unit that its size needs, and a source that the definition lacks. */
function takeReported(
  { uuid, runtime }: DomainRecord,
  disk: KnownDisk,
  figures: Figures,
  first: number,
  context: BuildContext,
): void {
  const outgrows = figures.anyAtLeast(disk.unitLimit, diskSizes, first);
  const size = outgrows ? largestOf(figures, first, diskSizes) : undefined;
  if (size !== undefined) {
    const { target } = disk.facts;
    const { unit, outgrown } = context.units.disk(uuid, target, size);
    disk.unitLimit = unitLimit(unit);
    if (unit !== disk.facts.vmSizeUnit) {
      const discontinuityAt = outgrown ? figures.at : disk.facts.discontinuityAt;
      // Facts that are built anew tell it as well.
      if (outgrown) runtime.resets = new Map([...runtime.resets, [target, figures.at]]);
      disk.facts = { ...disk.facts, vmSizeUnit: unit, discontinuityAt };
    }
  }
  if (!disk.sourceReported) return;
  const source = figures.text(first + diskPath);
  if (source !== disk.facts.source) disk.facts = { ...disk.facts, source };
}

const noLinks: NicLinks = { ifIndex: 0, parentIfIndex: 0 };

function nicsOf(
  record: DomainRecord,
  sample: StatsSample | undefined,
  nics: readonly NicFacts[],
  { reader: one }: BuildContext,
): readonly Nic[] {
  const { active, runtime, nicLimits } = record;
  if (nics.length === 0) return none;
  return nics.map((facts) => {
    const { key, target } = facts;
    const net = active && target !== undefined ? sample?.net(target) : undefined;
    const reader =
      sample === undefined || net === undefined
        ? one.at(noFigures, 0, active)
        : one.at(sample.figures, sample.base + net.at + entryRows.net, active);
    const links = runtime.nicLinks?.get(key) ?? noLinks;
    return nicRow(reader, facts, links, nicLimits?.get(key), runtime.nicAddresses?.get(key));
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
  const channel = record.definition?.agentChannel;
  const { guest } = record.runtime;
  if (guest === undefined) return channel === undefined ? undefined : unaskedGuests[channel];
  // libvirt tells at once that nobody is at the other end of the channel, or somebody is again; the agent is asked rarely.
  const isOld = (channel === 'disconnected') !== (guest.agentState === 'disconnected');
  return isOld && channel !== undefined && channel !== 'unknown' ? { ...guest, agentState: channel } : guest;
}

function perfOf(record: DomainRecord, context: BuildContext): readonly PerfEvent[] {
  const samples = record.active ? (record.runtime.sample?.perf ?? none) : none;
  return samples.length === 0 ? none : perfEvents(samples, (name) => context.perfEventNumber(name));
}
