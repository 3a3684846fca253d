import { chmod, copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkHttp } from '../../../src/check/http.ts';
import { configSchema } from '../../../src/config/config.ts';
import { newToken } from '../../../src/web/credentials.ts';
import { freeTcpPort } from '../../lab/free-port.ts';

const fixtures = new URL('../../fixtures/tls/', import.meta.url);

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'check-http-'));
});
afterAll(() => rm(directory, { recursive: true }));

const check = (http: object) => checkHttp(configSchema.parse({ http }));

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as { port: number }).port;
}

test('without an address there is nothing to look at', async () => {
  expect(await check({})).toEqual([{ level: 'ok', subject: 'http', text: 'off: http.address is not set' }]);
});

describe('an address', () => {
  test('that is free is said to be', async () => {
    const address = `127.0.0.1:${await freeTcpPort()}`;
    const [finding] = await check({ address });
    expect(finding).toMatchObject({ level: 'ok', text: `${address} is free for the agent` });
  });

  test('that another program has is told', async () => {
    const other = createServer((socket) => socket.destroy());
    const address = `127.0.0.1:${await listening(other)}`;
    const [finding] = await check({ address });
    expect(finding).toMatchObject({ level: 'fail', text: `${address} is taken by another program` });
    expect(finding?.remedy).toContain('http.address');
    other.close();
  });

  test('that a running agent serves is fine', async () => {
    const agent = createHttpServer((request, response) =>
      response.writeHead(request.url === '/healthz' ? 200 : 404).end(),
    );
    const address = `127.0.0.1:${await listening(agent)}`;
    const [finding] = await check({ address });
    expect(finding).toMatchObject({ level: 'ok', text: `${address} is served by a running agent` });
    agent.close();
  });
});

describe('files', () => {
  // Self-signed certificates of the years 2020 to 2120, and one of January 2020, with the keys that go with them.
  const made = async (name: string, key = name) => {
    const certificate = fileURLToPath(new URL(`${name}.crt`, fixtures));
    const privateKey = join(directory, `${name}.key`);
    await copyFile(new URL(`${key}.key`, fixtures), privateKey);
    await chmod(privateKey, 0o600);
    return { certificate, private_key: privateKey };
  };

  test('of TLS are read, and a key that everybody can read is told', async () => {
    const address = `127.0.0.1:${await freeTcpPort()}`;
    const files = await made('good');
    const good = await check({ address, ...files });
    expect(good.map(({ level }) => level)).toEqual(['ok', 'ok']);
    await chmod(files.private_key, 0o644);
    const open = await check({ address, ...files });
    expect(open.map(({ level }) => level)).toEqual(['ok', 'ok', 'warn']);
    expect(open[2]?.text).toContain('mode 0644');
  });

  test('of TLS that do not belong together, or are over, are told', async () => {
    const address = `127.0.0.1:${await freeTcpPort()}`;
    const mixed = await check({ address, ...(await made('good', 'other')) });
    expect(mixed[1]?.text).toContain('the certificate cannot be used');
    const past = await check({ address, ...(await made('past')) });
    expect(past[1]).toMatchObject({ level: 'fail', remedy: expect.stringContaining('Renew it') });
  });

  test('of secrets are read, and those that everybody can read or that let nobody in are told', async () => {
    const address = `127.0.0.1:${await freeTcpPort()}`;
    const tokens = join(directory, 'tokens');
    await writeFile(tokens, `${newToken('prometheus').line}\n`, { mode: 0o600 });
    const users = join(directory, 'users');
    await writeFile(users, '# nobody\n', { mode: 0o600 });
    const found = await check({ address, tokens_file: tokens, users_file: users });
    expect(found.map(({ level }) => level)).toEqual(['ok', 'warn', 'ok']);
    expect(found[1]?.text).toContain('nobody is let in');
    await chmod(tokens, 0o604);
    const open = await check({ address, tokens_file: tokens });
    expect(open[1]).toMatchObject({
      level: 'warn',
      text: `${tokens} is open to everybody on this host (mode 0604)`,
    });
    const none = await check({ address, tokens_file: join(directory, 'none') });
    expect(none[1]).toMatchObject({ level: 'fail', remedy: expect.stringContaining('readable') });
  });
});
