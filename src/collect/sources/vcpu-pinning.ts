import {
  domainGetEmulatorPinInfo,
  domainGetIothreadInfo,
  domainGetVcpuPinInfo,
  domainGetVcpus,
} from '../../libvirt/procedures.ts';
import type { VcpuPin } from '../../model/vcpu.ts';
import { type AffinityMode, affinityCells, cpuList, cpusOf } from '../decode/cpu-list.ts';
import type { DomainRecord, PinFacts } from '../records/domain-record.ts';
import type { Collector, CollectorKind, CollectorPass } from './collector.ts';
import { eachDomain } from './each-domain.ts';
import { readMember } from './each-member.ts';
import { RetrySchedule } from './retry-schedule.ts';

/** Different masks remembered: hosts have a handful. */
const maxMasks = 4096;

/** Most vCPUs of one domain that are asked for. */
const maxVcpus = 4096;

export const vcpuPinning: CollectorKind = {
  name: 'vcpu-pinning',
  id: 'pinning',
  selectors: ['vcpupin'],
  stage: 'background',
  interval: ({ intervals }) => intervals.pinning,
  promptedBy: ['tunable', 'deviceAdded', 'deviceRemoved'],
  perDomain: true,
  make: ({ config, intervalSec }) => new VcpuPinning(intervalSec, config.collect.affinity),
};

/** The processors of the host. */
interface HostCpus {
  readonly present: number;
  /** Octets of a map of them. */
  readonly mapLength: number;
  /** Undefined if it is not known which are online. */
  readonly online: readonly number[] | undefined;
}

/**
 * Which host CPUs vCPUs, emulator and IOThreads may run on, and where each vCPU is
 * (virDomainGetVcpuPinInfo, EmulatorPinInfo, IOThreadInfo, Vcpus).
 */
export class VcpuPinning implements Collector {
  readonly #affinity: AffinityMode;
  readonly #retries: RetrySchedule;
  /** By mask, so that equal masks share one list and one row of the matrix. */
  readonly #masks = new Map<string, VcpuPin>();
  #hostShape = '';

  constructor(intervalSec: number, affinity: AffinityMode) {
    this.#affinity = affinity;
    this.#retries = new RetrySchedule(intervalSec * 1000);
  }

  async collect(pass: CollectorPass): Promise<void> {
    const known = pass.host.cpus;
    const present = known.length > 0 ? known.length : (pass.host.facts.cpusPresent ?? 0);
    if (present === 0) return;
    const online = known.length > 0 ? known.filter((cpu) => cpu.online).map((cpu) => cpu.number) : undefined;
    this.#rememberShape(present, online);
    const cpus: HostCpus = { present, mapLength: (present + 7) >> 3, online };
    await eachDomain(pass, pass.domains.present, this.#retries, (record) =>
      this.#collectOne(pass, record, cpus),
    );
  }

  /** Each of the calls may be refused alone: there is no emulator in a container, and no IOThread in most domains. */
  async #collectOne(pass: CollectorPass, record: DomainRecord, cpus: HostCpus): Promise<void> {
    const { runtime } = record;
    const retries = { schedule: this.#retries, owner: record };
    const emulator = await readMember(pass, `${record.name} emulator`, {
      known: record.emulatorPin,
      read: () => this.#emulator(pass, record, cpus),
      retries,
    });
    if (emulator !== record.emulatorPin) {
      record.emulatorPin = emulator;
      record.touch();
    }
    if (!record.active) return;
    const vcpus = await readMember(pass, `${record.name} vCPUs`, {
      known: runtime.pins?.vcpus,
      read: () => this.#vcpus(pass, record, cpus),
      retries,
    });
    const iothreads = await readMember(pass, `${record.name} IOThreads`, {
      known: runtime.pins?.iothreads,
      read: () => this.#iothreads(pass, record, cpus),
      retries,
    });
    const facts: PinFacts = { vcpus, iothreads };
    if (runtime.pins === undefined || !samePins(runtime.pins, facts)) {
      runtime.pins = facts;
      record.touch();
    }
    const hostCpus = await readMember(pass, `${record.name} positions of vCPUs`, {
      known: runtime.hostCpus,
      read: () => this.#positions(pass, record),
      retries,
    });
    if (!sameMap(runtime.hostCpus, hostCpus)) {
      runtime.hostCpus = hostCpus;
      record.touch();
    }
  }

  /** As it is, or for a domain that does not run as it is configured. */
  async #emulator(
    pass: CollectorPass,
    record: DomainRecord,
    { mapLength, present }: HostCpus,
  ): Promise<string | undefined> {
    const { map } = await pass.libvirt.call(domainGetEmulatorPinInfo, {
      domain: record.ref,
      mapLength,
      flags: 0,
    });
    return cpuList(cpusOf(map, present));
  }

  async #vcpus(
    pass: CollectorPass,
    record: DomainRecord,
    { mapLength, present, online }: HostCpus,
  ): Promise<ReadonlyMap<number, VcpuPin>> {
    const vcpus = vcpusOf(record);
    const { count, maps } = await pass.libvirt.call(domainGetVcpuPinInfo, {
      domain: record.ref,
      vcpus,
      mapLength,
      flags: 0,
    });
    const pins = new Map<number, VcpuPin>();
    for (let vcpu = 0; vcpu < Math.min(count, vcpus); vcpu += 1) {
      const mask = maps.subarray(vcpu * mapLength, (vcpu + 1) * mapLength);
      if (mask.length === mapLength) pins.set(vcpu, this.#pin(mask, present, online));
    }
    return pins;
  }

  async #positions(pass: CollectorPass, record: DomainRecord): Promise<ReadonlyMap<number, number>> {
    const { info } = await pass.libvirt.call(domainGetVcpus, {
      domain: record.ref,
      maxInfo: vcpusOf(record),
      mapLength: 0,
    });
    return new Map(info.filter((one) => one.cpu >= 0).map((one) => [one.number, one.cpu] as const));
  }

  /** Only domains with IOThreads are asked: the call needs the monitor. */
  async #iothreads(
    pass: CollectorPass,
    record: DomainRecord,
    { present }: HostCpus,
  ): Promise<ReadonlyMap<number, string>> {
    if ((record.runtime.sample?.monitor.layout.iothreads.length ?? 0) === 0) return noIothreads;
    const reply = await pass.libvirt.call(domainGetIothreadInfo, {
      domain: record.ref,
      flags: 0,
    });
    const lists = new Map<number, string>();
    for (const { id, map } of reply) {
      const list = cpuList(cpusOf(map, present));
      if (list !== undefined) lists.set(id, list);
    }
    return lists;
  }

  #pin(mask: Uint8Array, present: number, online: readonly number[] | undefined): VcpuPin {
    const key = Buffer.from(mask.buffer, mask.byteOffset, mask.byteLength).toString('base64');
    const known = this.#masks.get(key);
    if (known !== undefined) return known;
    const cpus = cpusOf(mask, present);
    const allowed = new Set(cpus);
    const pin: VcpuPin = {
      list: cpuList(cpus) ?? '',
      pinned: online === undefined ? cpus.length < present : online.some((cpu) => !allowed.has(cpu)),
      cpus,
      affinity: affinityCells(cpus, present, this.#affinity),
    };
    if (this.#masks.size >= maxMasks) this.#masks.clear();
    this.#masks.set(key, pin);
    return pin;
  }

  #rememberShape(present: number, online: readonly number[] | undefined): void {
    const shape = `${present} ${online?.join(',') ?? ''}`;
    if (shape !== this.#hostShape) this.#masks.clear();
    this.#hostShape = shape;
  }
}

const noIothreads: ReadonlyMap<number, string> = new Map();

function vcpusOf({ runtime }: DomainRecord): number {
  return Math.min(Number(runtime.sample?.monitor.count('vcpu.maximum') ?? 256), maxVcpus);
}

function samePins(a: PinFacts, b: PinFacts): boolean {
  return sameMap(a.vcpus, b.vcpus) && sameMap(a.iothreads, b.iothreads);
}

function sameMap<K, V>(a: ReadonlyMap<K, V> | undefined, b: ReadonlyMap<K, V> | undefined): boolean {
  if (a === b) return true;
  if (a === undefined || b === undefined || a.size !== b.size) return false;
  for (const [key, value] of a) if (b.get(key) !== value) return false;
  return true;
}
