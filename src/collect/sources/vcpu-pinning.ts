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
  make: ({ config, intervalSec }) => new VcpuPinning(intervalSec, config.collect.affinity),
};

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
    const { cpus } = pass.host;
    const present = cpus.length > 0 ? cpus.length : (pass.host.facts.cpusPresent ?? 0);
    if (present === 0) return;
    const online = cpus.length > 0 ? cpus.filter((cpu) => cpu.online).map((cpu) => cpu.number) : undefined;
    this.#rememberShape(present, online);
    await eachDomain(pass, pass.domains.active, this.#retries, (record) =>
      this.#collectOne(pass, record, present, online),
    );
  }

  async #collectOne(
    pass: CollectorPass,
    record: DomainRecord,
    present: number,
    online: readonly number[] | undefined,
  ): Promise<void> {
    const { runtime } = record;
    const mapLength = (present + 7) >> 3;
    const monitor = runtime.sample?.monitor;
    const vcpus = Math.min(monitor?.vcpuMaximum ?? 256, maxVcpus);
    const domain = record.ref;
    // None of these three waits for the hypervisor process; the last one of them fails without an emulator.
    const [pinned, positions, emulator] = await Promise.all([
      pass.libvirt.call(domainGetVcpuPinInfo, { domain, vcpus, mapLength, flags: 0 }),
      pass.libvirt.call(domainGetVcpus, { domain, maxInfo: vcpus, mapLength: 0 }),
      pass.libvirt.call(domainGetEmulatorPinInfo, { domain, mapLength, flags: 0 }),
    ]);
    const pins = new Map<number, VcpuPin>();
    for (let vcpu = 0; vcpu < Math.min(pinned.count, vcpus); vcpu += 1) {
      const mask = pinned.maps.subarray(vcpu * mapLength, (vcpu + 1) * mapLength);
      if (mask.length === mapLength) pins.set(vcpu, this.#pin(mask, present, online));
    }
    const iothreads = await this.#iothreads(pass, record, present);
    const emulatorList = cpuList(cpusOf(emulator.map, present));
    const facts: PinFacts = { vcpus: pins, emulator: emulatorList, iothreads };
    if (runtime.pins === undefined || !samePins(runtime.pins, facts)) {
      runtime.pins = facts;
      record.touch();
    }
    const hostCpus = new Map(
      positions.info.filter((one) => one.cpu >= 0).map((one) => [one.number, one.cpu] as const),
    );
    if (runtime.hostCpus === undefined || !sameMap(runtime.hostCpus, hostCpus)) {
      runtime.hostCpus = hostCpus;
      record.touch();
    }
  }

  /** Only domains with IOThreads are asked: the call needs the monitor. */
  async #iothreads(
    pass: CollectorPass,
    record: DomainRecord,
    present: number,
  ): Promise<ReadonlyMap<number, string>> {
    if ((record.runtime.sample?.monitor.iothreads.length ?? 0) === 0) return noIothreads;
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

function samePins(a: PinFacts, b: PinFacts): boolean {
  return a.emulator === b.emulator && sameMap(a.vcpus, b.vcpus) && sameMap(a.iothreads, b.iothreads);
}

function sameMap<K, V>(a: ReadonlyMap<K, V>, b: ReadonlyMap<K, V>): boolean {
  if (a.size !== b.size) return false;
  for (const [key, value] of a) if (b.get(key) !== value) return false;
  return true;
}
