import { Hono } from 'hono';
import { errorText } from '../errors.ts';
import { contentTypes } from '../expose/prometheus.ts';
import type { Logger } from '../log.ts';
import { addApi } from './api.ts';
import type { App, NodeBindings } from './app-type.ts';
import type { Authentication } from './auth.ts';
import type { Freshness } from './freshness.ts';
import { hostGuard } from './host-guard.ts';
import type { ListenerOptions } from './listener.ts';
import { type MetricsPage, preferredFormat } from './metrics-page.ts';
import { answerInPieces } from './pieces.ts';
import { problem } from './problem.ts';
import { addVadvisorApi } from './vadvisor.ts';
import type { WebSources } from './web-source.ts';

/** What an application is made of. */
export interface AppParts {
  readonly options: Pick<ListenerOptions, 'address' | 'hosts' | 'specs'>;
  readonly authentication: Authentication;
  readonly freshness: Freshness;
  readonly metrics: MetricsPage;
  readonly sources: WebSources;
  readonly version: string;
  readonly logger: Logger;
}

/** Longest URL, in characters. */
const maxUrlLength = 2048;

/** Prefixes that one scrape may name. */
const maxPrefixes = 32;

const textHeaders = { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' };

/** The paths that are served. Everything is read-only, and no file is ever served. */
export function makeApp(parts: AppParts): App {
  const { metrics, freshness, logger } = parts;
  const app: App = new Hono();
  app.use(async (context, next) => {
    await next();
    context.header('x-content-type-options', 'nosniff');
    if (!context.res.headers.has('content-security-policy')) {
      context.header('content-security-policy', "default-src 'none'; frame-ancestors 'none'");
    }
  });
  app.use(async (context, next) => {
    if (context.req.method !== 'GET' && context.req.method !== 'HEAD') {
      context.header('allow', 'GET, HEAD');
      return problem(context, { status: 405, title: 'read only', detail: 'Only GET and HEAD are served.' });
    }
    if (context.req.url.length > maxUrlLength) {
      return problem(context, { status: 413, title: 'too long', detail: 'The path and query are too long.' });
    }
    return next();
  });
  app.use(hostGuard(parts.options.address, parts.options.hosts));
  app.use(parts.authentication.middleware((env) => peerOf(env as NodeBindings)));

  app.get('/healthz', (context) => {
    const fault = freshness.threadFault();
    return fault === undefined
      ? context.body('ok\n', 200, textHeaders)
      : problem(context, { status: 503, title: 'not well', detail: fault });
  });
  app.get('/readyz', (context) => {
    const fault = freshness.dataFault();
    return fault === undefined
      ? context.body('ok\n', 200, textHeaders)
      : problem(context, { status: 503, title: 'not ready', detail: fault });
  });
  app.get('/metrics', async (context) => {
    const prefixes = [...(context.req.queries('collect[]') ?? [])].sort();
    const unknown = metrics.unknownPrefixes(prefixes);
    if (prefixes.length > maxPrefixes || unknown.length > 0) {
      const what = unknown.length > 0 ? `No family begins with ${unknown.join(', ')}.` : 'Too many prefixes.';
      return problem(context, {
        status: 400,
        title: 'nothing to collect',
        detail: `${what} collect[] takes the beginning of a name, such as domain_block.`,
      });
    }
    const format = preferredFormat(context.req.header('accept') ?? '');
    const isCompressed =
      metrics.isCompressing &&
      /\bgzip\b(?!\s*;\s*q=0(\.0*)?\b)/.test(context.req.header('accept-encoding') ?? '');
    const body = await metrics.get({ format, isCompressed, prefixes });
    return answerInPieces(context, body, {
      'content-type': contentTypes[format],
      'cache-control': 'no-store',
      vary: 'Accept, Accept-Encoding',
      ...(isCompressed ? { 'content-encoding': 'gzip' } : {}),
    });
  });
  for (const path of ['/api/*', '/statsd']) {
    app.use(path, async (context, next) => {
      const name = context.req.query('hypervisor');
      const source = parts.sources.named(name);
      if (source === undefined) {
        const detail = `${name} is no hypervisor: /api/v1/hypervisors lists them.`;
        return problem(context, { status: 404, title: 'no such hypervisor', detail });
      }
      context.set('source', source);
      return next();
    });
  }
  addApi(app, parts);
  addVadvisorApi(app, parts);
  app.notFound((context) =>
    problem(context, { status: 404, title: 'no such path', detail: 'GET / lists what is served.' }),
  );
  app.onError((error, context) => {
    logger.error({ path: context.req.path, error: errorText(error) }, 'a request failed: a defect');
    return problem(context, {
      status: 500,
      title: 'a defect',
      detail: 'The log of the agent has the error.',
    });
  });
  return app;
}

function peerOf({ incoming }: NodeBindings): string {
  return incoming.socket.remoteAddress ?? 'local socket';
}
