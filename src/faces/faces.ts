import type { MessagePort } from 'node:worker_threads';
import { PrometheusExposition } from '../expose/prometheus.ts';
import { servedFamilies } from '../families/served.ts';
import { ImageTree } from '../image/image-tree.ts';
import type { Logger } from '../log.ts';
import { threadLogger } from '../serve/thread-logger.ts';
import { EventHub } from '../web/event-hub.ts';
import { Freshness } from '../web/freshness.ts';
import { History } from '../web/history.ts';
import { MetricsPage } from '../web/metrics-page.ts';
import { type WebSource, WebSources } from '../web/web-source.ts';
import type { FacesSource, FacesStart, FromFaces, ToFaces } from './messages.ts';
import { Pushes, pushFamilies } from './pushes.ts';
import { WebFace } from './web-face.ts';

/** Once the thread is told to stop, what it is answering and sending has so many milliseconds. */
const stopGraceMs = 1000;

/** The side of the faces' own thread: everything that is served or sent beside SNMP, from the images of the main thread. */
export class Faces {
  readonly #port: MessagePort;
  readonly #logger: Logger;
  readonly #sources = new Map<number, WebSource>();
  readonly #streams = { open: 0, max: 0 };
  readonly #pushes: Pushes;
  readonly #web: WebFace;
  readonly #pushProblems = new Map<string, string | undefined>();
  #freshness = new Freshness([]);
  #metrics: MetricsPage | undefined;
  /** One change at a time. */
  #changing: Promise<void> = Promise.resolve();

  constructor(port: MessagePort, start: FacesStart) {
    this.#port = port;
    this.#logger = threadLogger((line) => this.#post(line));
    this.#pushes = new Pushes((key, text) => this.#onPushProblem(key, text));
    this.#web = new WebFace(this.#logger, (text) => this.#post({ kind: 'problem', key: 'http', text }));
    port.on('message', (message: ToFaces) => this.#onMessage(message));
    this.#configure(start);
  }

  #onMessage(message: ToFaces): void {
    this.#freshness.heard();
    switch (message.kind) {
      case 'configure':
        this.#configure(message.start);
        break;
      case 'image': {
        const source = this.#sources.get(message.source);
        if (source === undefined) break;
        source.tree.show(message.image);
        this.#post({ kind: 'shown', source: message.source });
        this.#metrics?.invalidate();
        source.history.take();
        source.events.publish();
        break;
      }
      case 'alive':
        break;
      case 'stop':
        this.#inTurn(() => this.#stop());
        break;
    }
  }

  #configure(start: FacesStart): void {
    // Their images may be the next messages.
    for (const source of start.sources) if (!this.#sources.has(source.id)) this.#add(source, start);
    this.#inTurn(() => this.#apply(start));
  }

  #add({ id, name, shape }: FacesSource, { options }: FacesStart): void {
    const tree = new ImageTree(shape);
    const events = new EventHub(tree, this.#streams);
    this.#sources.set(id, { name, tree, events, history: new History(tree, options.http.history) });
  }

  #inTurn(change: () => Promise<void>): void {
    this.#changing = this.#changing.then(change);
  }

  /** What is the same as before goes on, streams and what waits to be sent included. */
  async #apply({ sources, options }: FacesStart): Promise<void> {
    const { http, metrics, version } = options;
    const served = sources.flatMap(({ id }) => this.#sources.get(id) ?? []);
    this.#streams.max = http.maxStreams;
    for (const { history } of served) history.keepFor(http.history);
    const families = servedFamilies(metrics);
    this.#pushes.configure(served, families, options);
    this.#forgetPushProblems();
    this.#freshness = new Freshness(served.map(({ tree }) => tree));
    const exposition = new PrometheusExposition(served, {
      families,
      domainLabels: metrics.domainLabels,
      own: () => pushFamilies(this.#pushes.counters),
    });
    this.#metrics?.close();
    this.#metrics = new MetricsPage(exposition, metrics);
    await this.#web.serve({
      options: http,
      freshness: this.#freshness,
      metrics: this.#metrics,
      sources: new WebSources(served),
      version,
    });
    const wanted = new Set(sources.map(({ id }) => id));
    for (const [id, { events }] of this.#sources) {
      if (wanted.has(id)) continue;
      events.close();
      this.#sources.delete(id);
      this.#post({ kind: 'released', source: id });
    }
  }

  async #stop(): Promise<void> {
    this.#metrics?.close();
    for (const { events } of this.#sources.values()) events.close();
    await Promise.all([this.#web.close(stopGraceMs), this.#pushes.close(stopGraceMs)]);
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

  /** What is sent to no more has no problems. */
  #forgetPushProblems(): void {
    const { counters } = this.#pushes;
    for (const key of [...this.#pushProblems.keys()]) {
      if (counters.has(key)) continue;
      this.#pushProblems.delete(key);
      this.#post({ kind: 'problem', key, text: undefined });
    }
  }

  #post(message: FromFaces): void {
    this.#port.postMessage(message);
  }
}
