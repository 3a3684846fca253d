import { domainGetBlockJobInfo } from '../../libvirt/procedures.ts';
import type { BlockJob } from '../../model/disk.ts';
import { percentOf } from '../decode/arithmetic.ts';
import type { DomainRecord } from '../records/domain-record.ts';
import type { Collector, CollectorKind, CollectorPass } from './collector.ts';
import { eachDomain } from './each-domain.ts';
import { RetrySchedule } from './retry-schedule.ts';

/** virDomainBlockJobType by number. */
const types: readonly BlockJob['type'][] = ['unknown', 'pull', 'copy', 'commit', 'activeCommit', 'backup'];

/** VIR_DOMAIN_BLOCK_JOB_INFO_BANDWIDTH_BYTES */
const bandwidthInBytes = 1;

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
    const jobs: BlockJob[] = [];
    for (const disk of record.definition?.disks ?? []) {
      // A drive without a medium has nothing to copy.
      if (disk.source === undefined) continue;
      const reply = await pass.libvirt.call(domainGetBlockJobInfo, {
        domain: record.ref,
        path: disk.target,
        flags: bandwidthInBytes,
      });
      if (reply === undefined) continue;
      const { type, current, end, bandwidth } = reply;
      const diskIndex = pass.indexes.disk(record.uuid, disk.target);
      const typeName = types[type] ?? 'other';
      const before = runtime.blockJobs.find((job) => job.diskIndex === diskIndex && job.type === typeName);
      jobs.push({
        diskIndex,
        target: disk.target,
        type: typeName,
        current,
        end,
        percent: percentOf(current, end),
        bandwidthBytes: bandwidth,
        since: before?.since ?? pass.now,
      });
    }
    if (jobs.length === 0 && runtime.blockJobs.length === 0) return;
    runtime.blockJobs = jobs.sort((a, b) => a.diskIndex - b.diskIndex);
    record.touch();
  }
}
