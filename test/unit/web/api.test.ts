import { describe, expect, test } from 'vitest';
import { toJson } from '../../../src/mib/print.ts';
import { makeApp } from '../../../src/web/app.ts';
import {
  SAMPLE_NOW,
  sampleDomain,
  sampleEmptySnapshot,
  sampleSnapshot,
  sampleUuid,
} from '../../support/sample-snapshot.ts';
import { ask, webRig } from '../../support/web-rig.ts';

async function rig(given: Parameters<typeof webRig>[0] = {}) {
  const made = await webRig(given);
  const app = makeApp(made);
  const get = (path: string, headers: Record<string, string> = {}) => ask(app, { path, headers });
  const json = async (path: string): Promise<Record<string, unknown>> =>
    (await (await get(path)).json()) as Record<string, unknown>;
  return { ...made, app, get, json };
}

/** What of an object does not grow by itself. */
const still = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (key, each: unknown) =>
      /([aA]ge|[uU]p[tT]ime|TableLastChange|ConfigLastChange|[dD]iscontinuityTime)$/.test(key)
        ? undefined
        : each,
    ),
  );

describe('/api/v1', () => {
  test('has in its tables and its dump what dump --format json has of SNMP', async () => {
    const { json, image } = await rig();
    const expected = toJson(image.bound, { now: SAMPLE_NOW, masterStartedAt: undefined });
    expect(still(await json('/api/v1/dump'))).toEqual(still(expected));
    for (const [table, rows] of Object.entries(expected.tables)) {
      expect(still(await json(`/api/v1/tables/${table}`)), table).toEqual(still({ table, rows }));
    }
    expect(Object.keys(expected.tables).length).toBeGreaterThan(30);
  });

  test('has a domain by its UUID, its name and its index, with what all tables have of it', async () => {
    const { json, get } = await rig();
    const byName = await json('/api/v1/domains/web-01');
    expect(byName).toMatchObject({
      index: 1,
      name: 'web-01',
      state: 'running',
      cpu: { userTime: 90_000_000, haltPollFail: 2000 },
      memory: { current: 2_147_483_648 },
      disks: expect.arrayContaining([
        expect.objectContaining({ target: 'vda', capacity: 21_474_836_480 }),
      ]) as unknown,
      vm: { operState: 'running' },
    });
    expect(still(await json(`/api/v1/domains/${sampleUuid(1)}`))).toEqual(still(byName));
    expect(still(await json('/api/v1/domains/1'))).toEqual(still(byName));
    const answer = await get('/api/v1/domains/vm9');
    expect([answer.status, answer.headers.get('content-type')]).toEqual([404, 'application/problem+json']);
    expect(await answer.json()).toMatchObject({ title: 'no such domain', status: 404 });
  });

  test('prefers a domain that is present to one of its name that is gone', async () => {
    const gone = sampleDomain({ index: 1, name: 'web', presence: 'gone' });
    const domains = [gone, sampleDomain({ index: 2, name: 'web' })];
    const { json } = await rig({ snapshot: sampleEmptySnapshot({ domains }) });
    expect(await json('/api/v1/domains/web')).toMatchObject({ index: 2 });
  });

  test('goes through domains and tables page by page', async () => {
    const domains = Array.from({ length: 7 }, (_, at) => sampleDomain({ index: at + 1, name: `vm-${at}` }));
    const { json } = await rig({ snapshot: sampleEmptySnapshot({ domains }) });
    for (const [path, list, name] of [
      ['/api/v1/domains', 'domains', 'name'],
      ['/api/v1/tables/lveDomTable', 'rows', 'lveDomName'],
    ] as const) {
      const names: unknown[] = [];
      let after: unknown = 0;
      while (after !== undefined) {
        const page: Record<string, unknown> = await json(`${path}?limit=3&after=${String(after)}`);
        names.push(...(page[list] as Record<string, unknown>[]).map((row) => row[name]));
        after = page['next'];
      }
      expect(names).toEqual(domains.map(({ facts }) => facts.name));
    }
  });

  test('limits a table to a domain and to columns', async () => {
    const { json } = await rig();
    const page = await json('/api/v1/tables/lveDiskTable?domain=web-01&columns=lveDiskTarget');
    const rows = page['rows'] as Record<string, unknown>[];
    expect(rows.map((row) => row['lveDiskTarget'])).toContain('vda');
    expect(rows.every((row) => row['lveDomIndex'] === 1)).toBe(true);
    expect(Object.keys(rows[0] ?? {})).toEqual(['lveDomIndex', 'lveDiskIndex', 'lveDiskTarget']);
  });

  test.each([
    ['/api/v1/domains?limit=0', 400, 'limit'],
    ['/api/v1/domains?limit=x', 400, 'limit'],
    ['/api/v1/tables/lveDiskTabel', 404, 'lveDiskTabel is no table'],
    ['/api/v1/tables/lveDiskTable?columns=lveDiskTarget,vmName', 400, 'lveDiskTable has no vmName'],
    ['/api/v1/tables/lvePoolTable?domain=web-01', 400, 'does not have its rows by domain'],
    ['/api/v1/tables/lveDiskTable?domain=nobody', 404, 'nobody'],
    ['/api/v1/tables/__proto__', 404, 'no table'],
    ['/api/v1/events?kind=startet', 400, 'kind'],
    ['/api/v1/events?after=-1', 400, 'after'],
  ])('says what is wrong with %s', async (path, status, text) => {
    const { get } = await rig();
    const answer = await get(path);
    expect(answer.status).toBe(status);
    expect(((await answer.json()) as { detail: string }).detail).toContain(text);
  });

  test('describes its paths, and has no others', async () => {
    const { json, get, app } = await rig();
    const description = await json('/api/openapi.json');
    expect(description['openapi']).toBe('3.1.0');
    const paths = Object.keys(description['paths'] as object);
    for (const path of paths) {
      const asked = path
        .replace('{domain}', 'web-01')
        .replace('{uuid}', sampleUuid(2))
        .replace('{table}', 'lveDomTable');
      expect([200, 503], asked).toContain((await get(asked)).status);
    }
    // The page and this description say what they are by themselves; a slash at the end is for old clients.
    const routes = app.routes
      .filter(({ method, path }) => method === 'GET' && !['/', '/api/openapi.json'].includes(path))
      .map(({ path }) => path.replaceAll(/:(\w+)/g, '{$1}'));
    const slashless = (all: readonly string[]) => [...new Set(all.map((path) => path.replace(/\/$/, '')))];
    expect(slashless(paths).sort()).toEqual(slashless(routes).sort());
  });
});

describe('/api/v1/events', () => {
  const withEvents = (...seqs: number[]) => {
    const sample = sampleSnapshot();
    const [first] = sample.events.entries;
    if (first === undefined) throw new Error('the sample has no events');
    const entries = seqs.map((seq) => ({ ...first, seq, kind: 'started' as const, text: `event ${seq}` }));
    return { ...sample, events: { ...sample.events, entries, newestSeq: seqs.at(-1) ?? 0 } };
  };

  test('are the log, as JSON or a line each', async () => {
    const { json, get } = await rig();
    const { events } = (await json('/api/v1/events')) as { events: { seq: number; kind: string }[] };
    expect(events.map(({ seq, kind }) => [seq, kind])).toEqual([
      [41, 'connectionUp'],
      [42, 'started'],
      [43, 'stopped'],
    ]);
    const some = (await json('/api/v1/events?after=41&kind=started,stopped&limit=1')) as {
      events: { seq: number }[];
    };
    expect(some.events.map(({ seq }) => seq)).toEqual([43]);
    const lines = await (await get('/api/v1/events', { accept: 'application/x-ndjson' })).text();
    expect(
      lines
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { seq: number }).seq),
    ).toEqual([41, 42, 43]);
  });

  test('are streamed as they happen, and resumed from the log', async () => {
    const { get, image, events } = await rig({ snapshot: withEvents(1, 2) });
    const answer = await get('/api/v1/events', { accept: 'text/event-stream' });
    expect(answer.headers.get('content-type')).toBe('text/event-stream');
    const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
    const next = async (): Promise<string> => Buffer.from((await reader.read()).value ?? []).toString();
    expect(await next()).toBe('retry: 2000\n\n');
    image.show(withEvents(1, 2, 3));
    events.publish();
    expect(await next()).toMatch(/^id: 3\nevent: started\ndata: \{"seq":3,.*\}\n\n$/);
    await reader.cancel();
    expect(events.isFull).toBe(false);

    const resumed = await get('/api/v1/events', { accept: 'text/event-stream', 'last-event-id': '1' });
    const again = (resumed.body as ReadableStream<Uint8Array>).getReader();
    const seen = [await again.read(), await again.read(), await again.read()].map(({ value }) =>
      Buffer.from(value ?? []).toString(),
    );
    expect(seen.slice(1).map((text) => /id: (\d+)/.exec(text)?.[1])).toEqual(['2', '3']);
    await again.cancel();
  });

  test('are resumed from a log that is longer than what is kept for a stream', async () => {
    const all = Array.from({ length: 3000 }, (_, at) => at + 1);
    const { get, image, events } = await rig({ snapshot: withEvents(...all) });
    const answer = await get('/api/v1/events?after=0', { accept: 'text/event-stream' });
    const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
    const seen: number[] = [];
    while (seen.length < 3001) {
      const { value, done } = await reader.read();
      expect(done).toBe(false);
      const text = Buffer.from(value ?? []).toString();
      seen.push(...[...text.matchAll(/^id: (\d+)$/gm)].map(([, seq]) => Number(seq)));
      // What happens meanwhile comes behind all that.
      if (seen.length === 1000) {
        image.show(withEvents(...all, 3001));
        events.publish();
      }
    }
    expect(seen).toEqual([...all, 3001]);
    await reader.cancel();
  });

  test('are limited in their streams, and a stream that is far behind is ended', async () => {
    const { get, image, events } = await rig({ snapshot: withEvents(1), options: { maxStreams: 2 } });
    const first = await get('/api/v1/events', { accept: 'text/event-stream' });
    await get('/api/v1/events', { accept: 'text/event-stream' });
    const third = await get('/api/v1/events', { accept: 'text/event-stream' });
    expect([third.status, third.headers.get('retry-after')]).toEqual([503, '5']);
    expect(await third.text()).toContain('http.max_streams');
    // Nobody reads the first ones: some thousand events are more than is kept for them.
    image.show(withEvents(...Array.from({ length: 3000 }, (_, at) => at + 1)));
    events.publish();
    const fourth = await get('/api/v1/events', { accept: 'text/event-stream' });
    expect(fourth.status).toBe(200);
    const text = await first.text();
    expect(text.length).toBeGreaterThan(200_000);
    expect(text.length).toBeLessThan(300_000);
    events.close();
  });
});
