import type { BackoffOptions } from './backoff.ts';
import { backoffDelayMs, reconnectBackoff } from './backoff.ts';
import type { Clock } from './clock.ts';
import { systemClock } from './clock.ts';

/** What a supervised connection is doing. */
export type SupervisedState =
  | { readonly state: 'connecting' }
  | { readonly state: 'connected' }
  /**
   * `error` is why the last attempt or session ended; undefined if the peer ended it in order. The next attempt
   * is made after `retryMs` milliseconds.
   */
  | { readonly state: 'disconnected'; readonly error: unknown; readonly retryMs: number };

/** How to wait after an error. */
export interface Pause {
  readonly backoff: BackoffOptions;
  /** Resolves when there is no sense in waiting on, or when the signal aborts. */
  readonly wake: (signal: AbortSignal) => Promise<void>;
}

/** What is supervised, and how. */
export interface SuperviseOptions<Connection> {
  /** Makes the connection; rejects if it cannot be made. Must end by itself when the signal aborts. */
  readonly connect: (signal: AbortSignal) => Promise<Connection>;
  /**
   * Uses the connection until it is lost, then resolves or rejects. Closing the connection is its
   * business, also when the signal aborts.
   */
  readonly run: (connection: Connection, signal: AbortSignal) => Promise<void>;
  readonly signal: AbortSignal;
  /** Called once per change of state, never twice in a row for the same state and the same error text. */
  readonly onState: (state: SupervisedState) => void;
  readonly backoff?: BackoffOptions;
  /** For errors that are waited after in another way. */
  readonly pauseAfter?: (error: unknown) => Pause | undefined;
  /** A session that lasted this long was a good one: the next wait starts at the shortest again. */
  readonly stableAfterMs?: number;
  readonly clock?: Clock;
  readonly random?: () => number;
}

const DEFAULT_STABLE_AFTER_MS = 60_000;

/**
 * Connects, uses the connection until it is lost, waits and starts again, until the signal aborts.
 * Never rejects: what went wrong is reported through `onState`.
 */
export async function supervise<Connection>(options: SuperviseOptions<Connection>): Promise<void> {
  const { signal } = options;
  const clock = options.clock ?? systemClock;
  const random = options.random ?? Math.random;
  const report = onlyChanges(options.onState);
  let attempt = 0;
  let lastBackoff: BackoffOptions | undefined;
  while (!signal.aborted) {
    report({ state: 'connecting' });
    const outcome = await session(options, clock, report);
    if (signal.aborted) {
      return;
    }
    if (
      outcome.connectedMs !== undefined &&
      outcome.connectedMs >= (options.stableAfterMs ?? DEFAULT_STABLE_AFTER_MS)
    ) {
      attempt = 0;
    }
    const pause = options.pauseAfter?.(outcome.error);
    const backoff = pause?.backoff ?? options.backoff ?? reconnectBackoff;
    if (backoff !== lastBackoff) attempt = 0;
    lastBackoff = backoff;
    const retryMs = backoffDelayMs(attempt, backoff, random);
    attempt += 1;
    report({ state: 'disconnected', error: outcome.error, retryMs });
    try {
      await rest(clock, retryMs, pause, signal);
    } catch {
      return;
    }
  }
}

/** Rejects if the signal aborts. */
async function rest(clock: Clock, ms: number, pause: Pause | undefined, signal: AbortSignal): Promise<void> {
  if (pause === undefined) return await clock.sleep(ms, signal);
  const over = new AbortController();
  const onAbort = (): void => over.abort(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await Promise.race([clock.sleep(ms, over.signal), pause.wake(over.signal)]);
  } finally {
    signal.removeEventListener('abort', onAbort);
    over.abort();
  }
  signal.throwIfAborted();
}

interface SessionOutcome {
  readonly error: unknown;
  /** How long the session lasted, if there was one. */
  readonly connectedMs: number | undefined;
}

async function session<Connection>(
  options: SuperviseOptions<Connection>,
  clock: Clock,
  report: (state: SupervisedState) => void,
): Promise<SessionOutcome> {
  let connectedAt: number | undefined;
  let error: unknown;
  try {
    const connection = await options.connect(options.signal);
    connectedAt = clock.monotonicMs();
    report({ state: 'connected' });
    await options.run(connection, options.signal);
  } catch (caught) {
    error = caught;
  }
  return { error, connectedMs: connectedAt === undefined ? undefined : clock.monotonicMs() - connectedAt };
}

/**
 * While a peer is down, attempts alternate between connecting and disconnected; only the first of each
 * is news, unless the reason changes.
 */
function onlyChanges(onState: (state: SupervisedState) => void): (state: SupervisedState) => void {
  let last: SupervisedState | undefined;
  return (next) => {
    if (last?.state === 'disconnected') {
      if (
        next.state === 'connecting' ||
        (next.state === 'disconnected' && sameError(last.error, next.error))
      ) {
        return;
      }
    }
    last = next;
    onState(next);
  };
}

function sameError(left: unknown, right: unknown): boolean {
  return (
    left === right || (left instanceof Error && right instanceof Error && left.message === right.message)
  );
}
