import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Finding } from '../../../src/check/finding.ts';
import { checkPush } from '../../../src/check/push.ts';
import { configSchema } from '../../../src/config/config.ts';
import { refusingTcpPort, refusingUdpPort } from '../../lab/refusing-port.ts';
import { writtenTo } from '../../support/written-to.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'check-push-'));
});
afterAll(() => rm(directory, { recursive: true }));

const check = (settings: object): Promise<readonly Finding[]> => checkPush(configSchema.parse(settings));

test('says nothing of targets that are not configured', async () => {
  expect(await check({})).toEqual([]);
});

describe('a StatsD server', () => {
  test('that is there is said not to refuse', async () => {
    const socket = createSocket('udp4').bind(0, '127.0.0.1');
    await once(socket, 'listening');
    const { port } = socket.address();
    const [finding] = await check({ statsd: { host: 'localhost', port } });
    expect(finding).toMatchObject({ level: 'ok', subject: 'statsd' });
    expect(finding?.text).toContain(`localhost (127.0.0.1) port ${port}`);
    socket.close();
  });

  test('that is not there is told by its refusal', async () => {
    await using nobody = await refusingUdpPort();
    const [finding] = await check({ statsd: { host: '127.0.0.1', port: nobody.port } });
    expect(finding?.level).toBe('fail');
    expect(finding?.text).toMatch(/^127\.0\.0\.1 port \d+ refuses datagrams: .*ECONNREFUSED/);
    expect(finding?.remedy).toContain('statsd.port');
  });

  test('whose name nobody knows is told', async () => {
    const [finding] = await check({ statsd: { host: 'statsd.invalid' } });
    expect(finding).toMatchObject({ level: 'fail', remedy: expect.stringContaining('statsd.host') });
    expect(finding?.text).toContain('statsd.invalid is not known');
  });
});

describe('a server that is written to', () => {
  test('is asked to write nothing, with the secret', async () => {
    await using server = await writtenTo();
    const file = join(directory, 'token');
    await writeFile(file, 'sesame\n', { mode: 0o600 });
    const found = await check({
      influxdb: { url: server.url, api: 'v2', bucket: 'b', token_file: file },
      otlp: { url: `${server.url}/otlp`, token_file: file, encoding: 'json' },
    });
    expect(found.map(({ level, subject }) => [level, subject])).toEqual([
      ['ok', 'influxdb'],
      ['ok', 'otlp'],
    ]);
    const written = server.written.map(({ url, headers, lines }) => [
      url.split('?')[0],
      headers.authorization,
      lines.join(),
    ]);
    expect(written.sort(([one = ''], [other = '']) => one.localeCompare(other))).toEqual([
      ['/api/v2/write', 'Token sesame', ''],
      ['/otlp/v1/metrics', 'Bearer sesame', '{"resourceMetrics":[]}'],
    ]);
  });

  test.each([
    [401, /influxdb\.user and influxdb\.password_file/],
    [404, /Create the database/],
    [500, /log of the server/],
    [302, /redirects/],
  ])('and answers %i is told with a remedy', async (status, remedy) => {
    await using server = await writtenTo([status]);
    const [finding] = await check({ influxdb: { url: server.url } });
    expect(finding?.level).toBe('fail');
    expect(finding?.text).toContain(`does not take writes: ${status}`);
    expect(finding?.remedy).toMatch(remedy);
  });

  test('and finds no point in what has none takes writes', async () => {
    await using server = await writtenTo([400], '{"code":"invalid","message":"writing requires points"}');
    const [finding] = await check({ influxdb: { url: server.url, api: 'v2', bucket: 'b' } });
    expect(finding?.level).toBe('ok');
  });

  test('and does not take the encoding is told', async () => {
    await using server = await writtenTo([415]);
    const [finding] = await check({ otlp: { url: server.url, encoding: 'json' } });
    expect(finding?.remedy).toContain('otlp.encoding');
  });

  test('and is not there is told', async () => {
    await using nobody = await refusingTcpPort();
    const [finding] = await check({ otlp: { url: `http://${nobody.address}` } });
    expect(finding?.text).toContain('ECONNREFUSED');
    expect(finding?.remedy).toContain('otlp.url');
  });
});

test('a secret that cannot be read, and one that everybody can read, are told', async () => {
  await using server = await writtenTo();
  const open = join(directory, 'open');
  await writeFile(open, 'sesame\n');
  // Whatever the umask is.
  await chmod(open, 0o644);
  const found = await check({
    influxdb: { url: server.url, user: 'anne', password_file: open },
    otlp: { url: server.url, token_file: join(directory, 'none') },
  });
  expect(found.map(({ level, subject }) => [level, subject])).toEqual([
    ['ok', 'influxdb'],
    ['warn', 'influxdb'],
    ['fail', 'otlp'],
  ]);
  expect(found[1]?.remedy).toContain(`chmod o-rwx ${open}`);
  expect(found[2]?.text).toMatch(/otlp\.token_file .*none cannot be read: ENOENT/);
  expect(JSON.stringify(found)).not.toContain('sesame');
});
