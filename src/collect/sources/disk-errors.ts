import { reasonName } from '../../domain-state/state-text.ts';
import { domainGetDiskErrors } from '../../libvirt/procedures.ts';
import { limits } from '../../libvirt/protocol.ts';
import { diskErrorCodes } from '../../libvirt-enums/domain-state.ts';
import type { DiskError } from '../../model/disk.ts';
import type { DomainRecord, RuntimeFacts } from '../records/domain-record.ts';
import type { Collector, CollectorKind, CollectorPass } from './collector.ts';
import { eachDomain } from './each-domain.ts';
import { RetrySchedule } from './retry-schedule.ts';

export const diskErrors: CollectorKind = {
  name: 'disk-errors',
  id: 'diskErrors',
  selectors: ['disk_err'],
  stage: 'background',
  interval: ({ intervals }) => intervals.diskErrors,
  promptedBy: ['ioError', 'ioErrorReason'],
  make: ({ intervalSec }) => new DiskErrors(intervalSec),
};

/** Disks in error (virDomainGetDiskErrors): a row exists while the error lasts. */
export class DiskErrors implements Collector {
  readonly #retries: RetrySchedule;
  /** Targets whose error stopped the guest. */
  readonly #stoppers = new WeakMap<RuntimeFacts, Set<string>>();

  constructor(intervalSec: number) {
    this.#retries = new RetrySchedule(intervalSec * 1000);
  }

  async collect(pass: CollectorPass): Promise<void> {
    await eachDomain(pass, pass.domains.active, this.#retries, (record) => this.#collectOne(pass, record));
  }

  async #collectOne(pass: CollectorPass, record: DomainRecord): Promise<void> {
    const { runtime } = record;
    const reply = await pass.libvirt.call(domainGetDiskErrors, {
      domain: record.ref,
      maxErrors: limits.diskErrors,
      flags: 0,
    });
    const known = new Map(runtime.diskErrors.map((error) => [error.target, error]));
    const errors = reply.errors
      .filter(({ disk, error }) => error !== 0 && !this.#isOver(record, runtime, disk))
      .map(({ disk, error }): DiskError => {
        const code = diskErrorCodes[error] ?? 'other';
        const before = known.get(disk);
        if (before?.code === code) return before;
        const since = before?.since ?? pass.now;
        return { diskIndex: pass.indexes.disk(record.uuid, disk), target: disk, code, since };
      })
      .sort((a, b) => a.diskIndex - b.diskIndex);
    if (errors.length === 0 && runtime.diskErrors.length === 0) return;
    runtime.diskErrors = errors;
    record.touch();
  }

  /**
   * QEMU 7.2 reports the error of a disk until the guest is reset, also after it was resumed and its writes
   * succeeded. An error that stopped the guest is over when the guest runs; if not, it stops it again.
   */
  #isOver(record: DomainRecord, runtime: RuntimeFacts, target: string): boolean {
    const stoppers = this.#stoppers.get(runtime) ?? new Set<string>();
    if (record.state === 'paused' && reasonName('paused', record.reason) === 'ioerror') stoppers.add(target);
    this.#stoppers.set(runtime, stoppers);
    return record.state === 'running' && stoppers.has(target);
  }
}
