import { findParam, type ParamValue, type TypedParams } from '../../libvirt/typed-params.ts';
import { jobOperations, jobTypes } from '../../libvirt-enums/domain-job.ts';
import { percentOf } from '../../model/arithmetic.ts';
import type { Job } from '../../model/job.ts';
import type { Count, EpochMs } from '../../model/scalar-types.ts';
import { statOf } from './stat-value.ts';

/** The reply of virDomainGetJobStats. */
export interface JobReply {
  /** virDomainJobType */
  readonly type: number;
  readonly params: TypedParams;
}

/**
 * The row of lveJobTable and the rows of lveJobStatTable from a reply of virDomainGetJobStats; undefined if
 * there is no such job.
 *
 * @param previous - the job of this kind known so far: its time is kept if the reply tells of the same job.
 * @param now - the time of a job that is new; undefined if it may have ended before the agent looked.
 */
export function jobOf(
  kind: Job['kind'],
  reply: JobReply,
  previous: Job | undefined,
  now: EpochMs | undefined,
): Job | undefined {
  const type = jobTypes[reply.type] ?? 'other';
  if (type === 'none') return undefined;
  const { params } = reply;
  const number = (name: string): Count | undefined => countOf(findParam(params, name));
  const operation = operationOf(findParam(params, 'operation'));
  const throttle = number('auto_converge_throttle');
  const success = findParam(params, 'success');
  const message = findParam(params, 'errmsg');
  const data = dataOf(number);
  const job: Job = {
    kind,
    type,
    operation,
    elapsedMs: number('time_elapsed'),
    // What has ended takes no more time; libvirt says so of none.
    remainingMs: number('time_remaining') ?? (kind === 'completed' ? 0 : undefined),
    percent: data.total === 0 ? emptyPercent(kind, type) : percentOf(data.processed, data.total),
    dataTotalBytes: data.total,
    dataProcessedBytes: data.processed,
    dataRemainingBytes: data.remaining,
    memoryBytesPerSec: number('memory_bps'),
    dirtyPagesPerSec: number('memory_dirty_rate'),
    iteration: number('memory_iteration'),
    downtimeMs: number('downtime'),
    throttle: throttle === undefined ? undefined : Number(throttle) * 100,
    success: typeof success === 'boolean' ? success : successOf(type),
    errorText: typeof message === 'string' ? message : undefined,
    time: now,
    stats: params.names.map((name, i) => statOf(name.text, params.types[i] ?? 0, params.values[i] ?? 0)),
  };
  return previous !== undefined && isSameJob(previous, job) ? { ...job, time: previous.time } : job;
}

/** Whether both are readings of one job: a running one goes on, a completed one does not change any more. */
function isSameJob(previous: Job, job: Job): boolean {
  if (previous.operation !== job.operation) return false;
  if (job.kind === 'background') return Number(job.elapsedMs ?? 0) >= Number(previous.elapsedMs ?? 0);
  return (
    previous.type === job.type &&
    previous.stats.length === job.stats.length &&
    previous.stats.every((stat, i) => stat.name === job.stats[i]?.name && stat.text === job.stats[i]?.text)
  );
}

/** Of a job that has nothing to do, or does not know yet what: it is done only when it has ended well. */
function emptyPercent(kind: Job['kind'], type: Job['type']): number {
  return kind === 'completed' && successOf(type) === true ? 10_000 : 0;
}

/** The type of a completed job says how it ended; libvirt before 6.0 has no parameter for it. */
function successOf(type: Job['type']): boolean | undefined {
  if (type === 'completed') return true;
  return type === 'failed' || type === 'cancelled' ? false : undefined;
}

interface JobData {
  readonly total: Count | undefined;
  readonly processed: Count | undefined;
  readonly remaining: Count | undefined;
}

/** A backup has figures of its disks only, a dump of the memory only. */
function dataOf(number: (name: string) => Count | undefined): JobData {
  for (const what of ['data', 'memory', 'disk']) {
    const total = number(`${what}_total`);
    if (total === undefined || (total === 0 && what !== 'disk')) continue;
    return { total, processed: number(`${what}_processed`), remaining: number(`${what}_remaining`) };
  }
  return { total: undefined, processed: undefined, remaining: undefined };
}

function operationOf(value: ParamValue | undefined): Job['operation'] {
  return typeof value === 'number' ? (jobOperations[value] ?? 'other') : undefined;
}

function countOf(value: ParamValue | undefined): Count | undefined {
  return (typeof value === 'number' || typeof value === 'bigint') && value >= 0 ? value : undefined;
}
