import { type Advice, advise } from '../errors.ts';
import { checkProblems, type ProblemLevel, type ProblemName } from './problems.ts';

/** How grave a finding of `check` is: a `fail` keeps something from working. */
export type FindingLevel = 'ok' | ProblemLevel;

/** One line of `check`: what was looked at, what was found and what to do about it. */
export interface Finding {
  readonly level: FindingLevel;
  /** What was looked at: `configuration`, `libvirt`, `agentx`. */
  readonly subject: string;
  /** Which of several hypervisors it is about; absent where it is about no single one. */
  readonly hypervisor?: string;
  readonly text: string;
  /** Name of the problem, as docs/check.md lists it; absent where there is none, or none with a name. */
  readonly problem?: string;
  /** A sentence for the operator; absent where nothing needs doing. */
  readonly remedy?: string;
}

/** What is in order, or nobody's fault. */
export function inOrder(subject: string, text: string): Finding {
  return { level: 'ok', subject, text };
}

/** A problem of the table, with the words of its remedy that depend on what was found. */
export function foundProblem(
  subject: string,
  text: string,
  problem: ProblemName,
  found: Readonly<Record<string, string | number>> = {},
): Finding {
  return { level: checkProblems[problem].level, subject, text, ...advise(checkProblems, problem, found) };
}

/** Something failed, with the advice that came with its error. */
export function failure(subject: string, text: string, advice: Advice | undefined): Finding {
  return { level: 'fail', subject, text, ...advice };
}

/** What is found of one of several hypervisors says of which; the only one has no name. */
export function findingsOf(hypervisor: string, findings: readonly Finding[]): readonly Finding[] {
  if (hypervisor === '') return findings;
  return findings.map(({ level, subject, ...found }) => ({ level, subject, hypervisor, ...found }));
}

/** A finding as one line, whatever the texts of peers hold. */
export function findingLine({ level, subject, hypervisor, text, remedy }: Finding): string {
  const advice = remedy === undefined ? '' : `. To do: ${remedy}`;
  const about = hypervisor === undefined ? subject : `${subject} ${hypervisor}`;
  const line = `${level.padEnd(5)}${about}: ${text.replace(/[\s.]+$/, '')}${advice}`;
  // Line ends, and what a terminal takes for commands.
  return line.replaceAll(/[\s\p{Cc}]+/gu, (space) => (/\p{Cc}/u.test(space) ? ' ' : space));
}
