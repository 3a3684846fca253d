import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type InfluxOptions, InfluxPush } from '../../../src/push/influx-push.ts';
import { refusingTcpPort } from '../../lab/refusing-port.ts';
import { waitUntil } from '../../lab/wait.ts';
import { influxDefaults } from '../../support/push-options.ts';
import { quick, writtenTo } from '../../support/written-to.ts';

function pushTo(options: Partial<InfluxOptions>, rounds: string[][], backoff = quick) {
  const problems: (string | undefined)[] = [];
  const push = new InfluxPush(
    { ...influxDefaults, ...options },
    () => rounds.shift() ?? [],
    (text) => problems.push(text),
    backoff,
  );
  return { push, problems };
}

test('writes in requests of at most 5000 lines', async () => {
  await using influx = await writtenTo();
  const lines = Array.from({ length: 12_000 }, (_, at) => `m f=${at}`);
  const { push } = pushTo({ url: `${influx.url}/`, database: 'a&b' }, [lines]);
  await push.round();
  expect(influx.written.map((each) => each.lines.length)).toEqual([5000, 5000, 2000]);
  expect(influx.written.flatMap((each) => each.lines)).toEqual(lines);
  expect(influx.written[0]?.url).toBe('/write?db=a%26b&precision=ns');
  expect(push.counters).toEqual({ sent: 12_000, dropped: 0, failed: 0 });
  await push.close(0);
});

test('writes again, in order, what a server in trouble did not take', async () => {
  await using influx = await writtenTo([503, undefined, 429, 401, 204, 204]);
  const { push, problems } = pushTo({ url: influx.url }, [['first'], ['second']]);
  const done = push.round();
  await push.round();
  await done;
  expect(influx.written.map((each) => each.lines.join())).toEqual([
    'first',
    'first',
    'first',
    'first',
    'first',
    'second',
  ]);
  expect(push.counters).toEqual({ sent: 2, dropped: 0, failed: 4 });
  expect(problems[0]).toContain('503 because');
  expect(problems.at(-1)).toBeUndefined();
  await push.close(0);
});

test('drops what is refused for good, and counts it', async () => {
  await using influx = await writtenTo([400]);
  const { push, problems } = pushTo({ url: influx.url }, [['bad']]);
  await push.round();
  expect(influx.written).toHaveLength(1);
  expect(push.counters).toEqual({ sent: 0, dropped: 1, failed: 1 });
  expect(problems[0]).toContain('refuses writes: 400 because');
  await push.close(0);
});

test.each(['0', '-60', ''])('does not hammer a server that asks for "%s" seconds', async (seconds) => {
  await using influx = await writtenTo([503], '', { 'retry-after': seconds });
  const never = { baseMs: 3_600_000, factor: 1, capMs: 3_600_000, jitter: 0 };
  const { push } = pushTo({ url: influx.url }, [['a']], never);
  const done = push.round();
  await waitUntil(() => push.counters.failed > 0, { what: 'a failure' });
  // Others have their turn many times meanwhile.
  for (let turn = 0; turn < 50; turn++) await (await fetch(influx.url)).text();
  expect(influx.written.filter(({ url }) => url.startsWith('/write'))).toHaveLength(1);
  await push.close(0);
  await done;
});

test('tells of a token that no header can hold, and not what it is', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'influx-'));
  const file = join(directory, 'secret');
  await writeFile(file, 'ses\0ame of nobody\n');
  await using influx = await writtenTo();
  const { push, problems } = pushTo({ url: influx.url, api: 'v2', tokenFile: file }, [['a']]);
  const done = push.round();
  await waitUntil(() => problems.length > 0, { what: 'a problem' });
  await push.close(0);
  await done;
  expect(problems[0]).toContain(`the first line of ${file} is no token`);
  expect(problems.join()).not.toContain('of nobody');
  await rm(directory, { recursive: true });
});

test('keeps a bounded number of requests while the server is away', async () => {
  const rounds = Array.from({ length: 100 }, (_, at) => [`round ${at}`]);
  await using nobody = await refusingTcpPort();
  const { push } = pushTo({ url: `http://${nobody.address}` }, rounds);
  // The round that sends does not end while the server is away, whichever it is.
  for (let round = 0; round < 100; round++) void push.round();
  await waitUntil(() => push.counters.failed > 0 && push.counters.dropped >= 36, {
    what: 'failure and loss',
  });
  expect(push.counters.dropped).toBe(36);
  await push.close(0);
});

test('authenticates by password or token, read from files that may change', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'influx-'));
  const file = join(directory, 'secret');
  await writeFile(file, 'sesame\n');
  await using influx = await writtenTo();
  const v1 = pushTo({ url: influx.url, user: 'anne', passwordFile: file }, [['a'], ['b']]);
  await v1.push.round();
  await writeFile(file, 'other\n');
  await v1.push.round();
  const v2 = pushTo({ url: influx.url, api: 'v2', org: 'o', bucket: 'b', tokenFile: file }, [['c']]);
  await v2.push.round();
  expect(influx.written.map(({ headers }) => headers.authorization)).toEqual([
    `Basic ${Buffer.from('anne:sesame').toString('base64')}`,
    `Basic ${Buffer.from('anne:other').toString('base64')}`,
    'Token other',
  ]);
  expect(influx.written.at(-1)?.url).toBe('/api/v2/write?org=o&bucket=b&precision=ns');
  await v1.push.close(0);
  await v2.push.close(0);
  await rm(directory, { recursive: true });
});
