import {
  domainGetBlockIoTune,
  domainGetInterfaceParameters,
  domainGetSchedulerParametersFlags,
} from '../../libvirt/procedures.ts';
import { limits } from '../../libvirt/protocol.ts';
import type { IoTune } from '../../model/disk.ts';
import type { NicLimits } from '../../model/nic.ts';
import { ioTuneOf, nicLimitsOf, schedulerOf } from '../decode/io-tune.ts';
import type { DomainRecord } from '../records/domain-record.ts';
import type { Collector, CollectorKind, CollectorPass } from './collector.ts';
import { eachDomain } from './each-domain.ts';
import { RetrySchedule } from './retry-schedule.ts';

export const deviceLimits: CollectorKind = {
  name: 'device-limits',
  id: 'inventory',
  selectors: ['iotune'],
  stage: 'background',
  interval: ({ intervals }) => intervals.tuning,
  promptedBy: ['tunable', 'deviceAdded', 'deviceRemoved'],
  make: ({ intervalSec }) => new DeviceLimits(intervalSec),
};

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
    const { active } = pass.domains;
    await eachDomain(pass, active, this.#retries, (record) => this.#collectDisks(pass, record));
    await eachDomain(pass, active, this.#nicRetries, (record) => this.#collectNics(pass, record));
  }

  async #collectDisks(pass: CollectorPass, record: DomainRecord): Promise<void> {
    const tunes: IoTune[] = [];
    for (const { target, source } of record.definition?.disks ?? []) {
      // A drive without a medium has no limits, and libvirt refuses to say so.
      if (source === undefined) continue;
      const domain = record.ref;
      if (this.#tuneParams === 0) {
        const sizes = await pass.libvirt.call(domainGetBlockIoTune, {
          domain,
          disk: undefined,
          nparams: 0,
          flags: 0,
        });
        this.#tuneParams = Math.min(sizes.nparams, limits.blockIoTuneParams);
      }
      const reply = await pass.libvirt.call(domainGetBlockIoTune, {
        domain,
        disk: target,
        nparams: this.#tuneParams,
        flags: 0,
      });
      const tune = ioTuneOf(pass.indexes.disk(record.uuid, target), target, reply.params);
      if (tune !== undefined) tunes.push(tune);
    }
    tunes.sort((a, b) => a.diskIndex - b.diskIndex);
    if (sameRows(record.ioTunes, tunes)) return;
    record.ioTunes = tunes;
    record.touch();
  }

  async #collectNics(pass: CollectorPass, record: DomainRecord): Promise<void> {
    const found = new Map<string, NicLimits>();
    for (const nic of record.definition?.nics ?? []) {
      const domain = record.ref;
      const device = nic.target ?? nic.mac;
      if (this.#nicParams === 0) {
        const sizes = await pass.libvirt.call(domainGetInterfaceParameters, {
          domain,
          device,
          nparams: 0,
          flags: 0,
        });
        this.#nicParams = Math.min(sizes.nparams, limits.interfaceParams);
      }
      const reply = await pass.libvirt.call(domainGetInterfaceParameters, {
        domain,
        device,
        nparams: this.#nicParams,
        flags: 0,
      });
      const nicLimits = nicLimitsOf(reply.params);
      if (nicLimits !== undefined) found.set(nic.mac, nicLimits);
    }
    if (sameRows([...(record.nicLimits ?? [])], [...found])) return;
    record.nicLimits = found;
    record.touch();
  }
}

export const domainScheduler: CollectorKind = {
  name: 'domain-scheduler',
  id: 'pinning',
  selectors: ['sched'],
  stage: 'background',
  interval: ({ intervals }) => intervals.tuning,
  promptedBy: ['tunable'],
  make: ({ intervalSec }) => new DomainScheduler(intervalSec),
};

/** Weight and bandwidth of a domain's vCPUs (virDomainGetSchedulerParameters). */
export class DomainScheduler implements Collector {
  readonly #retries: RetrySchedule;

  constructor(intervalSec: number) {
    this.#retries = new RetrySchedule(intervalSec * 1000);
  }

  async collect(pass: CollectorPass): Promise<void> {
    await eachDomain(pass, pass.domains.active, this.#retries, async (record) => {
      const params = await pass.libvirt.call(domainGetSchedulerParametersFlags, {
        domain: record.ref,
        nparams: limits.schedulerParams,
        flags: 0,
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
