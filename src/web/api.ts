import { domainRow, firstIndex, readAt } from '../expose/cells.ts';
import { domainJson, domainList } from '../expose/domain-json.ts';
import { eventsAfter, type JsonEvent } from '../expose/events-json.ts';
import { hypervisorJson } from '../expose/hypervisor-json.ts';
import {
  dumpJson,
  isOfDomains,
  isTable,
  scalarsJson,
  tableNames,
  tablePage,
  unknownColumns,
} from '../expose/table-json.ts';
import { tables } from '../mib/objects.gen.ts';
import { systemClock } from '../run/clock.ts';
import type { App, Exchange } from './app-type.ts';
import type { EventHub, StreamFormat } from './event-hub.ts';
import { letStream } from './open-answers.ts';
import { openApi } from './openapi.ts';
import { page, pagePolicy } from './page/page.ts';
import { problem } from './problem.ts';
import { domainsQuery, type EventsQuery, eventsQuery, tableQuery, wrongQuery } from './queries.ts';
import type { WebSources } from './web-source.ts';

/** What the API is made of. */
export interface ApiParts {
  readonly sources: WebSources;
  readonly version: string;
}

const noStore = { 'cache-control': 'no-store' };

/** `/api/v1`: what SNMP serves, as JSON. */
export function addApi(app: App, { sources, version }: ApiParts): void {
  const description = JSON.stringify(openApi(version));
  app.get('/api/openapi.json', (context) =>
    context.body(description, 200, { 'content-type': 'application/json' }),
  );

  app.get('/', (context) =>
    context.body(page, 200, {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': pagePolicy,
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-cache',
    }),
  );

  app.get('/api/v1/hypervisors', (context) => {
    const hypervisors = sources.all.map((source, at) => ({
      name: source.name,
      default: at === 0,
      ...hypervisorJson(source.tree, readAt(systemClock.now())),
    }));
    return context.json({ hypervisors }, 200, noStore);
  });

  app.get('/api/v1/scalars', (context) => {
    const source = context.get('source');
    const scalars = scalarsJson(source.tree, readAt(systemClock.now()));
    return context.json({ ...sources.identity(source), ...scalars }, 200, noStore);
  });

  app.get('/api/v1/domains', (context) => {
    const query = domainsQuery.safeParse(context.req.query());
    if (!query.success) return badQuery(context, wrongQuery(query.error));
    const source = context.get('source');
    const list = domainList(source.tree, query.data, readAt(systemClock.now()));
    return context.json({ ...sources.identity(source), ...list }, 200, noStore);
  });

  app.get('/api/v1/domains/:domain', (context) => {
    const selector = context.req.param('domain');
    const asked = context.get('source');
    // Without a hypervisor the domain may be at any of them: a UUID is of one domain, and of a name the first counts.
    const places = context.req.query('hypervisor') === undefined ? sources.all : [asked];
    for (const source of places) {
      const row = domainRow(source.tree, selector);
      if (row === undefined) continue;
      const domain = domainJson(source.tree, row, readAt(systemClock.now()));
      return context.json({ ...sources.identity(source), ...domain }, 200, noStore);
    }
    return noDomain(context, selector);
  });

  app.get('/api/v1/tables', (context) =>
    context.json({
      tables: tableNames().map((name) => ({
        name,
        index: tables[name].index,
        columns: tables[name].columns,
        summary: tables[name].summary,
      })),
    }),
  );

  app.get('/api/v1/tables/:table', (context) => {
    const table = context.req.param('table');
    if (!isTable(table)) {
      const detail = `${table} is no table of the MIB: /api/v1/tables lists them.`;
      return problem(context, { status: 404, title: 'no such table', detail });
    }
    const query = tableQuery.safeParse(context.req.query());
    if (!query.success) return badQuery(context, wrongQuery(query.error));
    const { domain: selector, limit, after } = query.data;
    const columns = query.data.columns?.split(',');
    const unknown = unknownColumns(table, columns ?? []);
    if (unknown.length > 0) return badQuery(context, `columns: ${table} has no ${unknown.join(', ')}`);
    const source = context.get('source');
    const { tree } = source;
    const row = selector === undefined ? undefined : domainRow(tree, selector);
    const names = tree.column('lveDomName');
    if (selector !== undefined && !isOfDomains(table)) {
      return badQuery(context, `domain: ${table} does not have its rows by domain`);
    }
    if (selector !== undefined && row === undefined) return noDomain(context, selector);
    const domain = row === undefined || names === undefined ? undefined : firstIndex(names.rows, row);
    const page = tablePage(tree, table, { domain, columns, limit, after }, readAt(systemClock.now()));
    return context.json({ ...sources.identity(source), table, ...page }, 200, noStore);
  });

  app.get('/api/v1/dump', (context) => {
    const pieces = dumpJson(context.get('source').tree, readAt(systemClock.now()));
    const encoder = new TextEncoder();
    // Piece by piece, when there is room for it: nobody else waits for the whole.
    const body = new ReadableStream<Uint8Array>({
      async pull(controller) {
        await new Promise((resolve) => setImmediate(resolve));
        const { done, value } = pieces.next();
        if (done === true) controller.close();
        else controller.enqueue(encoder.encode(value));
      },
    });
    return context.body(body, 200, { 'content-type': 'application/json', ...noStore });
  });

  app.get('/api/v1/events', (context) => {
    const query = eventsQuery.safeParse(context.req.query());
    if (!query.success) return badQuery(context, wrongQuery(query.error));
    const accept = context.req.header('accept') ?? '';
    const source = context.get('source');
    if (accept.includes('text/event-stream')) return eventStream(context, source.events, query.data);
    const wanted: JsonEvent[] = [];
    for (const event of eventsAfter(source.tree, query.data.after ?? 0))
      if (isWanted(event, query.data)) wanted.push(event);
    const some = wanted.slice(-query.data.limit);
    if (accept.includes('application/x-ndjson')) {
      const text = some.map((event) => `${JSON.stringify(event)}\n`).join('');
      return context.body(text, 200, { 'content-type': 'application/x-ndjson', ...noStore });
    }
    return context.json({ ...sources.identity(source), events: some }, 200, noStore);
  });
}

/** Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html). */
function eventStream(context: Exchange, events: EventHub, query: EventsQuery): Response {
  const last = context.req.header('last-event-id');
  if (last !== undefined && !/^\d{1,10}$/.test(last)) return badQuery(context, 'Last-Event-ID: is no number');
  const format: StreamFormat = {
    event: (event) =>
      isWanted(event, query)
        ? `id: ${event.seq}\nevent: ${event.kind}\ndata: ${JSON.stringify(event)}\n\n`
        : undefined,
    heartbeat: ':\n\n',
    head: 'retry: 2000\n\n',
  };
  return stream(
    context,
    events,
    'text/event-stream',
    format,
    last === undefined ? query.after : Number(last),
  );
}

/** An answer that goes on; 503 if there are too many already. */
export function stream(
  context: Exchange,
  events: EventHub,
  contentType: string,
  format: StreamFormat,
  after: number | undefined,
): Response {
  if (events.isFull) {
    context.header('retry-after', '5');
    return problem(context, {
      status: 503,
      title: 'too many streams',
      detail: 'All streams are taken: end one, or raise http.max_streams.',
    });
  }
  if (context.req.method === 'HEAD') return context.body(null, 200, { 'content-type': contentType });
  letStream(context.env.outgoing);
  return context.body(events.subscribe(format, after), 200, {
    'content-type': contentType,
    'x-accel-buffering': 'no',
    ...noStore,
  });
}

function isWanted(event: JsonEvent, { kind, severity, domain }: EventsQuery): boolean {
  return (
    (kind === undefined || kind.includes(event.kind)) &&
    (severity === undefined || severity.includes(event.severity)) &&
    (domain === undefined || domain === event.uuid || domain === event.subject)
  );
}

function badQuery(context: Exchange, detail: string): Response {
  return problem(context, { status: 400, title: 'a parameter is wrong', detail });
}

export function noDomain(context: Exchange, selector: string): Response {
  const detail = `${selector} is no UUID, name or index of a domain: /api/v1/domains lists them.`;
  return problem(context, { status: 404, title: 'no such domain', detail });
}
