import { domainGetBlockJobInfo } from '../../libvirt/procedures.ts';
import { blockJobTypes } from '../../libvirt-enums/domain-job.ts';
import { blockJobInfoFlags } from '../../libvirt-enums/flags.ts';
import { percentOf } from '../../model/arithmetic.ts';
import type { BlockJob } from '../../model/disk.ts';
import type { DomainRecord } from '../records/domain-record.ts';
import type { Collector, CollectorKind, CollectorPass } from './collector.ts';
import { eachDomain } from './each-domain.ts';
import { eachMember } from './each-member.ts';
import { RetrySchedule } from './retry-schedule.ts';

export const blockJobs: CollectorKind = {
  name: 'block-jobs',
  id: 'jobStats',
  selectors: ['block_job'],
  stage: 'background',
  interval: ({ intervals }) => intervals.jobs,
  promptedBy: ['blockJob'],
  make: ({ intervalSec }) => new BlockJobs(intervalSec),
};

/** Running block jobs (virDomainGetBlockJobInfo): copy, commit, pull, backup. */
export class BlockJobs implements Collector {
  readonly #retries: RetrySchedule;

  constructor(intervalSec: number) {
    this.#retries = new RetrySchedule(intervalSec * 1000);
  }

  async collect(pass: CollectorPass): Promise<void> {
    await eachDomain(pass, pass.domains.active, this.#retries, (record) => this.#collectOne(pass, record));
  }

  async #collectOne(pass: CollectorPass, record: DomainRecord): Promise<void> {
    const { runtime } = record;
    // A drive without a medium has nothing to copy.
    const disks = (record.definition?.disks ?? []).filter(({ source }) => source !== undefined);
    const known = new Map(runtime.blockJobs.map((job) => [job.target, job]));
    const jobs = await eachMember(pass, disks, {
      nameOf: ({ target }) => `${record.name} ${target}`,
      known: ({ target }) => known.get(target),
      read: ({ target }) => this.#read(pass, record, target, known.get(target)),
      retries: { schedule: this.#retries, owner: record },
    });
    if (jobs.length === 0 && runtime.blockJobs.length === 0) return;
    runtime.blockJobs = jobs.sort((a, b) => a.diskIndex - b.diskIndex);
    record.touch();
  }

  /** Undefined if the disk has no job. */
  async #read(
    pass: CollectorPass,
    record: DomainRecord,
    target: string,
    known: BlockJob | undefined,
  ): Promise<BlockJob | undefined> {
    const reply = await pass.libvirt.call(domainGetBlockJobInfo, {
      domain: record.ref,
      path: target,
      flags: blockJobInfoFlags.bandwidthBytes,
    });
    if (reply === undefined) return undefined;
    const { type, current, end, bandwidth } = reply;
    const typeName = blockJobTypes[type] ?? 'other';
    return {
      diskIndex: pass.indexes.disk(record.uuid, target),
      target,
      type: typeName,
      current,
      end,
      // Before its work is counted, nothing of it is done.
      percent: end === 0 ? 0 : percentOf(current, end),
      bandwidthBytes: bandwidth,
      since: known?.type === typeName ? known.since : pass.now,
    };
  }
}
