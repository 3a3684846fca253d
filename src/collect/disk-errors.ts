import { domainGetDiskErrors } from '../libvirt/procedures.ts';
import { limits } from '../libvirt/protocol.ts';
import type { DiskError } from '../model/disk.ts';
import { BackOff } from './back-off.ts';
import type { Collector, CollectorPass } from './collector.ts';
import type { DomainRecord } from './domain-record.ts';
import { eachDomain } from './each-domain.ts';

/** virDomainDiskErrorCode by number; 0 is no error. */
const codes: readonly (DiskError['code'] | undefined)[] = [undefined, 'unspecified', 'noSpace'];

/** Disks in error (virDomainGetDiskErrors): a row exists while the error lasts. */
export class DiskErrors implements Collector {
  readonly name = 'disk-errors';
  readonly id = 'diskErrors';
  readonly enabled: boolean;
  readonly intervalSec: number;
  readonly promptedBy = ['ioError', 'ioErrorReason'] as const;
  readonly #backOff: BackOff;

  constructor(enabled: boolean, intervalSec: number) {
    this.enabled = enabled;
    this.intervalSec = intervalSec;
    this.#backOff = new BackOff(intervalSec * 1000);
  }

  async collect(pass: CollectorPass): Promise<void> {
    await eachDomain(pass, pass.domains.active, this.#backOff, (record) => this.#collectOne(pass, record));
  }

  async #collectOne(pass: CollectorPass, record: DomainRecord): Promise<void> {
    const { runtime } = record;
    const reply = await pass.libvirt.monitorCall('slow', domainGetDiskErrors, [record], () => ({
      domain: record.ref,
      maxErrors: limits.diskErrors,
      flags: 0,
    }));
    if (!reply.called) return;
    const known = new Map(runtime.diskErrors.map((error) => [error.target, error]));
    const errors = reply.reply.errors
      .filter((error) => error.error !== 0)
      .map(({ disk, error }): DiskError => {
        const code = codes[error] ?? 'other';
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
}
