import { z } from 'zod';
import { domainsQuery, eventKinds, eventsQuery, tableQuery } from './queries.ts';

interface Path {
  readonly summary: string;
  readonly query?: z.ZodObject;
  readonly path?: Readonly<Record<string, string>>;
  readonly types: readonly string[];
  readonly errors: readonly number[];
}

const json = ['application/json'];

const paths: Readonly<Record<string, Path>> = {
  '/metrics': {
    summary: 'Metrics for Prometheus.',
    types: ['text/plain', 'application/openmetrics-text'],
    errors: [400, 401],
  },
  '/healthz': { summary: 'Whether the program works.', types: ['text/plain'], errors: [503] },
  '/readyz': { summary: 'Whether the data is fresh.', types: ['text/plain'], errors: [503] },
  '/api/v1/hypervisors': {
    summary:
      'The hypervisors in short. Where there are several, the other paths answer for the one named by the parameter hypervisor, or for the default one.',
    types: json,
    errors: [401],
  },
  '/api/v1/scalars': {
    summary: 'What there is once: of the agent and the host.',
    types: json,
    errors: [401],
  },
  '/api/v1/domains': {
    summary: 'The domains in short, by index.',
    query: domainsQuery,
    types: json,
    errors: [400, 401],
  },
  '/api/v1/domains/{domain}': {
    summary: 'All there is of a domain.',
    path: { domain: 'Its UUID, name or index.' },
    types: json,
    errors: [401, 404],
  },
  '/api/v1/tables': { summary: 'The tables of the MIB.', types: json, errors: [401] },
  '/api/v1/tables/{table}': {
    summary: 'Rows of a table, by the names of the MIB.',
    path: { table: 'Such as lveDiskTable.' },
    query: tableQuery,
    types: json,
    errors: [400, 401, 404],
  },
  '/api/v1/events': {
    summary:
      'The event log; with Accept: text/event-stream what happens from now on, resumed by Last-Event-ID from the log.',
    query: eventsQuery,
    types: ['application/json', 'application/x-ndjson', 'text/event-stream'],
    errors: [400, 401, 503],
  },
  '/api/v1/dump': { summary: 'Everything.', types: json, errors: [401] },
  '/api/v1.0/stats/': {
    summary:
      'Readings of the last minute for each active domain, as vAdvisor has them; live=true for the newest.',
    types: json,
    errors: [401],
  },
  '/api/v1.0/stats/{uuid}': {
    summary: 'The readings of one active domain.',
    path: { uuid: 'Its UUID.' },
    types: json,
    errors: [401, 404],
  },
  '/api/v1.0/specs/': {
    summary: 'Definitions of the active domains as vAdvisor has them.',
    types: json,
    errors: [401, 503],
  },
  '/api/v1.0/specs/{domain}': {
    summary: 'The definition of a domain as vAdvisor has it.',
    path: { domain: 'Its UUID or name.' },
    types: json,
    errors: [401, 404, 503],
  },
  '/statsd': {
    summary: 'What vAdvisor prints there: every value under its StatsD name, counters as totals.',
    types: ['text/plain'],
    errors: [401],
  },
  '/api/v1.0/events': {
    summary: 'Lifecycle events as vAdvisor has them, a JSON object a line; stream=true for what happens.',
    types: json,
    errors: [400, 401, 503],
  },
};

const errorTexts: Readonly<Record<number, string>> = {
  400: 'A parameter is wrong.',
  401: 'Not authenticated.',
  404: 'There is no such thing.',
  503: 'Not now; the detail says why.',
};

/** The description of the paths: OpenAPI 3.1. */
export function openApi(version: string): object {
  return {
    openapi: '3.1.0',
    info: {
      title: 'libvirt-agentx',
      version,
      description: 'What the agent serves to SNMP, over HTTP. Read-only.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    'x-event-kinds': eventKinds,
    paths: Object.fromEntries(
      Object.entries(paths).map(([path, each]) => [path, { get: operation(path, each) }]),
    ),
    components: {
      schemas: {
        Problem: {
          type: 'object',
          required: ['title', 'status', 'detail'],
          properties: { title: { type: 'string' }, status: { type: 'integer' }, detail: { type: 'string' } },
        },
      },
      securitySchemes: {
        basic: { type: 'http', scheme: 'basic' },
        bearer: { type: 'http', scheme: 'bearer' },
      },
    },
    security: [{}, { basic: [] }, { bearer: [] }],
  };
}

function operation(path: string, { summary, query, path: names = {}, types, errors }: Path): object {
  return {
    operationId: path.replaceAll(/\W+/g, '_').replaceAll(/^_|_$/g, ''),
    summary,
    parameters: [
      ...Object.entries(names).map(([name, description]) => ({
        name,
        in: 'path',
        required: true,
        description,
        schema: { type: 'string' },
      })),
      ...(query === undefined ? [] : queryParameters(query)),
      ...(isOfOneHypervisor(path) ? [hypervisorParameter] : []),
    ],
    responses: {
      '200': {
        description: summary,
        content: Object.fromEntries(types.map((type) => [type, { schema: schemaOf(type) }])),
      },
      ...Object.fromEntries(
        errors.map((status) => [
          String(status),
          {
            description: errorTexts[status] ?? '',
            content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
          },
        ]),
      ),
    },
  };
}

const hypervisorParameter = {
  name: 'hypervisor',
  in: 'query',
  required: false,
  description: 'The name of a hypervisor, where there are several; else the default one is meant.',
  schema: { type: 'string' },
};

function isOfOneHypervisor(path: string): boolean {
  const isOfAll = path === '/api/v1/hypervisors' || path === '/api/v1/tables';
  return path === '/statsd' || (path.startsWith('/api/') && !isOfAll);
}

function schemaOf(type: string): object {
  return type === 'application/json' ? { type: 'object' } : { type: 'string' };
}

function queryParameters(query: z.ZodObject): readonly object[] {
  const { properties = {} } = z.toJSONSchema(query, { io: 'input', unrepresentable: 'any' });
  return Object.entries(properties).map(([name, schema]) => {
    const { description = '', ...rest } = typeof schema === 'boolean' ? {} : schema;
    return { name, in: 'query', required: false, description, schema: rest };
  });
}
