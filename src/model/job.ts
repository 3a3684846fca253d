import type { jobOperations, jobTypes } from '../libvirt-enums/domain-job.ts';
import type { Count, EpochMs, Percent } from './scalar-types.ts';
import type { Stat } from './stat.ts';

/** A job of a domain: the running one or the last completed one (virDomainGetJobStats). */
export interface Job {
  readonly kind: 'background' | 'completed';
  readonly type: (typeof jobTypes)[number] | 'other';
  readonly operation: (typeof jobOperations)[number] | 'other' | undefined;
  readonly elapsedMs: Count | undefined;
  readonly remainingMs: Count | undefined;
  readonly percent: Percent | undefined;
  readonly dataTotalBytes: Count | undefined;
  readonly dataProcessedBytes: Count | undefined;
  readonly dataRemainingBytes: Count | undefined;
  readonly memoryBytesPerSec: Count | undefined;
  readonly dirtyPagesPerSec: Count | undefined;
  readonly iteration: Count | undefined;
  readonly downtimeMs: Count | undefined;
  readonly throttle: Percent | undefined;
  readonly success: boolean | undefined;
  readonly errorText: string | undefined;
  readonly time: EpochMs | undefined;
  /** Every parameter by name (lveJobStatTable). */
  readonly stats: readonly Stat[];
}
