import type { MessagePort } from 'node:worker_threads';
import { networkErrorText } from '../errors.ts';
import { PrometheusExposition } from '../expose/prometheus.ts';
import { servedFamilies } from '../families/served.ts';
import { ImageTree } from '../image/image-tree.ts';
import type { Logger } from '../log.ts';
import { backoffDelayMs, reconnectBackoff } from '../run/backoff.ts';
import { threadLogger } from '../serve/thread-logger.ts';
import { EventHub } from '../web/event-hub.ts';
import { Freshness } from '../web/freshness.ts';
import { History } from '../web/history.ts';
import { formatHttpAddress } from '../web/http-address.ts';
import { MetricsPage } from '../web/metrics-page.ts';
import { openWeb, type Web } from '../web/web.ts';
import { type WebSource, WebSources } from '../web/web-source.ts';
import type { FacesOptions } from './faces-options.ts';
import type { FacesStart, FromFaces, ToFaces } from './messages.ts';
import { type Pushes, pushFamilies, startPushes } from './pushes.ts';

/** The side of the faces' own thread: everything that is served or sent beside SNMP, from the images of the main thread. */
export class Faces {
  readonly #port: MessagePort;
  readonly #options: FacesOptions;
  readonly #logger: Logger;
  readonly #sources: readonly WebSource[];
  readonly #freshness: Freshness;
  readonly #metrics: MetricsPage;
  readonly #pushes: Pushes;
  readonly #pushProblems = new Map<string, string | undefined>();
  #web: Web | undefined;
  #isStopping = false;
  #retry: NodeJS.Timeout | undefined;

  constructor(port: MessagePort, { sources, options }: FacesStart) {
    this.#port = port;
    this.#options = options;
    this.#logger = threadLogger((line) => this.#post(line));
    const streams = { open: 0 };
    this.#sources = sources.map(({ name, shape }) => {
      const tree = new ImageTree(shape);
      return {
        name,
        tree,
        events: new EventHub(tree, options.http, streams),
        history: new History(tree, options.http.history),
      };
    });
    this.#freshness = new Freshness(this.#sources.map(({ tree }) => tree));
    const { metrics } = options;
    const families = servedFamilies(metrics);
    const exposition = new PrometheusExposition(this.#sources, {
      families,
      domainLabels: metrics.domainLabels,
      own: () => pushFamilies(this.#pushes.counters),
    });
    this.#metrics = new MetricsPage(exposition, metrics);
    port.on('message', (message: ToFaces) => this.#onMessage(message));
    this.#pushes = startPushes(this.#sources, families, options, (key, text) =>
      this.#onPushProblem(key, text),
    );
    void this.#open(0);
  }

  #onMessage(message: ToFaces): void {
    this.#freshness.heard();
    switch (message.kind) {
      case 'image': {
        const source = this.#sources[message.source];
        source?.tree.show(message.image);
        this.#post({ kind: 'shown', source: message.source });
        this.#metrics.invalidate();
        source?.history.take();
        source?.events.publish();
        break;
      }
      case 'alive':
        break;
      case 'stop':
        void this.#stop();
        break;
    }
  }

  /** Listens, and tries again while that is not possible. */
  async #open(attempt: number): Promise<void> {
    const { http } = this.#options;
    const { address } = http;
    if (address === undefined) return;
    try {
      const web = await openWeb({
        options: { ...http, address },
        freshness: this.#freshness,
        metrics: this.#metrics,
        sources: new WebSources(this.#sources),
        version: this.#options.version,
        logger: this.#logger,
      });
      if (this.#isStopping) return await web.close();
      this.#web = web;
      this.#logger.info({ url: web.url }, 'HTTP is served');
      this.#post({ kind: 'problem', key: 'http', text: undefined });
    } catch (error) {
      const where = formatHttpAddress(address);
      if (attempt === 0)
        this.#logger.error({ address: where, error: networkErrorText(error) }, 'HTTP cannot be served');
      this.#post({
        kind: 'problem',
        key: 'http',
        text: `HTTP cannot be served at ${where}: ${networkErrorText(error)}`,
      });
      const delayMs = backoffDelayMs(attempt, reconnectBackoff, Math.random);
      if (!this.#isStopping) this.#retry = setTimeout(() => void this.#open(attempt + 1), delayMs);
    }
  }

  async #stop(): Promise<void> {
    this.#isStopping = true;
    clearTimeout(this.#retry);
    this.#metrics.close();
    for (const { events } of this.#sources) events.close();
    this.#pushes.close();
    await this.#web?.close();
    // With nothing left to wait for the thread ends.
    this.#port.close();
  }

  /** One line for each change, however often a target is tried. */
  #onPushProblem(key: string, text: string | undefined): void {
    if (this.#pushProblems.has(key) && this.#pushProblems.get(key) === text) return;
    const isFirst = !this.#pushProblems.has(key);
    this.#pushProblems.set(key, text);
    if (text !== undefined) this.#logger.warn({ target: key }, text);
    else this.#logger.info({ target: key }, isFirst ? 'push works' : 'push works again');
    this.#post({ kind: 'problem', key, text });
  }

  #post(message: FromFaces): void {
    this.#port.postMessage(message);
  }
}
