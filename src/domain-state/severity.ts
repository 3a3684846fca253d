import type { ControlInfo, DomainState } from '../model/domain.ts';
import type { Severity } from '../model/scalar-types.ts';
import { reasonName, stateKeys } from './state-text.ts';

/**
 * Severities set by the operator. Keys are states (`paused`), states with a reason (`paused/user`),
 * `control/error`, event kinds (`event:watchdog`) and event names (`event:stopped/destroyed`).
 */
export type SeverityOverrides = Readonly<Record<string, Severity>>;

export const noOverrides: SeverityOverrides = {};

/** The mapping of collectd's virt plugin for the notification domain_state. */
const stateSeverities: Readonly<Record<DomainState, Severity>> = {
  nostate: 'okay',
  running: 'okay',
  blocked: 'warning',
  paused: 'warning',
  shutdown: 'okay',
  shutoff: 'okay',
  crashed: 'failure',
  pmsuspended: 'warning',
  other: 'okay',
};

/** Reasons that raise the severity of their state. */
const reasonSeverities: Readonly<Record<string, Severity>> = {
  'running/postcopy_failed': 'failure',
  'paused/ioerror': 'failure',
  'paused/watchdog': 'failure',
  'paused/crashed': 'failure',
  'paused/postcopy_failed': 'failure',
  'paused/api_error': 'failure',
  'shutoff/crashed': 'failure',
  'shutoff/failed': 'failure',
};

const ranks: Readonly<Record<Severity, number>> = { okay: 0, warning: 1, failure: 2 };

/** The graver of two severities. */
export function graver(first: Severity, second: Severity): Severity {
  return ranks[first] >= ranks[second] ? first : second;
}

/**
 * Severity of a domain's state (lveDomSeverity). What is said about state and reason wins over what is
 * said about the state alone, so that `paused = okay` does not hide an I/O error. A control interface in
 * error is a failure whatever the state.
 */
export function severityOf(
  state: DomainState,
  reason: number,
  controlState: ControlInfo['state'] | undefined,
  overrides: SeverityOverrides = noOverrides,
): Severity {
  const key = `${state}/${reasonName(state, reason)}`;
  const severity = overrides[key] ?? reasonSeverities[key] ?? overrides[state] ?? stateSeverities[state];
  if (controlState !== 'error') return severity;
  return graver(severity, overrides['control/error'] ?? 'failure');
}

/** Whether a key of {@link SeverityOverrides} means a state, a state with its reason, or the control interface. */
export function isStateSeverityKey(key: string): boolean {
  return key === 'control/error' || stateKeys().includes(key);
}
