import {
  AuthenticationFailedError,
  ConnectionFailedError,
  type ConnectionLostError,
  CredentialsRefusedError,
  DaemonError,
  errorText,
  NotAnsweringError,
} from '../errors.ts';
import { CallTimeoutError } from '../libvirt/connection.ts';
import { domainEventsOf, type LibvirtEvent } from '../libvirt/events.ts';
import { isAccessDenied } from '../libvirt/libvirt-error.ts';
import { credentialFiles, type SaslSettings } from '../libvirt/sasl/credentials.ts';
import type { ConnectTarget } from '../libvirt/uri.ts';
import { networkEvents, poolEvents } from '../libvirt-enums/infrastructure.ts';
import type { Logger } from '../log.ts';
import type { Agent, ConnState } from '../model/agent.ts';
import { refusedBackoff, untrustedBackoff } from '../run/backoff.ts';
import { systemClock } from '../run/clock.ts';
import { fileMarks, untilFilesChange } from '../run/file-marks.ts';
import { type Pause, supervise } from '../run/supervise.ts';
import { LibvirtSession } from './access/libvirt-session.ts';
import type { ConnectGate } from './connect-gate.ts';
import { versionText } from './sources/host-identity.ts';

export interface LibvirtLinkOptions {
  readonly target: ConnectTarget;
  readonly readWriteTarget: ConnectTarget | undefined;
  readonly sasl: SaslSettings;
  readonly logger: Logger;
  /** Has connections wait for their turn; undefined if there is nobody to wait for. */
  readonly gate?: ConnectGate | undefined;
  readonly onEvent: (event: LibvirtEvent) => void;
  /** Whether one more event is handled; if not, it is dropped. */
  readonly admitEvent?: () => boolean;
  /** Told once a session whether this daemon sends any events. */
  readonly onSubscribed: (anyEvents: boolean) => void;
  /** Told of each change of the connection's state. */
  readonly onState: (agent: Partial<Agent>, state: ConnState, error: unknown) => void;
  /** Works with a session until the signal aborts or the session is lost. */
  readonly work: (session: LibvirtSession, signal: AbortSignal) => Promise<void>;
}

/** Keeps a session with libvirt: connects, subscribes to events, and starts again when it is lost. */
export class LibvirtLink {
  readonly #options: LibvirtLinkOptions;
  #sessions = 0;
  /** Of the files that decide whether we are let in, before the last attempt. */
  #marks = '';
  /** Whether the last attempt to connect failed. */
  #hasFailed = false;

  constructor(options: LibvirtLinkOptions) {
    this.#options = options;
  }

  /** Runs until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { logger } = this.#options;
    await supervise<LibvirtSession>({
      signal,
      connect: (inner) => this.#connect(inner),
      run: (session, inner) => this.#runSession(session, inner),
      pauseAfter: (error) => this.#pauseAfter(error),
      onState: (change) => {
        if (change.state === 'connected') {
          this.#sessions += 1;
          logger.info({ uri: this.#options.target.uri }, 'connected to libvirt');
          this.#options.onState({ reconnects: Math.max(0, this.#sessions - 1) }, 'connected', undefined);
        } else if (change.state === 'disconnected') {
          this.#disconnected(change.error, change.retryMs);
        } else if (this.#sessions === 0) {
          this.#options.onState({}, 'connecting', undefined);
        }
      },
    });
  }

  /** Opens a session without supervising it. */
  async open(signal: AbortSignal): Promise<LibvirtSession> {
    const { target, readWriteTarget, sasl, logger, admitEvent } = this.#options;
    this.#marks = await fileMarks(this.#files());
    return await LibvirtSession.open({ target, readWriteTarget, sasl, logger, signal, admitEvent });
  }

  async #connect(signal: AbortSignal): Promise<LibvirtSession> {
    const { gate } = this.#options;
    const open = (): Promise<LibvirtSession> => this.open(signal);
    const wasFailing = this.#hasFailed;
    this.#hasFailed = true;
    const session = await (gate === undefined ? open() : gate.pass(wasFailing, open, signal));
    this.#hasFailed = false;
    return session;
  }

  async #runSession(session: LibvirtSession, signal: AbortSignal): Promise<void> {
    const ended = new AbortController();
    const abort = (): void => ended.abort(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    let lost: ConnectionLostError | undefined;
    const closed = session.closed().then((error) => {
      lost = error;
      ended.abort(error);
    });
    const unsubscribe = session.control.onEvent((event) => this.#options.onEvent(event));
    const unwatch = session.control.onSilence((silentMs) => this.#heard(silentMs));
    let failure: unknown;
    try {
      await this.#greet(session);
      await this.#options.work(session, ended.signal);
    } catch (error) {
      failure = error;
    }
    signal.removeEventListener('abort', abort);
    unsubscribe();
    unwatch();
    await session.close();
    await closed;
    // Why the connection ended tells more than what came of it.
    if (lost !== undefined && !signal.aborted) throw lost;
    if (failure !== undefined) throw failure;
  }

  /**
   * Subscribes before anything is collected, so that no change falls between the first list and the first event.
   * One after the other: the first call to each secondary driver must be alone on its connection.
   */
  async #greet(session: LibvirtSession): Promise<void> {
    const { control, libVersion } = session;
    const domainEvents = await Promise.all(domainEventsOf(libVersion).map((id) => control.subscribe(id)));
    const others = [
      await control.subscribeNetworks(networkEvents.lifecycle),
      await control.subscribeStoragePools(poolEvents.lifecycle),
      await control.subscribeStoragePools(poolEvents.refresh),
    ];
    this.#options.onSubscribed([...domainEvents, ...others].some((yes) => yes));
    this.#options.onState({ libvirtVersion: versionText(libVersion) }, 'connected', undefined);
  }

  /** On the connection that never waits for anything, silence means that the daemon itself hangs. */
  #heard(silentMs: number | undefined): void {
    const { logger, onState } = this.#options;
    if (silentMs === undefined) {
      logger.info({}, 'libvirt responds again');
      onState({}, 'connected', undefined);
      return;
    }
    const error = new DaemonError('CALL_TIMEOUT', `libvirt gave no sign of life for ${silentMs} ms`);
    logger.warn({ error: error.message }, 'libvirt does not respond; waiting for it');
    onState({}, 'notResponding', error);
  }

  /** Who was not let in waits for long, unless what it showed is another now. */
  #pauseAfter(error: unknown): Pause | undefined {
    if (!(error instanceof AuthenticationFailedError)) return undefined;
    return {
      backoff: error instanceof CredentialsRefusedError ? refusedBackoff : untrustedBackoff,
      wake: async (signal) => await untilFilesChange(this.#files(), this.#marks, systemClock, signal),
    };
  }

  #files(): readonly string[] {
    const { target, sasl } = this.#options;
    return [...target.files, ...credentialFiles(sasl, target.login)];
  }

  #disconnected(error: unknown, retryMs: number): void {
    const { logger } = this.#options;
    const remedy = error instanceof ConnectionFailedError ? error.remedy : undefined;
    logger.warn(
      { error: errorText(error), remedy, retryInSeconds: Math.ceil(retryMs / 1000) },
      'no connection to libvirt; trying again',
    );
    this.#options.onState({}, stateOf(error), error);
  }
}

function stateOf(error: unknown): ConnState {
  if (isAccessDenied(error) || error instanceof AuthenticationFailedError) return 'authenticationFailed';
  if (error instanceof CallTimeoutError || error instanceof NotAnsweringError) return 'notResponding';
  return 'disconnected';
}
