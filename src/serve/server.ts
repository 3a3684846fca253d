import type { MessagePort } from 'node:worker_threads';
import { AgentxSubagent } from '../agentx/subagent.ts';
import { ImageTree } from '../image/image-tree.ts';
import type { MibTree, OutgoingNotification } from '../tree/tree.ts';
import type { FromServing, ServingOptions, ToServing } from './messages.ts';
import { failureOf } from './notify-failure.ts';
import { SwitchColumn } from './switch-column.ts';
import { threadLogger } from './thread-logger.ts';

/** How often the main thread is told that the master asks, in milliseconds. */
const askedIntervalMs = 1000;

/** The serving thread's side: the AgentX subagent over the images that the main thread sends. */
export class Server {
  readonly #port: MessagePort;
  readonly #images: ImageTree;
  readonly #tree: MibTree;
  readonly #switches: readonly SwitchColumn[];
  readonly #subagent: AgentxSubagent;
  #ticket = 0;
  /** Requests of which the main thread knows. */
  #toldRequests = 0;

  constructor(port: MessagePort, options: ServingOptions) {
    this.#port = port;
    const { shape, ...subagent } = options;
    this.#images = new ImageTree(shape);
    const columns = this.#images.columns.map((column) =>
      column.writable ? new SwitchColumn(column, (name, value) => this.#onSwitch(name, value)) : column,
    );
    this.#tree = { columns };
    this.#switches = columns.filter((column) => column instanceof SwitchColumn);
    this.#subagent = new AgentxSubagent({
      ...subagent,
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
      case 'image':
        this.#images.show(message.image);
        for (const column of this.#switches) column.settle(message.switchesSeen);
        this.#subagent.setTree(this.#tree);
        this.#post({ kind: 'shown' });
        break;
      case 'notify':
        void this.#notify(message.id, message.notification);
        break;
      case 'stop':
        void this.#stop();
        break;
    }
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

  #onSwitch(name: string, value: boolean): number {
    this.#ticket += 1;
    this.#post({ kind: 'switch', name, value, ticket: this.#ticket });
    return this.#ticket;
  }

  #post(message: FromServing): void {
    this.#port.postMessage(message);
  }
}
