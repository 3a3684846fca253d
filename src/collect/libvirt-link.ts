import { ConnectionFailedError, type ConnectionLostError, errorText } from '../errors.ts';
import { CallTimeoutError } from '../libvirt/connection.ts';
import type { LibvirtEvent } from '../libvirt/events.ts';
import { isAccessDenied } from '../libvirt/libvirt-error.ts';
import { connectGetLibVersion } from '../libvirt/procedures.ts';
import type { ConnectTarget } from '../libvirt/uri.ts';
import type { Logger } from '../log.ts';
import type { Agent, ConnState } from '../model/agent.ts';
import { supervise } from '../run/supervise.ts';
import { LibvirtSession } from './access/libvirt-session.ts';
import { versionText } from './sources/host-identity.ts';

/** Highest virDomainEventID that is asked for; a daemon refuses the ones it does not know. */
const lastEventId = 29;

/** virNetworkEventID, virStoragePoolEventID */
const networkLifecycle = 0;
const poolLifecycle = 0;
const poolRefresh = 1;

export interface LibvirtLinkOptions {
  readonly target: ConnectTarget;
  readonly readWriteTarget: ConnectTarget | undefined;
  readonly logger: Logger;
  readonly onEvent: (event: LibvirtEvent) => void;
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

  constructor(options: LibvirtLinkOptions) {
    this.#options = options;
  }

  /** Runs until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { logger } = this.#options;
    await supervise<LibvirtSession>({
      signal,
      connect: (inner) => this.open(inner),
      run: (session, inner) => this.#runSession(session, inner),
      onState: (change) => {
        if (change.state === 'connected') {
          this.#sessions += 1;
          logger.info({ uri: this.#options.target.uri }, 'connected to libvirt');
          this.#options.onState({ reconnects: Math.max(0, this.#sessions - 1) }, 'connected', undefined);
        } else if (change.state === 'disconnected') {
          this.#disconnected(change.error);
        } else if (this.#sessions === 0) {
          this.#options.onState({}, 'connecting', undefined);
        }
      },
    });
  }

  /** Opens a session without supervising it. */
  async open(signal: AbortSignal): Promise<LibvirtSession> {
    const { target, readWriteTarget, logger } = this.#options;
    return await LibvirtSession.open({ target, readWriteTarget, logger, signal });
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
    try {
      await this.#greet(session);
      await this.#options.work(session, ended.signal);
    } finally {
      signal.removeEventListener('abort', abort);
      unsubscribe();
      await session.close();
      await closed;
    }
    if (lost !== undefined && !signal.aborted) throw lost;
  }

  /** Subscribes before anything is collected, so that no change falls between the first list and the first event. */
  async #greet(session: LibvirtSession): Promise<void> {
    const { control } = session;
    const [libvirtVersion, ...subscribed] = await Promise.all([
      readVersion(session),
      ...Array.from({ length: lastEventId + 1 }, (_, id) => control.subscribe(id)),
      control.subscribeNetworks(networkLifecycle),
      control.subscribeStoragePools(poolLifecycle),
      control.subscribeStoragePools(poolRefresh),
    ]);
    this.#options.onSubscribed(subscribed.some((yes) => yes));
    this.#options.onState({ libvirtVersion }, 'connected', undefined);
  }

  #disconnected(error: unknown): void {
    const { logger } = this.#options;
    const remedy = error instanceof ConnectionFailedError ? error.remedy : undefined;
    logger.warn({ error: errorText(error), remedy }, 'no connection to libvirt; trying again');
    this.#options.onState({}, stateOf(error), error);
  }
}

/** Version of the daemon: `9.0.0`. */
export async function readVersion(session: LibvirtSession): Promise<string> {
  return versionText(
    Number(await session.control.call(connectGetLibVersion, undefined, { timeoutMs: 10_000 })),
  );
}

function stateOf(error: unknown): ConnState {
  if (isAccessDenied(error)) return 'authenticationFailed';
  if (error instanceof CallTimeoutError) return 'notResponding';
  return 'disconnected';
}
