import { Worker } from 'node:worker_threads';
import type { SubagentState } from '../agentx/subagent.ts';
import { ConnectionLostError } from '../errors.ts';
import type { ImageFeed, ImageReader } from '../image/image-feed.ts';
import type { Logger } from '../log.ts';
import type { SwitchName } from '../mib/bind.ts';
import { isWithin } from '../tree/oid.ts';
import type { OutgoingNotification } from '../tree/tree.ts';
import type { FromServing, Scope, ServingOptions, ToServing } from './messages.ts';
import { errorOf } from './notify-failure.ts';

export interface ServingThreadOptions {
  /** How to face the master. */
  readonly subagent: ServingOptions;
  readonly logger: Logger;
}

/** A source of images, and as what they are served. */
export interface ScopeOptions extends Omit<Scope, 'shape'> {
  /** Where the images come from. What lies outside the registered subtrees is not served from them. */
  readonly images: ImageFeed;
  /** Names of objects that are in the images for others only. */
  readonly hidden?: readonly string[];
  /** Puts a switch into effect that the master has set; the next tree must show it. */
  readonly onSwitch: (name: SwitchName, value: boolean) => void;
}

/** What is served of one source of images. */
export interface ServedScopeHandle {
  /** The ticket of the last switch that was handed over: trees built from now on show its effect. */
  readonly switchesSeen: number;
  /** Resolves when nothing of it is registered any more. */
  close(): Promise<void>;
}

/** A source that is served, as this thread sees it. */
interface OpenScope {
  readonly options: ScopeOptions;
  reader: ImageReader | undefined;
  switchesSeen: number;
  onEnded: () => void;
}

/**
 * Young generation of the serving thread in MiB. What it allocates lives no longer than a request, so a collection of a
 * small one takes next to no time.
 */
const youngGenerationMib = 2;

/** An agent that nobody has asked for this long, in milliseconds, is not the one that answers: pollers come more often. */
const askedForMs = 300_000;

/** What runs a Server: a worker thread. */
export type ServingPeer = Pick<Worker, 'postMessage' | 'on' | 'once'>;
export type StartServing = (options: ServingOptions) => ServingPeer;

function startWorker(workerData: ServingOptions): ServingPeer {
  return new Worker(new URL('./worker.js', import.meta.url), {
    name: 'agentx',
    workerData,
    resourceLimits: { maxYoungGenerationSizeMb: youngGenerationMib },
  });
}

/** A notification that the master has not taken yet. */
interface Sending {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/**
 * The AgentX subagent in a thread of its own, so that no request ever waits while the main thread refreshes: collecting,
 * garbage collection included, happens there, and the two share nothing but images in shared memory.
 */
export class ServingThread {
  readonly #options: ServingThreadOptions;
  readonly #scopes = new Map<number, OpenScope>();
  #lastScope = 0;
  readonly #worker: ServingPeer;
  readonly #exited: Promise<void>;
  /** Set once the thread has ended: nobody would answer any more. */
  #gone: ConnectionLostError | undefined;
  readonly #listeners = new Set<(state: SubagentState) => void>();
  readonly #sending = new Map<number, Sending>();
  #lastId = 0;
  /** Pings that were not answered yet. */
  readonly #pings: (() => void)[] = [];
  /** When the master was last known to ask, by the monotonic clock. */
  #askedAtMs = Number.NEGATIVE_INFINITY;
  #state: SubagentState = 'stopped';
  #stopping = false;

  constructor(options: ServingThreadOptions, start: StartServing = startWorker) {
    this.#options = options;
    this.#worker = start(options.subagent);
    this.#worker.on('message', (message: FromServing) => this.#onMessage(message));
    this.#exited = new Promise((resolve) => {
      this.#worker.once('exit', (code) => {
        resolve();
        for (const { reader, onEnded } of this.#scopes.values()) {
          reader?.close();
          onEnded();
        }
        this.#scopes.clear();
        this.#gone = new ConnectionLostError('the serving thread has ended');
        this.#failAll(this.#gone);
        for (const resolve of this.#pings.splice(0)) resolve();
        // As an exception nobody expects: without this thread the program is of no use.
        if (!this.#stopping) throw new Error(`the serving thread ended by itself (${code})`);
      });
    });
  }

  /** Serves images in contexts of their own from now on. */
  serve(options: ScopeOptions): ServedScopeHandle {
    this.#lastScope += 1;
    const scope = this.#lastScope;
    const { images, onSwitch: _onSwitch, hidden = [], ...served } = options;
    const { shape } = images;
    const columns = shape.columns.filter(
      ({ name, oid }) => !hidden.includes(name) && served.regions.some((region) => isWithin(oid, region.oid)),
    );
    const open: OpenScope = { options, reader: undefined, switchesSeen: 0, onEnded: () => undefined };
    this.#scopes.set(scope, open);
    this.#post({ kind: 'scope', scope, served: { ...served, shape: { ...shape, columns } } });
    open.reader = images.addReader((image, switchesSeen) =>
      this.#post({ kind: 'image', scope, image, switchesSeen }),
    );
    const ended = new Promise<void>((resolve) => {
      open.onEnded = resolve;
    });
    return {
      get switchesSeen() {
        return open.switchesSeen;
      },
      close: async () => {
        if (!this.#scopes.has(scope)) return;
        this.#post({ kind: 'endScope', scope });
        await ended;
      },
    };
  }

  /** Whether the master has asked this agent lately, and not another one with a better priority. */
  get isAsked(): boolean {
    return performance.now() - this.#askedAtMs < askedForMs;
  }

  get state(): SubagentState {
    return this.#state;
  }

  /** Tells of each change of {@link state}. Returns what ends that. */
  onStateChange(listener: (state: SubagentState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Sends a notification and resolves when the master has taken it. That is no proof of delivery.
   *
   * @throws NotSentError if there is no session, ConnectionLostError if it ends, AgentxError, DaemonError.
   */
  notify(notification: OutgoingNotification): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#gone !== undefined) {
        reject(this.#gone);
        return;
      }
      this.#lastId += 1;
      this.#sending.set(this.#lastId, { resolve, reject });
      this.#post({ kind: 'notify', id: this.#lastId, notification });
    });
  }

  /** Resolves as soon as the thread has taken a message, or has ended. */
  ping(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#gone !== undefined) {
        resolve();
        return;
      }
      this.#pings.push(resolve);
      this.#post({ kind: 'ping' });
    });
  }

  /** Lets notifications under way finish, closes the session with the master and ends the thread. Idempotent. */
  async stop(): Promise<void> {
    if (!this.#stopping) {
      this.#stopping = true;
      this.#post({ kind: 'stop' });
    }
    await this.#exited;
  }

  #onMessage(message: FromServing): void {
    switch (message.kind) {
      case 'shown':
        this.#scopes.get(message.scope)?.reader?.shown();
        break;
      case 'scopeEnded': {
        const scope = this.#scopes.get(message.scope);
        this.#scopes.delete(message.scope);
        scope?.reader?.close();
        scope?.onEnded();
        break;
      }
      case 'state':
        this.#state = message.state;
        for (const listener of this.#listeners) listener(message.state);
        break;
      case 'pong':
        this.#pings.shift()?.();
        break;
      case 'asked':
        this.#askedAtMs = performance.now();
        break;
      case 'notified': {
        const sending = this.#sending.get(message.id);
        this.#sending.delete(message.id);
        if (message.failure === undefined) sending?.resolve();
        else sending?.reject(errorOf(message.failure));
        break;
      }
      case 'switch': {
        const scope = this.#scopes.get(message.scope);
        if (scope === undefined) break;
        // First, because the tree that shows its effect may come at once.
        scope.switchesSeen = message.ticket;
        scope.options.onSwitch(message.name as SwitchName, message.value);
        break;
      }
      case 'log':
        this.#options.logger[message.level](message.fields, message.message);
        break;
    }
  }

  #failAll(error: Error): void {
    for (const { reject } of this.#sending.values()) reject(error);
    this.#sending.clear();
  }

  #post(message: ToServing): void {
    this.#worker.postMessage(message);
  }
}
