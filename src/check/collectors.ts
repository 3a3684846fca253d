import type { CollectorStatus, Warning } from '../model/agent.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { type Finding, foundProblem, inOrder } from './finding.ts';
import type { ProblemName } from './problems.ts';

/** What one collection showed: the domains, how each source of data fared, and the warnings. */
export function checkSnapshot(snapshot: Snapshot): readonly Finding[] {
  const present = snapshot.domains.length;
  const running = snapshot.domains.filter(({ facts }) => facts.state === 'running').length;
  return [
    present === 0
      ? foundProblem('domains', 'none', 'domains-none')
      : inOrder('domains', `${present}, of which ${running} running`),
    ...snapshot.collectors.map(collectorFinding),
    ...guestAgentFindings(snapshot, running),
    ...snapshot.warnings.map(({ code, text }) => warningFinding(code, code, text)),
  ];
}

/** Rows that tell of the configuration as it is meant to be. */
const meant: readonly string[] = ['rootIsExperimental', 'readOnlyConnection'];

/** A row of lveWarningTable. */
export function warningFinding(subject: string, code: string, text: string): Finding {
  if (meant.includes(code)) return inOrder(subject, text);
  const known: Readonly<Partial<Record<string, ProblemName>>> = problemOfWarning;
  return foundProblem(subject, text, known[code] ?? 'warning-other');
}

const problemOfWarning: Readonly<Partial<Record<Warning['code'], ProblemName>>> = {
  guestAgentMute: 'guest-agents-mute',
  rdtConflict: 'warning-rdt-conflict',
  definitionUnreadable: 'warning-definition-unreadable',
  stateNotSaved: 'warning-state-not-saved',
  clockStep: 'warning-clock-step',
  eventsLost: 'warning-limit-reached',
  limitReached: 'warning-limit-reached',
};

function collectorFinding(row: CollectorStatus): Finding {
  const subject = `collector ${row.id}`;
  const took = row.durationMs === undefined ? '' : `, ${row.durationMs} ms`;
  const why = row.lastError === '' ? '' : `: ${row.lastError}`;
  if (!row.enabled) return inOrder(subject, 'switched off (collect.extra_stats)');
  if (row.support === 'unsupported') return foundProblem(subject, `not available${why}`, lackOf(row));
  if (row.timeouts > 0) {
    return foundProblem(subject, `${row.timeouts} calls without an answer${why}`, 'collector-no-answer');
  }
  if (row.support === 'partial') {
    return foundProblem(subject, `works for some domains${why}`, 'collector-partial');
  }
  if (row.errors > 0) return foundProblem(subject, `${row.errors} errors${why}`, 'collector-errors');
  if (row.runs === 0) return inOrder(subject, 'has not run in this check');
  return inOrder(subject, `works${took}`);
}

function lackOf({ lastError }: CollectorStatus): ProblemName {
  if (/not permitted/.test(lastError)) return 'collector-not-permitted';
  if (/libvirt version/.test(lastError)) return 'collector-libvirt-too-old';
  return 'collector-unavailable';
}

/** Where data of guest agents is asked for and nobody is there to give it. */
function guestAgentFindings({ domains, collectors }: Snapshot, running: number): readonly Finding[] {
  const asked = collectors.some(
    (row) => row.id === 'guestAgent' && row.enabled && row.support !== 'unsupported',
  );
  if (!asked || running === 0) return [];
  const connected = domains.filter(({ guest }) => guest?.agentState === 'connected').length;
  const mute = domains.filter(({ guest }) => guest?.agentState === 'notResponding').length;
  const text = `${connected} of ${running} running domains have a guest agent that answers`;
  // Mute ones have a warning of their own.
  return [
    connected + mute === 0
      ? foundProblem('guest agents', text, 'guest-agents-absent')
      : inOrder('guest agents', text),
  ];
}
