import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Context, Hono } from 'hono';
import type { ExposedBody } from '../expose/prometheus.ts';
import type { WebSource } from './web-source.ts';

/** What Node hands to the requests. */
export interface NodeBindings {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  /** The body of the answer, where it is not in the Response. */
  body?: ExposedBody;
}

interface Environment {
  Bindings: NodeBindings;
  /** Of paths below /api: the hypervisor that is asked for. */
  Variables: { source: WebSource };
}

export type App = Hono<Environment>;

/** A request and its answer. */
export type Exchange = Context<Environment>;
