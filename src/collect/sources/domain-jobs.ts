import { domainGetJobStats } from '../../libvirt/procedures.ts';
import { jobStatsFlags } from '../../libvirt-enums/flags.ts';
import type { LibvirtAccess } from '../access/libvirt-access.ts';
import { jobOf } from '../decode/job-stats.ts';
import type { DomainRecord } from '../records/domain-record.ts';
import type { Collector, CollectorKind, CollectorPass } from './collector.ts';
import { eachDomain } from './each-domain.ts';
import { readMember } from './each-member.ts';
import { isInvalidArgument } from './invalid-argument.ts';
import { RetrySchedule } from './retry-schedule.ts';

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
  /** How often its state had changed when a domain that is off was looked at. */
  readonly #lookedAt = new WeakMap<DomainRecord, number>();
  /** The session whose libvirt, older than 6.0, cannot read a completed job without erasing it. */
  #eraser: LibvirtAccess | undefined;

  constructor(options: DomainJobsOptions) {
    this.#options = options;
    this.#retries = new RetrySchedule(options.intervalSec * 1000);
  }

  async collect(pass: CollectorPass): Promise<void> {
    const { background, completed } = this.#options;
    // While a domain is off no job of it can end: what it ended with is looked at once.
    const records = pass.domains.present.filter(
      (record) => record.active || (completed && this.#lookedAt.get(record) !== record.stateChanges),
    );
    await eachDomain(pass, records, this.#retries, async (record) => {
      const retries = { schedule: this.#retries, owner: record };
      const { stateChanges } = record;
      if (background && record.active) {
        await readMember(pass, `${record.name} running job`, {
          known: undefined,
          read: () => this.#collectBackground(pass, record),
          retries,
        });
      }
      if (completed && this.#eraser !== pass.libvirt) {
        const looked = await readMember(pass, `${record.name} completed job`, {
          known: false,
          read: () => this.#collectCompleted(pass, record),
          retries,
        });
        if (looked === true && !record.active) this.#lookedAt.set(record, stateChanges);
      }
    });
    if (this.#eraser === pass.libvirt) {
      pass.limited(
        'partial',
        'not supported by this libvirt version: completed jobs would be erased by reading',
      );
    }
  }

  async #collectBackground(pass: CollectorPass, record: DomainRecord): Promise<undefined> {
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

  /** @returns whether libvirt was asked. */
  async #collectCompleted(pass: CollectorPass, record: DomainRecord): Promise<boolean> {
    try {
      const reply = await pass.libvirt.call(domainGetJobStats, {
        domain: record.ref,
        flags: jobStatsFlags.completed | jobStatsFlags.keepCompleted,
      });
      const endedAt = this.#watched.has(record) ? pass.now : undefined;
      this.#watched.add(record);
      const job = jobOf('completed', reply, record.completedJob, endedAt);
      // libvirt forgets the job when the domain stops or another begins; the row stays until one completes.
      if (job === undefined || job.stats.length === 0) return true;
      if (job.time === record.completedJob?.time && job.elapsedMs === record.completedJob?.elapsedMs)
        return true;
      record.completedJob = job;
      record.touch();
      return true;
    } catch (error) {
      if (!isInvalidArgument(error)) throw error;
      this.#eraser = pass.libvirt;
      return false;
    }
  }
}
