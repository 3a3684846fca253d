import { DaemonError } from '../errors.ts';
import { maskUserInfo } from '../mask.ts';

/** One thing that is wrong with the configuration. */
export interface ConfigIssue {
  /** File, environment variable or flag it stands in. */
  readonly where: string;
  /** `collect.interval` */
  readonly key: string;
  readonly message: string;
}

/** The configuration cannot be used. Holds every problem, not just the first. */
export class ConfigError extends DaemonError {
  readonly issues: readonly ConfigIssue[];

  constructor(issues: readonly ConfigIssue[]) {
    super('CONFIG_INVALID', issues.map(issueText).join('\n'));
    this.issues = issues;
  }
}

/** The issue as one line: `/etc/libvirt-agentx.toml: collect.interval: expected ...`. */
export function issueText(issue: ConfigIssue): string {
  const parts = [issue.where, issue.key, issue.message].filter((part) => part !== '');
  return maskUserInfo(parts.join(': '));
}
