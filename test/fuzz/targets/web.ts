import { EventEmitter } from 'node:events';
import { makeApp } from '../../../src/web/app.ts';
import { webRig } from '../../support/web-rig.ts';
import type { Target } from '../target.ts';

const requests = [
  'GET /metrics?collect[]=libvirt_domain_up\nhost: 127.0.0.1\naccept-encoding: gzip',
  'GET /metrics\nhost: localhost\naccept: application/openmetrics-text',
  'GET /api/v1/domains?state=running&limit=2\nhost: 127.0.0.1',
  'GET /api/v1/domains/web-1\nhost: 127.0.0.1\nauthorization: Basic YTpi',
  'GET /api/v1/tables/lveDomTable?limit=3\nhost: 127.0.0.1\nauthorization: Bearer abc',
  'GET /api/v1/events?after=1&limit=10&kind=paused\nhost: 127.0.0.1',
  'GET /api/v1.0/stats?count=3&type=docker&recursive=true\nhost: 127.0.0.1',
  'GET /api/v1.3/events?max_events=5&start_time=2026-01-01T00:00:00Z\nhost: 127.0.0.1',
  'GET /\nhost: 127.0.0.1\naccept: text/html',
  'HEAD /readyz\nhost: 127.0.0.1',
  'POST /api/v1/domains\nhost: 127.0.0.1\ncontent-type: application/json',
];

const words = [
  ...['%', '%00', '%ff', '%2e%2e/', '/../', '//', '?', '&', '=', '[]', '#', ';', ',', '\u00e4', '-1', '1e9'],
  ...['limit=', 'after=', 'collect[]=', 'name[]=', 'start_time=', 'host: evil.example', 'gzip;q=0', 'q=1e9'],
  ...['\nlast-event-id: 1', '\naccept-encoding: ', '\nif-none-match: *', 'OPTIONS ', 'DELETE ', 'undefined'],
];

/** Streams are looked at for this many milliseconds. */
const streamMs = 1;

/** Requests to everything that HTTP serves. */
export async function webTarget(): Promise<Target> {
  const app = makeApp(await webRig({}));
  return {
    name: 'HTTP',
    corpus: requests.map((text) => Uint8Array.from(Buffer.from(text))),
    words,
    weight: 4,
    repair(bytes) {
      const text = Buffer.from(bytes).toString('utf8');
      const target = /(?<= )\/\S*/.exec(text)?.[0] ?? '/metrics';
      const headers = text
        .split('\n')
        .slice(1)
        .filter((line) => /^[a-z-]+: /.test(line) && !line.startsWith('host'));
      return Uint8Array.from(Buffer.from([`GET ${target}`, 'host: 127.0.0.1', ...headers].join('\n')));
    },
    async take(bytes) {
      const request = asRequest(Buffer.from(bytes).toString('utf8'));
      if (request === undefined) return false;
      const response = await app.fetch(request, {
        incoming: { socket: { remoteAddress: '127.0.0.1' } },
        outgoing: new EventEmitter(),
      });
      if (response.status >= 500 && response.status !== 503) {
        throw new Error(`${response.status}: ${await response.text()}`);
      }
      await read(response);
      return response.status < 400;
    },
  };
}

/** Undefined for what Node.js's server would refuse itself. */
function asRequest(text: string): Request | undefined {
  const [line = '', ...rest] = text.split('\n');
  const [method = '', target = ''] = line.split(' ');
  const headers = new Headers();
  try {
    for (const header of rest) {
      const colon = header.indexOf(':');
      headers.append(header.slice(0, colon), header.slice(colon + 1));
    }
    return new Request(new URL(target, 'http://127.0.0.1'), { method, headers });
  } catch {
    return undefined;
  }
}

async function read(response: Response): Promise<void> {
  const reader = response.body?.getReader();
  if (reader === undefined) return;
  const timer = setTimeout(() => void reader.cancel(), streamMs);
  for (let part = await reader.read(); !part.done; part = await reader.read());
  clearTimeout(timer);
}
