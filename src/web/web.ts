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

/** An HTTP server that is open. */
export interface Web {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Serves HTTP.
 *
 * @throws if the address, a certificate or a file of secrets cannot be used.
 */
export async function openWeb({ options, logger, ...parts }: WebParts): Promise<Web> {
  const authentication = new Authentication(options, logger);
  await authentication.load();
  const app = makeApp({ ...parts, options, authentication, logger });
  return Listener.open(options, listenerOf(app), logger);
}
