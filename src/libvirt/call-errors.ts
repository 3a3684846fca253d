import { DaemonError } from '../errors.ts';

/**
 * No reply came in time. The daemon goes on working at the call and keeps a worker busy with it: ask for
 * the same thing again only after `answered`.
 */
export class CallTimeoutError extends DaemonError {
  /** Resolves when the late reply arrives or the connection ends; never rejects. */
  readonly answered: Promise<void>;

  constructor(procedure: string, timeoutMs: number, answered: Promise<void>) {
    super('CALL_TIMEOUT', `no reply to ${procedure} within ${timeoutMs} ms`);
    this.answered = answered;
  }
}

/** The caller's signal aborted. For the daemon nothing changes: see {@link CallTimeoutError}. */
export class CallCancelledError extends DaemonError {
  /** Resolves when the late reply arrives or the connection ends; never rejects. */
  readonly answered: Promise<void>;

  constructor(procedure: string, answered: Promise<void>, options?: ErrorOptions) {
    super('CALL_CANCELLED', `call of ${procedure} was cancelled`, options);
    this.answered = answered;
  }
}
