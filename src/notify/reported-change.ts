import { operStateOf } from '../domain-state/oper-state.ts';
import { type SeverityOverrides, severityOf } from '../domain-state/severity.ts';
import type { NotificationContent } from '../events/held-notification.ts';
import type { DomainState, VmOperState } from '../model/domain.ts';
import type { Guest } from '../model/guest.ts';
import { isDomainState } from '../state/saved-values.ts';
import { operStateTold } from './notification-builder.ts';
import type { Change, DomainStateChanged } from './occurrence.ts';
import { identityOf, type TrackedDomain } from './tracked-domain.ts';

// What the receivers have been told becomes another, and the change that tells them.

/** Undefined if neither states nor severity are others. */
export function changeState(
  known: TrackedDomain,
  state: DomainState,
  reason: number,
  operState: VmOperState | undefined,
  overrides: SeverityOverrides,
): DomainStateChanged | undefined {
  const before = { state: known.state, operState: known.operState };
  const severityBefore = severityOf(known.state, known.reason, undefined, overrides);
  const severity = severityOf(state, reason, undefined, overrides);
  known.state = state;
  known.reason = reason;
  known.operState = operState ?? operStateOf({ state, reason }).operState;
  if (before.state === state && before.operState === known.operState && severityBefore === severity) {
    return undefined;
  }
  return {
    type: 'domainState',
    domain: identityOf(known),
    oldState: before.state,
    oldOperState: before.operState,
    oldSeverity: severityBefore,
    state,
    reason,
    severity,
    operState: known.operState,
  };
}

export function changeAgent(known: TrackedDomain, state: Guest['agentState']): readonly Change[] {
  const before = known.agentState;
  known.agentState = state;
  // An agent that has not come up yet is not lost.
  if (before === state || (before === undefined && state !== 'connected')) return [];
  return [{ type: 'guestAgent', domain: identityOf(known), state }];
}

/**
 * What a notification that is still to be sent will tell: a program that was killed may have saved the notification, and
 * not that it was told.
 */
export function toldBy(known: TrackedDomain, { name, values }: NotificationContent): void {
  if (name !== 'lveDomainStateChange') {
    known.operState = operStateTold(name) ?? known.operState;
    return;
  }
  const state = values['lveDomState']?.value;
  const reason = values['lveDomReason']?.value;
  if (!isDomainState(state) || typeof reason !== 'number') return;
  known.state = state as DomainState;
  known.reason = reason;
}

/** The domain no longer exists. */
export function markDeleted(known: TrackedDomain): Change {
  known.present = false;
  return {
    type: 'domainDeleted',
    domain: identityOf(known),
    operState: known.operState,
    persistent: known.persistent,
  };
}
