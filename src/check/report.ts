import type { Finding, FindingLevel } from './finding.ts';

/**
 * What `check --json` prints. Members are added, never changed or removed, as long as `format` is the same;
 * `docs/check.md` describes them.
 */
export interface CheckReport {
  readonly format: 1;
  /** `libvirt-agentx 0.1.0` */
  readonly program: string;
  /** The gravest level of all findings. */
  readonly result: FindingLevel;
  /** What the process ends with. */
  readonly exitCode: number;
  readonly failed: number;
  readonly warned: number;
  readonly checked: number;
  readonly findings: readonly Finding[];
}

/** Counts the findings. */
export function checkReport(
  findings: readonly Finding[],
  { program, exitCode }: Pick<CheckReport, 'program' | 'exitCode'>,
): CheckReport {
  const failed = findings.filter(({ level }) => level === 'fail').length;
  const warned = findings.filter(({ level }) => level === 'warn').length;
  return {
    format: 1,
    program,
    result: failed > 0 ? 'fail' : warned > 0 ? 'warn' : 'ok',
    exitCode,
    failed,
    warned,
    checked: findings.length,
    findings,
  };
}
