import type { Logger } from '../log.ts';
import { makeApp } from './app.ts';
import { Authentication } from './auth.ts';
import type { Freshness } from './freshness.ts';
import { Listener, type ListenerOptions } from './listener.ts';
import type { MetricsPage } from './metrics-page.ts';
import { listenerOf } from './pieces.ts';
import type { WebSources } from './web-source.ts';

/** What is served over HTTP, from where. */
export interface WebParts {
  readonly options: ListenerOptions;
  readonly freshness: Freshness;
  readonly metrics: MetricsPage;
  readonly sources: WebSources;
  readonly version: string;
  readonly logger: Logger;
}

/**
 * Serves HTTP: from what has served until now if that can go on under these settings, else from a new listener, and the
 * other is to be closed.
 *
 * @throws if the address, a certificate or a file of secrets cannot be used.
 */
export async function openWeb({ options, logger, ...parts }: WebParts, before?: Listener): Promise<Listener> {
  const authentication = new Authentication(options, logger);
  await authentication.load();
  const handler = listenerOf(makeApp({ ...parts, options, authentication, logger }));
  if (before?.fits(options) !== true) return Listener.open(options, handler, logger, before);
  await before.adopt(options, handler);
  return before;
}
