import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http';
import { gunzipSync } from 'node:zlib';

/** A request that was written. */
export interface Written {
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly lines: readonly string[];
}

/** A server that answers what it is told to, undefined: nothing at all. */
export async function writtenTo(
  answers: (number | undefined)[] = [],
  body = 'because',
  headers: OutgoingHttpHeaders = {},
) {
  const written: Written[] = [];
  const http = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const sent = Buffer.concat(chunks);
      const isGzip = request.headers['content-encoding'] === 'gzip';
      const lines = (isGzip ? gunzipSync(sent) : sent).toString().split('\n');
      written.push({ url: request.url ?? '', headers: request.headers, lines });
      const status = answers.length === 0 ? 204 : answers.shift();
      if (status === undefined) request.socket.destroy();
      else response.writeHead(status, headers).end(status === 204 ? '' : body);
    });
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const { port } = http.address() as { port: number };
  return {
    url: `http://127.0.0.1:${port}`,
    written,
    [Symbol.asyncDispose]: async () => {
      http.closeAllConnections();
      http.close();
      await once(http, 'close');
    },
  };
}

/** Pauses between attempts that no test has to wait for. */
export const quick = { baseMs: 1, factor: 1, capMs: 1, jitter: 0 };
