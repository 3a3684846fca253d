import type { DomainState, VmAdminState, VmOperState } from '../model/domain.ts';
import type { Job } from '../model/job.ts';
import { reasonName } from './state-text.ts';

/** What vmOperState and vmAdminState are derived from. */
export interface OperStateInput {
  readonly state: DomainState;
  /** Number of the reason; its meaning depends on `state`. */
  readonly reason: number;
  /** Whether a managed save image exists; undefined if not known. */
  readonly managedSave?: boolean | undefined;
  /** Operation of the running job (VIR_DOMAIN_JOB_OPERATION), if there is one. */
  readonly jobOperation?: Job['operation'];
}

/** vmOperState and vmAdminState of a domain. */
export interface VmStates {
  readonly operState: VmOperState;
  readonly adminState: VmAdminState;
}

/**
 * Maps libvirt's state, reason, running job and managed save image to VirtualMachineOperState and
 * VirtualMachineAdminState (RFC 7666 section 6.2). The RFC leaves the mapping to the implementation; this
 * one is told in docs/mib-choices.md.
 */
export function operStateOf(input: OperStateInput): VmStates {
  switch (input.state) {
    case 'running':
      return { operState: isMigrating(input) ? 'migrating' : 'running', adminState: 'running' };
    case 'blocked':
      return { operState: 'running', adminState: 'running' };
    case 'paused':
      return pausedStates(input);
    case 'shutdown':
      return { operState: 'shuttingdown', adminState: 'shutdown' };
    case 'shutoff':
      return shutoffStates(input);
    case 'crashed':
      return { operState: 'crashed', adminState: 'running' };
    case 'pmsuspended':
      return { operState: 'paused', adminState: 'running' };
    case 'nostate':
    case 'other':
      return { operState: 'other', adminState: 'running' };
  }
}

function isMigrating(input: OperStateInput): boolean {
  const reason = reasonName(input.state, input.reason);
  return (
    reason === 'postcopy' ||
    reason === 'postcopy_failed' ||
    input.jobOperation === 'migrationIn' ||
    input.jobOperation === 'migrationOut'
  );
}

function pausedStates(input: OperStateInput): VmStates {
  switch (reasonName('paused', input.reason)) {
    case 'migration':
    case 'postcopy':
    case 'postcopy_failed':
      return { operState: 'migrating', adminState: 'running' };
    case 'save':
      return { operState: 'suspending', adminState: 'suspended' };
    case 'starting_up':
      return {
        operState: input.jobOperation === 'restore' ? 'resuming' : 'preparing',
        adminState: 'running',
      };
    case 'shutting_down':
      return { operState: 'shuttingdown', adminState: 'shutdown' };
    case 'crashed':
      return { operState: 'crashed', adminState: 'running' };
    case 'dump':
    case 'ioerror':
    case 'watchdog':
    case 'snapshot':
    case 'api_error':
      // Nobody asked for it: it is to run, and does not.
      return { operState: 'paused', adminState: 'running' };
    default:
      return { operState: 'paused', adminState: 'paused' };
  }
}

/** Whether a domain is off and its memory is kept, so that its next start goes on where it was. */
export function isSuspended({ state, reason, managedSave }: OperStateInput): boolean {
  return state === 'shutoff' && (managedSave === true || reasonName('shutoff', reason) === 'saved');
}

function shutoffStates(input: OperStateInput): VmStates {
  const reason = reasonName('shutoff', input.reason);
  if (isSuspended(input)) return { operState: 'suspended', adminState: 'suspended' };
  if (reason === 'crashed') return { operState: 'crashed', adminState: 'running' };
  return { operState: 'shutdown', adminState: 'shutdown' };
}
