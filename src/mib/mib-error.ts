import { DaemonError } from '../errors.ts';

/** Bindings or a registration point that do not fit the MIB modules; `issues` lists every problem found. */
export class MibError extends DaemonError {
  readonly issues: readonly string[];

  constructor(issues: readonly string[]) {
    super('MIB_INVALID', `the MIB cannot be served: ${issues.join('; ')}`);
    this.issues = issues;
  }
}
