import type { MessagePort } from 'node:worker_threads';
import { AgentxSubagent } from '../agentx/subagent.ts';
import type { Image } from '../image/image.ts';
import type { OutgoingNotification } from '../tree/tree.ts';
import type { FromServing, Scope, ServingOptions, ToServing } from './messages.ts';
import { failureOf } from './notify-failure.ts';
import { ServedScope } from './served-scope.ts';
import { threadLogger } from './thread-logger.ts';

/** How often the main thread is told that the master asks, in milliseconds. */
const askedIntervalMs = 1000;

/** The serving thread's side: the AgentX subagent over the images that the main thread sends. */
export class Server {
  readonly #port: MessagePort;
  readonly #subagent: AgentxSubagent;
  readonly #scopes = new Map<number, ServedScope>();
  /** Requests of which the main thread knows. */
  #toldRequests = 0;

  constructor(port: MessagePort, options: ServingOptions) {
    this.#port = port;
    this.#subagent = new AgentxSubagent({
      ...options,
      logger: threadLogger((message) => this.#post(message)),
    });
    this.#subagent.onStateChange((state) => this.#post({ kind: 'state', state }));
    if (options.tellsAsked) setInterval(() => this.#tellAsked(), askedIntervalMs).unref();
    port.on('message', (message: ToServing) => this.#onMessage(message));
    // Stopped by a message, after which it closes its session; not by a signal.
    this.#subagent.start(new AbortController().signal);
  }

  #onMessage(message: ToServing): void {
    switch (message.kind) {
      case 'scope':
        this.#open(message.scope, message.served);
        break;
      case 'endScope':
        void this.#end(message.scope);
        break;
      case 'image':
        this.#show(message.scope, message.image, message.switchesSeen);
        break;
      case 'notify':
        void this.#notify(message.id, message.notification);
        break;
      case 'ping':
        this.#post({ kind: 'pong' });
        break;
      case 'stop':
        void this.#stop();
        break;
    }
  }

  #open(scope: number, served: Scope): void {
    const { contexts, regions, capabilities } = served;
    this.#scopes.set(
      scope,
      new ServedScope(served, (name, value, ticket) =>
        this.#post({ kind: 'switch', scope, name, value, ticket }),
      ),
    );
    for (const [at, name] of contexts.entries()) {
      this.#subagent.addContext({ name, regions, capabilities: at === 0 ? capabilities : [] });
    }
  }

  async #end(scope: number): Promise<void> {
    const served = this.#scopes.get(scope);
    this.#scopes.delete(scope);
    const contexts = served?.contexts ?? [];
    await Promise.all(contexts.map((name) => this.#subagent.removeContext(name)));
    this.#post({ kind: 'scopeEnded', scope });
  }

  #show(scope: number, image: Image, switchesSeen: number): void {
    const served = this.#scopes.get(scope);
    if (served === undefined) return;
    served.show(image, switchesSeen);
    for (const name of served.contexts) this.#subagent.setTree(served.treeIn(name), [name]);
    this.#post({ kind: 'shown', scope });
  }

  async #notify(id: number, notification: OutgoingNotification): Promise<void> {
    try {
      await this.#subagent.notify(notification);
      this.#post({ kind: 'notified', id });
    } catch (error) {
      this.#post({ kind: 'notified', id, failure: failureOf(error) });
    }
  }

  async #stop(): Promise<void> {
    await this.#subagent.stop();
    // With nothing left to wait for the thread ends.
    this.#port.close();
  }

  #tellAsked(): void {
    const { readRequests } = this.#subagent.counters;
    if (readRequests === this.#toldRequests) return;
    this.#toldRequests = readRequests;
    this.#post({ kind: 'asked' });
  }

  #post(message: FromServing): void {
    this.#port.postMessage(message);
  }
}
