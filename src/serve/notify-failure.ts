import { AgentxError } from '../agentx/errors.ts';
import { ConnectionLostError, DaemonError, errorText, NotSentError } from '../errors.ts';
import type { NotifyFailure } from './messages.ts';

/** An error as plain data: classes do not survive the way from thread to thread. */
export function failureOf(error: unknown): NotifyFailure {
  if (error instanceof AgentxError) return { kind: 'refused', what: error.what, resError: error.resError };
  const message = errorText(error);
  if (error instanceof NotSentError) return { kind: 'unsent', message };
  return error instanceof ConnectionLostError ? { kind: 'lost', message } : { kind: 'other', message };
}

/** The error of which {@link failureOf} made this. */
export function errorOf(failure: NotifyFailure): DaemonError {
  switch (failure.kind) {
    case 'refused':
      return new AgentxError(failure.what, failure.resError);
    case 'unsent':
      return new NotSentError(failure.message);
    case 'lost':
      return new ConnectionLostError(failure.message);
    case 'other':
      return new DaemonError('AGENTX_ERROR', failure.message);
  }
}
