import { domainGetJobStats } from '../../libvirt/procedures.ts';
import { jobOf } from '../decode/job-stats.ts';
import type { DomainRecord } from '../records/domain-record.ts';
import type { Collector, CollectorKind, CollectorPass } from './collector.ts';
import { eachDomain } from './each-domain.ts';
import { isInvalidArgument } from './invalid-argument.ts';
import { RetrySchedule } from './retry-schedule.ts';

/** virDomainGetJobStatsFlags: without the second, reading a completed job erases it for everybody. */
const jobFlags = { completed: 1, keepCompleted: 2 } as const;

export interface DomainJobsOptions {
  readonly background: boolean;
  readonly completed: boolean;
  readonly intervalSec: number;
}

export const domainJobs: CollectorKind = {
  name: 'domain-jobs',
  id: 'jobStats',
  selectors: ['job_stats_background', 'job_stats_completed'],
  stage: 'background',
  interval: ({ intervals }) => intervals.jobs,
  promptedBy: ['jobCompleted', 'migrationIteration'],
  make: ({ intervalSec, has }) =>
    new DomainJobs({
      background: has('job_stats_background'),
      completed: has('job_stats_completed'),
      intervalSec,
    }),
};

/** The running job of each domain, and the one that completed last (virDomainGetJobStats). */
export class DomainJobs implements Collector {
  readonly #options: DomainJobsOptions;
  readonly #retries: RetrySchedule;
  /** Domains whose completed job was looked at before: a new one there ended since. */
  readonly #watched = new WeakSet<DomainRecord>();
  /** libvirt before 6.0 cannot read a completed job without erasing it. */
  #canKeep = true;

  constructor(options: DomainJobsOptions) {
    this.#options = options;
    this.#retries = new RetrySchedule(options.intervalSec * 1000);
  }

  async collect(pass: CollectorPass): Promise<void> {
    await eachDomain(pass, pass.domains.active, this.#retries, async (record) => {
      if (this.#options.background) await this.#collectBackground(pass, record);
      if (this.#options.completed && this.#canKeep) await this.#collectCompleted(pass, record);
    });
  }

  async #collectBackground(pass: CollectorPass, record: DomainRecord): Promise<void> {
    const { runtime } = record;
    const reply = await pass.libvirt.call(domainGetJobStats, {
      domain: record.ref,
      flags: 0,
    });
    const job = jobOf('background', reply, runtime.backgroundJob, pass.now);
    if (job === undefined && runtime.backgroundJob === undefined) return;
    runtime.backgroundJob = job;
    record.touch();
  }

  async #collectCompleted(pass: CollectorPass, record: DomainRecord): Promise<void> {
    try {
      const reply = await pass.libvirt.call(domainGetJobStats, {
        domain: record.ref,
        flags: jobFlags.completed | jobFlags.keepCompleted,
      });
      const endedAt = this.#watched.has(record) ? pass.now : undefined;
      this.#watched.add(record);
      const job = jobOf('completed', reply, record.completedJob, endedAt);
      // libvirt forgets the job when the domain stops or another begins; the row stays until one completes.
      if (job === undefined || job.stats.length === 0) return;
      if (job.time === record.completedJob?.time && job.elapsedMs === record.completedJob?.elapsedMs) return;
      record.completedJob = job;
      record.touch();
    } catch (error) {
      if (!isInvalidArgument(error)) throw error;
      this.#canKeep = false;
      pass.supported(
        'partial',
        'not supported by this libvirt version: completed jobs would be erased by reading',
      );
    }
  }
}
