import type { DiskDefinition, NicDefinition } from '../../definition/domain-definition.ts';
import { operStateOf } from '../../events/oper-state.ts';
import { type SeverityOverrides, severityOf } from '../../events/severity.ts';
import { stateText } from '../../events/state-text.ts';
import type { Disk } from '../../model/disk.ts';
import type { Domain, DomainCpu, DomainMemory } from '../../model/domain.ts';
import type { Nic } from '../../model/nic.ts';
import type { PerfEvent } from '../../model/stat.ts';
import type { Iothread, Vcpu } from '../../model/vcpu.ts';
import { kibToBytes, nsToUs, percentOf, sumKnown } from '../decode/arithmetic.ts';
import { noGuestFacts } from '../decode/guest-info.ts';
import { perfEvents } from '../decode/perf-events.ts';
import type { BlockSample, MonitorSample, NetSample, VcpuSample } from '../decode/stats-sample.ts';
import type { DomainRecord } from './domain-record.ts';

/** What building rows needs besides the record itself. */
export interface BuildContext {
  readonly severities: SeverityOverrides;
  /** lveEventSeq of the domain's latest event; 0 if there is none. */
  lastEventSeq(uuid: string): number;
  diskIndex(uuid: string, target: string): number;
  nicIndex(uuid: string, mac: string): number;
  perfEventNumber(name: string): number;
  /** Unit of a size in VM-MIB, fixed for the life of the row: 1024 or 1048576 octets. */
  sizeUnit(uuid: string, entity: string, sizeBytes: number | bigint | undefined): number;
}

/** The immutable row of a domain; the previous one where nothing was touched since. */
export function buildDomain(record: DomainRecord, context: BuildContext): Domain {
  const lastEventSeq = context.lastEventSeq(record.uuid);
  const previous = record.built;
  if (previous !== undefined && previous.lastEventSeq === lastEventSeq) return previous;
  record.built = domainRow(record, context, lastEventSeq);
  return record.built;
}

const none: readonly never[] = [];

/**
 * One literal for all rows, so that they share one shape: rows put together from parts cost ten times as
 * much. A domain that ceased to exist keeps who it was and its state, nothing that would need it to exist.
 */
function domainRow(record: DomainRecord, context: BuildContext, lastEventSeq: number): Domain {
  const { state, reason, runtime, managedSave } = record;
  const present = record.goneAt === undefined;
  const active = present && record.active;
  const definition = record.definition;
  const sample = present ? runtime.sample : undefined;
  const monitor = sample?.monitor;
  const { operState, adminState } = operStateOf({
    state,
    reason,
    managedSave,
    jobOperation: runtime.backgroundJob?.operation,
  });
  return {
    index: record.index,
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
    startedAt: active ? record.startedAt : undefined,
    startSource: active ? record.startSource : undefined,
    discontinuityAt: record.discontinuityAt,
    statsStatus: present ? record.statsStatus : 'inactive',
    statsAt: present ? record.statsAt : undefined,
    control: active ? runtime.control : undefined,
    managedSave: present ? managedSave : undefined,
    snapshots: present ? record.snapshots : undefined,
    oldestSnapshotAt: present ? record.oldestSnapshotAt : undefined,
    checkpoints: present ? record.checkpoints : undefined,
    messages: present ? record.messages : undefined,
    lastEventSeq,
    spec: definition?.spec,
    nova: present ? definition?.nova : undefined,
    labels: present && definition !== undefined ? definition.labels : none,
    xmlChunks: present && definition !== undefined ? definition.xmlChunks : none,
    cpu: present ? cpuOf(record, monitor) : undefined,
    memory: present ? memoryOf(record, monitor, context) : undefined,
    vcpus: active && monitor !== undefined ? monitor.vcpus.map((vcpu) => vcpuRow(vcpu, record)) : none,
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

/** Percentages of a domain that is not active are zero: that is their true value, not a placeholder. */
function cpuOf(record: DomainRecord, monitor: MonitorSample | undefined): DomainCpu {
  const { rates, pins } = record.runtime;
  const idle = record.active ? undefined : 0;
  const live = record.active ? monitor : undefined;
  return {
    timeUs: nsToUs(live?.cpuTimeNs),
    userUs: nsToUs(live?.cpuUserNs),
    systemUs: nsToUs(live?.cpuSystemNs),
    hostPercent: idle ?? rates?.hostPercent,
    percent: idle ?? rates?.percent,
    stealUs: live && nsToUs(sumKnown(live.vcpus.map((vcpu) => vcpu.delayNs))),
    stealPercent: idle ?? rates?.stealPercent,
    waitUs: live && nsToUs(sumKnown(live.vcpus.map((vcpu) => vcpu.waitNs))),
    haltPollSuccessUs: nsToUs(live?.haltPollSuccessNs),
    haltPollFailUs: nsToUs(live?.haltPollFailNs),
    shares: record.scheduler?.shares,
    quotaUs: record.scheduler?.quotaUs,
    periodUs: record.scheduler?.periodUs,
    emulatorPin: pins?.emulator,
    vcpusCurrent: monitor?.vcpuCurrent,
    vcpusMaximum: monitor?.vcpuMaximum,
  };
}

function memoryOf(
  record: DomainRecord,
  monitor: MonitorSample | undefined,
  context: BuildContext,
): DomainMemory | undefined {
  if (monitor === undefined) return undefined;
  const live = record.active ? monitor : undefined;
  const available = live?.balloonAvailableKib;
  const free = live?.balloonUsableKib ?? live?.balloonUnusedKib;
  const maximumBytes = kibToBytes(monitor.balloonMaximumKib);
  return {
    currentBytes: kibToBytes(monitor.balloonCurrentKib),
    maximumBytes,
    vmMemUnit: context.sizeUnit(record.uuid, 'memory', maximumBytes),
    rssBytes: kibToBytes(live?.balloonRssKib),
    availableBytes: kibToBytes(available),
    unusedBytes: kibToBytes(live?.balloonUnusedKib),
    usableBytes: kibToBytes(live?.balloonUsableKib),
    diskCachesBytes: kibToBytes(live?.balloonDiskCachesKib),
    usedPercent: record.active
      ? available === undefined || free === undefined
        ? undefined
        : percentOf(Math.max(0, Number(available) - Number(free)), available)
      : 0,
    swapInBytes: kibToBytes(live?.balloonSwapInKib),
    swapOutBytes: kibToBytes(live?.balloonSwapOutKib),
    majorFaults: live?.balloonMajorFaults,
    minorFaults: live?.balloonMinorFaults,
    hugePageAllocs: live?.balloonHugePageAllocs,
    hugePageFails: live?.balloonHugePageFails,
    lastUpdateAt: lastUpdateOf(live),
    dirtyStatus: dirtyStatusOf(live?.dirtyStatus),
    dirtyRate: live?.dirtyRateMibs,
    dirtyPeriodSec: live?.dirtyPeriodSec,
    dirtyMode: live?.dirtyMode,
  };
}

/** libvirt reports 0 for a guest driver that never updated its figures. */
function lastUpdateOf(monitor: MonitorSample | undefined): number | undefined {
  const seconds = Number(monitor?.balloonLastUpdateSec ?? 0);
  return seconds > 0 ? seconds * 1000 : undefined;
}

function dirtyStatusOf(code: number | undefined): DomainMemory['dirtyStatus'] {
  return code === undefined ? undefined : (['unstarted', 'measuring', 'measured'] as const)[code];
}

function vcpuRow(vcpu: VcpuSample, record: DomainRecord): Vcpu {
  const { rates, pins, hostCpus } = record.runtime;
  const pin = pins?.vcpus.get(vcpu.number);
  return {
    index: vcpu.number + 1,
    number: vcpu.number,
    state: vcpuState(vcpu.state),
    timeUs: nsToUs(vcpu.timeNs),
    percent: rates?.vcpuPercent.get(vcpu.number),
    waitUs: nsToUs(vcpu.waitNs),
    delayUs: nsToUs(vcpu.delayNs),
    halted: vcpu.halted,
    hostCpu: hostCpus?.get(vcpu.number),
    pin: pin?.list,
    pinned: pin?.pinned,
    affinity: pin?.cells,
  };
}

function vcpuState(code: number | undefined): Vcpu['state'] {
  if (code === undefined) return undefined;
  return (['offline', 'running', 'blocked'] as const)[code] ?? 'other';
}

function iothreadsOf(record: DomainRecord, monitor: MonitorSample): readonly Iothread[] {
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

/** Disks are known by target, from the definition, the statistics or both. */
function disksOf(
  record: DomainRecord,
  monitor: MonitorSample | undefined,
  context: BuildContext,
): readonly Disk[] {
  const definitions = new Map<string, DiskDefinition>();
  for (const disk of record.definition?.disks ?? []) definitions.set(disk.target, disk);
  const samples = new Map<string, BlockSample>();
  for (const block of monitor?.blocks ?? []) {
    // With the flag BACKING the layers follow their disk under the same name: the first is the disk itself.
    if (block.name !== undefined && !samples.has(block.name)) samples.set(block.name, block);
  }
  const targets = definitions.size > 0 ? definitions.keys() : samples.keys();
  const disks: Disk[] = [];
  for (const target of targets) {
    disks.push(diskRow(target, definitions.get(target), samples.get(target), record, context));
  }
  return disks.sort((a, b) => a.index - b.index);
}

function diskRow(
  target: string,
  definition: DiskDefinition | undefined,
  sample: BlockSample | undefined,
  record: DomainRecord,
  context: BuildContext,
): Disk {
  const live = record.active ? sample : undefined;
  const latencies = record.runtime.rates?.latencies.get(target);
  const capacityBytes = sample?.capacityBytes;
  return {
    index: context.diskIndex(record.uuid, target),
    target,
    device: definition?.device,
    type: definition?.type,
    source: definition?.source ?? sample?.path,
    pool: definition?.pool,
    image: definition?.image,
    serial: definition?.serial,
    bus: definition?.bus,
    format: definition?.format,
    cache: definition?.cache,
    discard: definition?.discard,
    shared: definition?.shared,
    readOnly: definition?.readOnly,
    chainDepth: definition?.chainDepth,
    vmSourceType: vmSourceType(definition, sample),
    vmSizeUnit: context.sizeUnit(record.uuid, `disk ${target}`, capacityBytes),
    capacityBytes,
    allocationBytes: sample?.allocationBytes,
    physicalBytes: sample?.physicalBytes,
    allocPercent: percentOf(sample?.allocationBytes, capacityBytes),
    thresholdBytes: live?.thresholdBytes,
    readRequests: live?.readRequests,
    readBytes: live?.readBytes,
    readTimeUs: nsToUs(live?.readTimeNs),
    writeRequests: live?.writeRequests,
    writeBytes: live?.writeBytes,
    writeTimeUs: nsToUs(live?.writeTimeNs),
    flushRequests: live?.flushRequests,
    flushTimeUs: nsToUs(live?.flushTimeNs),
    readLatencyUs: latencies?.readUs,
    writeLatencyUs: latencies?.writeUs,
    flushLatencyUs: latencies?.flushUs,
    ioErrors: live?.errors,
  };
}

/** vmStorageSourceType (RFC 7666): a thin raw file is sparse, one whose blocks are all allocated is raw. */
function vmSourceType(
  definition: DiskDefinition | undefined,
  sample: BlockSample | undefined,
): Disk['vmSourceType'] {
  switch (definition?.type) {
    case undefined:
      return 'unknown';
    case 'block':
    case 'nvme':
    case 'vdpa':
      return 'block';
    case 'network':
      return 'network';
    case 'file':
    case 'volume': {
      if (definition.format !== undefined && definition.format !== 'raw') return 'sparse';
      const { allocationBytes, capacityBytes } = sample ?? {};
      if (allocationBytes === undefined || capacityBytes === undefined) return 'other';
      return allocationBytes >= capacityBytes ? 'raw' : 'sparse';
    }
    default:
      return 'other';
  }
}

function nicsOf(record: DomainRecord, nets: readonly NetSample[], context: BuildContext): readonly Nic[] {
  const byDevice = new Map<string, NetSample>();
  if (record.active) for (const net of nets) if (net.name !== undefined) byDevice.set(net.name, net);
  const nics = (record.definition?.nics ?? []).map((nic) =>
    nicRow(nic, nic.target === undefined ? undefined : byDevice.get(nic.target), record, context),
  );
  return nics.sort((a, b) => a.index - b.index);
}

function nicRow(
  nic: NicDefinition,
  sample: NetSample | undefined,
  record: DomainRecord,
  context: BuildContext,
): Nic {
  const { nicAddresses, nicLinks } = record.runtime;
  const addresses = nicAddresses?.get(nic.mac);
  const links = nicLinks?.get(nic.mac);
  const limits = record.nicLimits?.get(nic.mac);
  return {
    index: context.nicIndex(record.uuid, nic.mac),
    mac: nic.mac,
    target: nic.target,
    type: nic.type,
    source: nic.source,
    model: nic.model,
    alias: nic.alias,
    portId: nic.portId,
    mtuBytes: nic.mtuBytes,
    link: nic.link,
    ifIndex: links?.ifIndex ?? 0,
    parentIfIndex: links?.parentIfIndex ?? 0,
    rxBytes: sample?.rxBytes,
    rxPackets: sample?.rxPackets,
    rxErrors: sample?.rxErrors,
    rxDrops: sample?.rxDrops,
    txBytes: sample?.txBytes,
    txPackets: sample?.txPackets,
    txErrors: sample?.txErrors,
    txDrops: sample?.txDrops,
    inAverageBytes: limits?.inAverageBytes,
    outAverageBytes: limits?.outAverageBytes,
    addresses: addresses?.text,
    addressSource: addresses?.source,
  };
}

/** A guest row exists for an active domain with an agent channel, also before the agent was asked. */
function guestOf(record: DomainRecord): Domain['guest'] {
  if (!record.active) return undefined;
  if (record.runtime.guest !== undefined) return record.runtime.guest;
  const agentState = record.definition?.agentChannel;
  if (agentState === undefined) return undefined;
  return { agentState, ...noGuestFacts };
}

function perfOf(record: DomainRecord, context: BuildContext): readonly PerfEvent[] {
  const samples = record.active ? (record.runtime.sample?.perf ?? []) : [];
  return samples.length === 0 ? [] : perfEvents(samples, context.perfEventNumber);
}
