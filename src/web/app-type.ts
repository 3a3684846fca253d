import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Context, Hono } from 'hono';

/** What Node hands to the requests. */
export interface NodeBindings {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
}

export type App = Hono<{ Bindings: NodeBindings }>;

/** A request and its answer. */
export type Exchange = Context<{ Bindings: NodeBindings }>;
