import { domainRow, firstIndex, rowsBelow } from '../expose/cells.ts';
import { eventsAfter } from '../expose/events-json.ts';
import { vadvisorStatsdDump } from '../expose/statsd.ts';
import { vadvisorEvent, vadvisorParameters } from '../expose/vadvisor-events.ts';
import { type SpecObject, vadvisorSpec } from '../expose/vadvisor-specs.ts';
import { activeRows, vadvisorSample } from '../expose/vadvisor-stats.ts';
import type { ImageTree } from '../image/image-tree.ts';
import { octetsAt } from '../image/text-pool.ts';
import { wallOffsetMs } from '../run/clock.ts';
import { noDomain, stream } from './api.ts';
import type { App, Exchange } from './app-type.ts';
import type { Moment } from './history.ts';
import type { HttpOptions } from './http-options.ts';
import { problem } from './problem.ts';
import type { WebSources } from './web-source.ts';

/** What the API is made of. */
export interface VadvisorParts {
  readonly options: Pick<HttpOptions, 'specs'>;
  readonly sources: WebSources;
}

const noStore = { 'cache-control': 'no-store' };
const defaultMaxEvents = 10;
const mostEvents = 100_000;

/** `/api/v1.0` and `/statsd`: what clients of vAdvisor know (github.com/kubevirt/vAdvisor). */
export function addVadvisorApi(app: App, { options, sources }: VadvisorParts): void {
  for (const path of ['/api/v1.0/stats', '/api/v1.0/stats/']) {
    app.get(path, (context) => {
      const moments = momentsFor(context);
      const byUuid = new Map<string, unknown[]>();
      for (const { at, frame } of moments) {
        for (const row of activeRows(frame)) {
          const uuid = frame.text('lveDomUuid', row);
          const samples = byUuid.get(uuid) ?? [];
          samples.push(vadvisorSample(frame, row, timestamp(at)));
          byUuid.set(uuid, samples);
        }
      }
      return context.json(Object.fromEntries(byUuid), 200, noStore);
    });
  }

  app.get('/api/v1.0/stats/:uuid', (context) => {
    const uuid = context.req.param('uuid').toLowerCase();
    const samples = momentsFor(context).flatMap(({ at, frame }) => {
      for (const row of activeRows(frame)) {
        if (frame.text('lveDomUuid', row) === uuid) return [vadvisorSample(frame, row, timestamp(at))];
      }
      return [];
    });
    if (samples.length === 0) return noDomain(context, uuid);
    return context.json({ [uuid]: samples }, 200, noStore);
  });

  for (const path of ['/api/v1.0/specs', '/api/v1.0/specs/']) {
    app.get(path, (context) => {
      const { tree } = context.get('source');
      if (!options.specs) return noDefinitions(context);
      const rows = tree.column('lveDomId')?.rows.length ?? 0;
      const specs = Array.from({ length: rows }, (_, row) => row).flatMap((row) =>
        tree.column('lveDomId')?.read(row, noTime) === undefined ? [] : (specOf(tree, row) ?? []),
      );
      return context.json(specs as unknown[], 200, noStore);
    });
  }

  app.get('/api/v1.0/specs/:domain', (context) => {
    const { tree } = context.get('source');
    if (!options.specs) return noDefinitions(context);
    const selector = context.req.param('domain');
    const row = domainRow(tree, selector);
    if (row === undefined) return noDomain(context, selector);
    const spec = specOf(tree, row);
    return spec === undefined ? notRead(context, selector) : context.json(spec as unknown, 200, noStore);
  });

  app.get('/statsd', (context) => {
    const source = context.get('source');
    const text = vadvisorStatsdDump(source.tree, sources.identity(source).hypervisor);
    return context.body(text, 200, { 'content-type': 'text/plain; charset=utf-8', ...noStore });
  });

  app.get('/api/v1.0/events', (context) => {
    const { tree, events } = context.get('source');
    const types = wantedTypes(context);
    const line = (event: Parameters<typeof vadvisorEvent>[0]): string | undefined => {
      const own = vadvisorEvent(event);
      return own === undefined || !types.has(own.event_type) ? undefined : `${JSON.stringify(own)}\n`;
    };
    const { start_time: start, end_time: end, max_events: max, stream: isStream } = context.req.query();
    if (isStream === 'true') {
      const format = { event: line, heartbeat: '\n', head: '' };
      return stream(context, events, 'application/json', format, undefined);
    }
    const [from, to] = [moment(start, 0), moment(end, Number.POSITIVE_INFINITY)];
    const limit = max === undefined ? defaultMaxEvents : Number(max);
    if (Number.isNaN(from) || Number.isNaN(to))
      return badParameter(context, 'start_time and end_time are times in ISO 8601.');
    if (!Number.isInteger(limit) || limit < 0 || limit > mostEvents) {
      return badParameter(context, `max_events is a whole number up to ${mostEvents}.`);
    }
    const lines: string[] = [];
    for (const event of eventsAfter(tree, 0)) {
      const at = Date.parse(event.time);
      const text = at >= from && at <= to ? line(event) : undefined;
      // Counted after all filters: vAdvisor counts before.
      if (text !== undefined && lines.push(text) >= limit && limit > 0) break;
    }
    return context.body(lines.join(''), 200, { 'content-type': 'application/json', ...noStore });
  });
}

function momentsFor(context: Exchange): readonly Moment[] {
  const { history } = context.get('source');
  if (context.req.query('live') === 'true' || history.moments.length === 0) return [history.newest()];
  return history.moments;
}

/** A moment as Python prints it, by the wall clock. */
function timestamp(at: number): string {
  return new Date(at + wallOffsetMs()).toISOString().replace('Z', '000Z');
}

function wantedTypes(context: Exchange): ReadonlySet<string> {
  const isAll = context.req.query('all_events') === 'true';
  const types = [...vadvisorParameters].filter(([name]) => isAll || context.req.query(name) === 'true');
  return new Set(types.map(([, type]) => type));
}

/** A time without a zone is UTC, as in vAdvisor. */
function moment(text: string | undefined, fallback: number): number {
  if (text === undefined) return fallback;
  const hasZone = /(?:[zZ]|[+-]\d{2}:?\d{2})$/.test(text);
  return Date.parse(hasZone || !text.includes('T') ? text : `${text}Z`);
}

/** The definition of a domain, put together from its pieces, as JSON; undefined if there is none. */
function specOf(tree: ImageTree, row: number): SpecObject | undefined {
  const names = tree.column('lveDomName');
  const column = tree.column('lveXmlText');
  if (names === undefined || column === undefined) return undefined;
  const [from, to] = rowsBelow(column.rows, firstIndex(names.rows, row));
  const { cells, texts } = column;
  const pieces: Uint8Array[] = [];
  for (let piece = from; piece < to; piece++) {
    const position = cells[piece] ?? Number.NaN;
    if (!Number.isNaN(position)) pieces.push(octetsAt(texts, position));
  }
  return pieces.length === 0 ? undefined : vadvisorSpec(Buffer.concat(pieces).toString());
}

const noTime = { now: 0, masterStartedAt: undefined };

function noDefinitions(context: Exchange): Response {
  return problem(context, {
    status: 503,
    title: 'definitions are not kept',
    detail: 'Set http.specs = true.',
  });
}

/** It is gone, it has just appeared, or it cannot be read: the collector `inventory` has the reason. */
function notRead(context: Exchange, selector: string): Response {
  return problem(context, {
    status: 503,
    title: 'no definition',
    detail: `The definition of ${selector} is not known: /api/v1/tables/lveCollectorTable tells of errors.`,
  });
}

function badParameter(context: Exchange, detail: string): Response {
  return problem(context, { status: 400, title: 'a parameter is wrong', detail });
}
