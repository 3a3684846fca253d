import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { makeApp } from '../../../src/web/app.ts';
import type { App } from '../../../src/web/app-type.ts';
import { newToken, userLine } from '../../../src/web/credentials.ts';
import { SAMPLE_NOW, sampleSnapshot } from '../../support/sample-snapshot.ts';
import { ask, webRig } from '../../support/web-rig.ts';

async function rig(given: Parameters<typeof webRig>[0] = {}) {
  const made = await webRig(given);
  const app: App = makeApp(made);
  const get = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
    ask(app, {
      path,
      headers: { host: '127.0.0.1:9177', ...headers },
      method,
      remoteAddress: '192.0.2.1',
    });
  return { ...made, get };
}

describe('/metrics', () => {
  test('answers in the format that is preferred', async () => {
    const { get } = await rig();
    const plain = await get('/metrics');
    expect(plain.status).toBe(200);
    expect(plain.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    // What Prometheus 2.42 sends.
    const accept =
      'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1';
    const open = await get('/metrics', { accept });
    expect(open.headers.get('content-type')).toBe(
      'application/openmetrics-text; version=1.0.0; charset=utf-8',
    );
    expect((await open.text()).endsWith('# EOF\n')).toBe(true);
    const both = await get('/metrics', { accept: 'text/plain,application/openmetrics-text;q=0.5' });
    expect(both.headers.get('content-type')).toContain('text/plain');
  });

  test('is compressed for those who accept it', async () => {
    const { get } = await rig();
    const plain = await (await get('/metrics')).text();
    const packed = await get('/metrics', { 'accept-encoding': 'br, gzip' });
    expect(packed.headers.get('content-encoding')).toBe('gzip');
    expect(gunzipSync(await packed.arrayBuffer()).toString()).toBe(plain);
    expect(
      (await get('/metrics', { 'accept-encoding': 'gzip;q=0' })).headers.get('content-encoding'),
    ).toBeNull();
  });

  test('is limited to what is asked for', async () => {
    const { get } = await rig();
    const some = await (await get('/metrics?collect[]=domain_block&collect[]=libvirt_up')).text();
    const names = new Set([...some.matchAll(/^(\w+)[{ ]/gm)].map(([, name = '']) => name));
    expect(names.has('libvirt_up')).toBe(true);
    expect(
      [...names].every((name) => name === 'libvirt_up' || name.startsWith('libvirt_domain_block_')),
    ).toBe(true);
    const wrong = await get('/metrics?collect[]=domain_blocks');
    expect(wrong.status).toBe(400);
    expect(await wrong.json()).toMatchObject({ detail: expect.stringContaining('domain_blocks') as string });
  });

  test('is made once for all who ask, until there is another image', async () => {
    const { get, image, metrics } = await rig();
    const request = { format: 'text', isCompressed: false, prefixes: [] } as const;
    const first = await metrics.get(request);
    expect(await metrics.get(request)).toBe(first);
    image.show({ ...sampleSnapshot(), domains: [] });
    metrics.invalidate();
    expect(await (await get('/metrics')).text()).not.toContain('web-01');
  });
});

describe('requests', () => {
  test('that do not read are refused', async () => {
    const { get } = await rig();
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']) {
      const answer = await get('/metrics', {}, method);
      expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
    }
    expect((await get('/metrics', {}, 'HEAD')).status).toBe(200);
  });

  test.each(['/etc/passwd', '/../etc/passwd', '/..%2f..%2fetc%2fpasswd', '/%00', '/metrics%00', '/metrics/'])(
    'for what is not served find nothing: %s',
    async (path) => {
      const { get } = await rig();
      const answer = await get(path);
      expect(answer.status).toBe(404);
      expect(answer.headers.get('content-type')).toBe('application/problem+json');
    },
  );

  test('that are too long are refused', async () => {
    const { get } = await rig();
    expect((await get(`/metrics?${'x'.repeat(3000)}`)).status).toBe(413);
  });

  test('by another name are refused, for a page elsewhere could have sent them', async () => {
    const { get } = await rig({ options: { hosts: ['hv1.example.net'] } });
    for (const host of ['localhost', 'LOCALHOST:1', '127.0.0.1:9177', '[::1]:80', 'hv1.example.net:9177']) {
      expect((await get('/healthz', { host })).status, host).toBe(200);
    }
    for (const host of ['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example', '']) {
      const answer = await get('/metrics', { host });
      expect(answer.status, host).toBe(421);
      expect(await answer.text()).toContain('http.hosts');
    }
  });

  test('get headers that leave a browser nothing to guess', async () => {
    const { get } = await rig();
    for (const path of ['/metrics', '/nothing', '/healthz']) {
      const { headers } = await get(path);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('content-security-policy')).toContain("default-src 'none'");
      expect(headers.get('access-control-allow-origin')).toBeNull();
    }
  });
});

test('the page at / brings all it needs, and may do nothing else', async () => {
  const { get } = await rig();
  const answer = await get('/');
  expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8');
  const policy = answer.headers.get('content-security-policy') ?? '';
  const text = await answer.text();
  for (const [tag, directive] of [
    ['style', 'style-src'],
    ['script', 'script-src'],
  ] as const) {
    const [, content = ''] = new RegExp(`<${tag}>([^]*?)</${tag}>`).exec(text) ?? [];
    const hash = createHash('sha256').update(content).digest('base64');
    expect(policy).toContain(`${directive} 'sha256-${hash}'`);
  }
  expect(policy).toContain("default-src 'none'");
  // No text of others is ever read as markup.
  expect(text).not.toMatch(/innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|https?:\/\//);
});

describe('authentication', () => {
  async function files() {
    const directory = await mkdtemp(join(tmpdir(), 'web-'));
    const usersFile = join(directory, 'users');
    const tokensFile = join(directory, 'tokens');
    const { token, line } = newToken('prometheus');
    await writeFile(usersFile, await userLine('anne', 'sesame'));
    await writeFile(tokensFile, line);
    return {
      usersFile,
      tokensFile,
      token,
      [Symbol.asyncDispose]: () => rm(directory, { recursive: true }),
    };
  }
  const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` });

  test('lets those in who know a secret', async () => {
    await using made = await files();
    const { get, lines } = await rig({ options: made });
    const bare = await get('/metrics');
    expect([bare.status, bare.headers.get('www-authenticate')]).toEqual([
      401,
      'Basic realm="libvirt-agentx", charset="UTF-8"',
    ]);
    expect((await get('/metrics', basic('anne:sesame'))).status).toBe(200);
    expect((await get('/metrics', { authorization: `Bearer ${made.token}` })).status).toBe(200);
    for (const wrong of [basic('anne:sesam'), basic('bob:sesame'), basic('anne'), basic('')]) {
      expect((await get('/metrics', wrong)).status).toBe(401);
    }
    for (const authorization of [
      `Bearer ${made.token}x`,
      'Bearer',
      'Digest x',
      `Basic ${made.token}`,
      '\t',
    ]) {
      expect((await get('/metrics', { authorization })).status).toBe(401);
    }
    // Failures of one address are logged once a minute.
    expect(lines.map(({ message, peer }) => [message, peer])).toEqual([
      ['a request with a wrong password or token was turned away', '192.0.2.1'],
    ]);
  });

  test('is not asked of probes', async () => {
    await using made = await files();
    const { get } = await rig({ options: made });
    expect((await get('/healthz')).status).toBe(200);
    expect((await get('/readyz')).status).not.toBe(401);
  });

  test('is by bearer tokens alone where there are no users', async () => {
    await using made = await files();
    const { get } = await rig({ options: { tokensFile: made.tokensFile } });
    expect((await get('/metrics')).headers.get('www-authenticate')).toBe('Bearer');
    expect((await get('/metrics', basic('anne:sesame'))).status).toBe(401);
  });

  test('cannot be left out by a file that is not there', async () => {
    await expect(rig({ options: { usersFile: '/nonexistent/users' } })).rejects.toThrow('/nonexistent/users');
  });
});

describe('freshness', () => {
  const at = (ms: number) => ({ now: () => SAMPLE_NOW + ms });

  test('is there while libvirt is connected and data is new', async () => {
    const { get } = await rig(at(0));
    expect([(await get('/readyz')).status, (await get('/healthz')).status]).toEqual([200, 200]);
  });

  test('is missing when the data is older than three intervals', async () => {
    let now = SAMPLE_NOW;
    const { get, freshness } = await rig({ now: () => now });
    now += 60_000;
    freshness.heard();
    const answer = await get('/readyz');
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({ detail: expect.stringMatching(/seconds old/) as string });
    expect((await get('/healthz')).status).toBe(200);
  });

  test('is missing before the first refresh, although the agent is young', async () => {
    const sample = sampleSnapshot();
    const agent = { ...sample.agent, startedAt: SAMPLE_NOW, refreshEndedAt: undefined };
    const answer = await (await rig({ snapshot: { ...sample, agent }, ...at(0) })).get('/readyz');
    expect(answer.status).toBe(503);
    expect(await answer.text()).toContain('No refresh has been completed yet');
  });

  test('is missing while libvirt is away', async () => {
    const sample = sampleSnapshot();
    const snapshot = { ...sample, agent: { ...sample.agent, connState: 'disconnected' as const } };
    const { get } = await rig({ snapshot, ...at(0) });
    expect(await (await get('/readyz')).text()).toContain('\\"disconnected\\"');
  });

  test('is missing when the main thread is silent', async () => {
    let now = SAMPLE_NOW;
    const { get } = await rig({ now: () => now });
    now += 31_000;
    expect((await get('/healthz')).status).toBe(503);
  });
});
