import type { RequestListener, ServerResponse } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import type { ExposedBody } from '../expose/prometheus.ts';
import type { App, Exchange, NodeBindings } from './app-type.ts';

/**
 * Answers with a body as it lies in memory. A Response would copy it, ten megabytes of a thousand domains for each who
 * asks; so it has none, and whoever sends it takes the pieces from the exchange.
 */
export function answerInPieces(
  context: Exchange,
  body: ExposedBody,
  headers: Readonly<Record<string, string>>,
): Response {
  context.env.body = body;
  const length = body.pieces.reduce((sum, piece) => sum + piece.length, 0);
  return context.body(null, 200, { ...headers, 'content-length': String(length) });
}

/** What Node.js calls for each request. */
export function listenerOf(app: App): RequestListener {
  const listener = getRequestListener(
    async (request, env) => {
      const bindings = env as NodeBindings;
      const response = await app.fetch(request, bindings);
      if (bindings.body === undefined) return response;
      send(response, bindings.outgoing, request.method === 'HEAD' ? undefined : bindings.body);
      return RESPONSE_ALREADY_SENT;
    },
    { overrideGlobalObjects: false },
  );
  return (request, response) => void listener(request, response);
}

function send({ status, headers }: Response, outgoing: ServerResponse, body: ExposedBody | undefined): void {
  if (body !== undefined) outgoing.once('close', body.hold());
  outgoing.writeHead(status, Object.fromEntries(headers));
  // All pieces leave in one call.
  outgoing.cork();
  for (const piece of body?.pieces ?? []) outgoing.write(piece);
  outgoing.end();
}
