import {
  domainGetBlockIoTune,
  domainGetInterfaceParameters,
  domainGetSchedulerParametersFlags,
} from '../../libvirt/procedures.ts';
import { limits } from '../../libvirt/protocol.ts';
import { impactFlags } from '../../libvirt-enums/flags.ts';
import type { IoTune } from '../../model/disk.ts';
import type { NicLimits } from '../../model/nic.ts';
import { ioTuneOf, nicLimitsOf, schedulerOf } from '../decode/io-tune.ts';
import type { DomainRecord } from '../records/domain-record.ts';
import type { Collector, CollectorKind, CollectorPass } from './collector.ts';
import { eachDomain } from './each-domain.ts';
import { eachMember } from './each-member.ts';
import { isQemu } from './hypervisor-type.ts';
import { RetrySchedule } from './retry-schedule.ts';

export const deviceLimits: CollectorKind = {
  name: 'device-limits',
  id: 'inventory',
  selectors: ['iotune'],
  stage: 'background',
  interval: ({ intervals }) => intervals.tuning,
  promptedBy: ['tunable', 'deviceAdded', 'deviceRemoved'],
  perDomain: true,
  make: ({ intervalSec }) => new DeviceLimits(intervalSec),
};

/** Disks that another process serves, whose requests never pass through the hypervisor's throttle. */
const unthrottledTypes: ReadonlySet<string> = new Set(['vhostuser', 'vhostvdpa']);

const { current } = impactFlags;

/** Limits of disks and interfaces (virDomainGetBlockIoTune, virDomainGetInterfaceParameters). */
export class DeviceLimits implements Collector {
  readonly #retries: RetrySchedule;
  readonly #nicRetries: RetrySchedule;
  /** How many parameters libvirt has for a disk and an interface; asked once. */
  #tuneParams = 0;
  #nicParams = 0;

  constructor(intervalSec: number) {
    this.#retries = new RetrySchedule(intervalSec * 1000);
    this.#nicRetries = new RetrySchedule(intervalSec * 1000);
  }

  async collect(pass: CollectorPass): Promise<void> {
    const { present } = pass.domains;
    await eachDomain(pass, present, this.#retries, (record) => this.#collectDisks(pass, record));
    await eachDomain(pass, present, this.#nicRetries, (record) => this.#collectNics(pass, record));
  }

  async #collectDisks(pass: CollectorPass, record: DomainRecord): Promise<void> {
    // A drive without a medium has no limits, and libvirt refuses to say so.
    const disks = (record.definition?.disks ?? []).filter(
      ({ source, type = '' }) => source !== undefined && !unthrottledTypes.has(type),
    );
    const known = new Map(record.ioTunes.map((tune) => [tune.target, tune]));
    const tunes = await eachMember(pass, disks, {
      nameOf: ({ target }) => `${record.name} ${target}`,
      known: ({ target }) => known.get(target),
      read: ({ target }) => this.#readDisk(pass, record, target),
      retries: { schedule: this.#retries, owner: record },
    });
    tunes.sort((a, b) => a.diskIndex - b.diskIndex);
    if (sameRows(record.ioTunes, tunes)) return;
    record.ioTunes = tunes;
    record.touch();
  }

  async #readDisk(pass: CollectorPass, record: DomainRecord, target: string): Promise<IoTune | undefined> {
    const domain = record.ref;
    if (this.#tuneParams === 0) {
      const sizes = await pass.libvirt.call(domainGetBlockIoTune, {
        domain,
        disk: undefined,
        nparams: 0,
        flags: current,
      });
      this.#tuneParams = Math.min(sizes.nparams, limits.blockIoTuneParams);
    }
    const reply = await pass.libvirt.call(domainGetBlockIoTune, {
      domain,
      disk: target,
      nparams: this.#tuneParams,
      flags: current,
    });
    return ioTuneOf(pass.indexes.disk(record.uuid, target), target, reply.params);
  }

  async #collectNics(pass: CollectorPass, record: DomainRecord): Promise<void> {
    const all = record.definition?.nics ?? [];
    // libvirt takes a MAC address for a name only where it is that of one interface.
    const named = all.filter(
      (nic) => nic.target !== undefined || all.every((other) => other === nic || other.mac !== nic.mac),
    );
    const found = await eachMember(pass, named, {
      nameOf: ({ key }) => `${record.name} ${key}`,
      known: ({ key }) => pairOf(key, record.nicLimits?.get(key)),
      read: async ({ key, mac, target }) => pairOf(key, await this.#readNic(pass, record, target ?? mac)),
      retries: { schedule: this.#nicRetries, owner: record },
    });
    if (sameRows([...(record.nicLimits ?? [])], found)) return;
    record.nicLimits = new Map(found);
    record.touch();
  }

  async #readNic(pass: CollectorPass, record: DomainRecord, device: string): Promise<NicLimits | undefined> {
    const domain = record.ref;
    if (this.#nicParams === 0) {
      const sizes = await pass.libvirt.call(domainGetInterfaceParameters, {
        domain,
        device,
        nparams: 0,
        flags: current,
      });
      this.#nicParams = Math.min(sizes.nparams, limits.interfaceParams);
    }
    const reply = await pass.libvirt.call(domainGetInterfaceParameters, {
      domain,
      device,
      nparams: this.#nicParams,
      flags: current,
    });
    return nicLimitsOf(reply.params);
  }
}

function pairOf(key: string, nicLimits: NicLimits | undefined): readonly [string, NicLimits] | undefined {
  return nicLimits === undefined ? undefined : [key, nicLimits];
}

export const domainScheduler: CollectorKind = {
  name: 'domain-scheduler',
  id: 'pinning',
  selectors: ['sched'],
  stage: 'background',
  interval: ({ intervals }) => intervals.tuning,
  promptedBy: ['tunable'],
  perDomain: true,
  make: ({ intervalSec }) => new DomainScheduler(intervalSec),
};

/** Weight and bandwidth of a domain's vCPUs (virDomainGetSchedulerParameters). */
export class DomainScheduler implements Collector {
  readonly #retries: RetrySchedule;

  constructor(intervalSec: number) {
    this.#retries = new RetrySchedule(intervalSec * 1000);
  }

  async collect(pass: CollectorPass): Promise<void> {
    const { present } = pass.domains;
    if (present.length === 0) return;
    // For more than the first parameter the LXC driver (9.0) looks into the control group of the container, and if that
    // does not run, the daemon dies of it.
    const nparams = (await isQemu(pass.libvirt)) ? limits.schedulerParams : 1;
    await eachDomain(pass, present, this.#retries, async (record) => {
      const params = await pass.libvirt.call(domainGetSchedulerParametersFlags, {
        domain: record.ref,
        nparams,
        flags: current,
      });
      const scheduler = schedulerOf(params);
      if (sameRows([record.scheduler], [scheduler])) return;
      record.scheduler = scheduler;
      record.touch();
    });
  }
}

/** Rows made of plain values. */
function sameRows(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && JSON.stringify(a, plain) === JSON.stringify(b, plain);
}

function plain(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}n` : value;
}
