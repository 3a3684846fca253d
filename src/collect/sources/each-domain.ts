import { setImmediate as nextTurn } from 'node:timers/promises';
import { ConnectionLostError } from '../../errors.ts';
import { isAccessDenied, isMissing, isNoDomain } from '../../libvirt/libvirt-error.ts';
import { inParallel } from '../../run/pool.ts';
import { NotCalledError } from '../access/call-gate.ts';
import type { DomainRecord } from '../records/domain-record.ts';
import type { CollectorPass } from './collector.ts';
import { mayPass } from './each-member.ts';
import type { RetrySchedule } from './retry-schedule.ts';

/** Calls of one source under way at a time: the daemon reads five requests of a connection at once. */
const inFlight = 2;

/**
 * Runs a step for each domain that the run is for, a few at a time. A failing step costs the data of its domain only: it is
 * reported, and what cannot work is not tried again soon. Ends early when the connection is lost, the signal
 * aborts, or the first domains show that the call does not exist or is not permitted. A domain that is not
 * asked keeps what is known of it.
 *
 * @throws ConnectionLostError; NotCalledError if no domain may be asked now
 */
export async function eachDomain(
  pass: CollectorPass,
  records: readonly DomainRecord[],
  retries: RetrySchedule,
  step: (record: DomainRecord) => Promise<void>,
): Promise<void> {
  retries.begin(pass.libvirt, pass.domains.present);
  const { only } = pass;
  const due = records.filter((record) => {
    if (only !== undefined && !only.has(record.uuid)) return false;
    if (retries.isDue(record, pass.now)) return true;
    pass.spared(record.name);
    return false;
  });
  let hopeless = false;
  const stepOrNote = async (record: DomainRecord): Promise<void> => {
    try {
      await step(record);
      // A fast daemon must not keep the event loop from everybody else.
      await nextTurn();
      retries.succeeded(record);
      pass.answered(true);
    } catch (error) {
      if (error instanceof ConnectionLostError) throw error;
      if (error instanceof NotCalledError) {
        if (error.why !== 'held') throw error;
        pass.spared(record.name);
        return;
      }
      // It stopped, or ceased to exist, a moment ago.
      if (isNoDomain(error)) return;
      if (!mayPass(error)) retries.failed(record, pass.now);
      pass.failed(error, record.name);
      hopeless = isMissing(error) || (isAccessDenied(error) && retries.failures(record) > 0);
    }
  };
  await inParallel(due, inFlight, stepOrNote, () => !hopeless && !pass.signal.aborted);
  if (hopeless) pass.answered(false);
}
