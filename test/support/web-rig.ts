import { EventEmitter } from 'node:events';
import { PrometheusExposition } from '../../src/expose/prometheus.ts';
import { servedFamilies } from '../../src/families/served.ts';
import type { Snapshot } from '../../src/model/snapshot.ts';
import type { App, NodeBindings } from '../../src/web/app-type.ts';
import { Authentication } from '../../src/web/auth.ts';
import { EventHub } from '../../src/web/event-hub.ts';
import { Freshness } from '../../src/web/freshness.ts';
import { History } from '../../src/web/history.ts';
import type { HttpOptions } from '../../src/web/http-options.ts';
import { MetricsPage } from '../../src/web/metrics-page.ts';
import type { WebParts } from '../../src/web/web.ts';
import { type WebSource, WebSources } from '../../src/web/web-source.ts';
import { recordingLogger } from './recording-logger.ts';
import { SampleImage } from './sample-image.ts';
import { sampleSnapshot } from './sample-snapshot.ts';

export const httpDefaults = {
  address: { kind: 'tcp', host: '127.0.0.1', port: 0 },
  allowRemote: false,
  certificate: '',
  privateKey: '',
  clientCa: '',
  usersFile: '',
  tokensFile: '',
  hosts: [],
  maxConnections: 64,
  maxStreams: 16,
  sendTimeout: 30,
  specs: true,
  history: 60,
} as const satisfies HttpOptions;

/** What an application is made of, over a sample. */
export async function webRig(given: {
  readonly options?: Partial<WebParts['options']>;
  readonly snapshot?: Snapshot;
  readonly now?: () => number;
  /** Of the first hypervisor. */
  readonly name?: string;
  /** Further hypervisors: their names, and what there is. */
  readonly others?: Readonly<Record<string, Snapshot>>;
}) {
  const { name = '' } = given;
  const { logger, lines } = recordingLogger();
  const image = new SampleImage(given.snapshot ?? sampleSnapshot());
  const families = servedFamilies({ sets: ['libvirt'], exclude: [], labelRules: [] });
  const options = { ...httpDefaults, ...given.options };
  const sourceOf = (own: string, { tree }: SampleImage): WebSource => ({
    name: own,
    tree,
    events: new EventHub(tree, { open: 0, max: options.maxStreams }),
    history: new History(tree, options.history),
  });
  const first = sourceOf(name, image);
  const others = Object.entries(given.others ?? {}).map(([own, snapshot]) =>
    sourceOf(own, new SampleImage(snapshot)),
  );
  const all = [first, ...others];
  const exposition = new PrometheusExposition(all, { families, domainLabels: {} });
  const metrics = new MetricsPage(exposition, { gzip: true });
  const authentication = new Authentication(options, logger);
  await authentication.load();
  const { events, history } = first;
  const parts = {
    options,
    freshness: new Freshness(
      all.map(({ tree }) => tree),
      given.now,
    ),
    metrics,
    sources: new WebSources(all),
    version: '1.2.3',
    logger,
  };
  return { image, lines, authentication, events, history, ...parts, parts };
}

/** What is asked of an application that has no socket. */
export interface Asked {
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly method?: string;
  /** From where. */
  readonly remoteAddress?: string;
}

/** The answer of an application, with its body where that goes out in pieces. */
export async function ask(app: App, asked: Asked): Promise<Response> {
  const { path, headers = {}, method = 'GET', remoteAddress = '127.0.0.1' } = asked;
  const socket = { incoming: { socket: { remoteAddress } }, outgoing: new EventEmitter() };
  const env: Pick<NodeBindings, 'body'> & typeof socket = socket;
  const answer = await app.request(
    `http://localhost${path}`,
    { method, headers: { host: 'localhost', ...headers } },
    env,
  );
  return env.body === undefined ? answer : new Response(Buffer.concat(env.body.pieces), answer);
}
