import { mkdtemp, rm, stat } from 'node:fs/promises';
import { request } from 'node:http';
import { request as secureRequest } from 'node:https';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { Listener } from '../../../src/web/listener.ts';
import { openWeb, type WebParts } from '../../../src/web/web.ts';
import { waitUntil } from '../../lab/wait.ts';
import { sampleDisk, sampleDomain, sampleEmptySnapshot } from '../../support/sample-snapshot.ts';
import { httpDefaults, webRig } from '../../support/web-rig.ts';

// Real sockets: what a client can hold, and for how long.

async function open(options: Partial<WebParts['options']> = {}, domains = 1) {
  const fleet = Array.from({ length: domains }, (_, at) =>
    sampleDomain({
      index: at + 1,
      name: `vm-${at}`,
      disks: [sampleDisk(), sampleDisk({ index: 2, target: 'vdb' })],
    }),
  );
  const rig = await webRig({ options, snapshot: sampleEmptySnapshot({ domains: fleet }) });
  const web = await openWeb(rig.parts);
  return { ...rig, web, port: Number(new URL(web.url).port), [Symbol.asyncDispose]: () => web.close(0) };
}

function dial(port: number, options: { allowHalfOpen?: boolean } = {}): Socket {
  const socket = connect({ port, host: '127.0.0.1', ...options });
  socket.on('error', () => undefined);
  return socket;
}

/** Everything a socket gives until it is closed. */
async function all(socket: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve));
  return Buffer.concat(chunks).toString();
}

const scrape = 'GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n';

describe('the listener', () => {
  test('answers at loopback, and says where', async () => {
    await using server = await open();
    expect(server.web.url).toBe(`http://127.0.0.1:${server.port}/`);
    const answer = await fetch(`${server.web.url}metrics`);
    expect(await answer.text()).toContain('libvirt_domain_up{domain="vm-0"} 1');
  });

  test('disconnects a client that reads too slowly, while others are served', async () => {
    // Far more than the kernel buffers for a socket.
    await using server = await open({ sendTimeout: 1 }, 3000);
    const slow = dial(server.port);
    slow.pause();
    slow.write(scrape);
    // One octet now and then keeps it busy, but not for longer than the time there is.
    const sipping = setInterval(() => slow.read(1), 50);
    const whole = (await (await fetch(`${server.web.url}metrics`)).arrayBuffer()).byteLength;
    expect(whole).toBeGreaterThan(8_000_000);
    // Longer than an answer may take: the rest of it never comes.
    await sleep(2500);
    expect((await fetch(`${server.web.url}healthz`)).status).toBe(200);
    clearInterval(sipping);
    const rest = await all(slow.resume());
    expect(rest.length).toBeLessThan(whole);
  });

  test('ends a client that asks on and on without taking an answer', async () => {
    await using server = await open({}, 100);
    const greedy = dial(server.port);
    greedy.pause();
    greedy.write(scrape.repeat(500));
    await waitUntil(
      () => {
        // Whoever does not read learns of the end by writing.
        greedy.write(scrape);
        return greedy.closed;
      },
      { what: 'the end of the connection' },
    );
    expect((await fetch(`${server.web.url}healthz`)).status).toBe(200);
  });

  test('answers a few requests that were sent at once, in their order', async () => {
    await using server = await open();
    const socket = dial(server.port);
    const ask = (path: string, more = '') => `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${more}\r\n`;
    socket.write(ask('/nowhere') + ask('/healthz') + ask('/metrics', 'Connection: close\r\n'));
    expect((await all(socket)).match(/HTTP\/1\.1 \d+/g)).toEqual([
      'HTTP/1.1 404',
      'HTTP/1.1 200',
      'HTTP/1.1 200',
    ]);
  });

  test('gives up those who wait longest when answers that nobody takes become too many octets', async () => {
    await using server = await open({}, 3000);
    const slow = Array.from({ length: 40 }, () => dial(server.port));
    for (const socket of slow) {
      socket.pause();
      socket.write(scrape);
    }
    // More than 256 MiB wait by now. Whoever comes after a moment is served, at the cost of the oldest.
    const body = await (await fetch(`${server.web.url}metrics`)).arrayBuffer();
    expect(body.byteLength * slow.length).toBeGreaterThan(256 * 2 ** 20);
    await waitUntil(
      async () => {
        await (await fetch(`${server.web.url}healthz`)).text();
        for (const socket of slow) if (!socket.destroyed) socket.write('\r\n');
        return slow.some((socket) => socket.closed);
      },
      { what: 'the end of one of the slow ones', timeoutMs: 20_000 },
    );
    expect((await fetch(`${server.web.url}metrics`)).status).toBe(200);
    for (const socket of slow) socket.destroy();
  });

  test('closes connections beyond the limit at once, and serves again when there is room', async () => {
    await using server = await open({ maxConnections: 4 });
    const sockets = Array.from({ length: 20 }, () => dial(server.port));
    const closed = await waitUntil(
      () => {
        const count = sockets.filter((socket) => socket.closed).length;
        return count === 16 ? count : undefined;
      },
      { what: 'sixteen closed connections' },
    );
    expect(closed).toBe(16);
    for (const socket of sockets) socket.destroy();
    await waitUntil(async () => (await fetch(`${server.web.url}healthz`).catch(() => undefined))?.ok, {
      what: 'an answer',
    });
  });

  test.each([
    ['one header of 20 kB', `X: ${'x'.repeat(20_000)}\r\n`, /^HTTP\/1\.1 431 /],
    [
      'a thousand headers',
      Array.from({ length: 1000 }, (_, at) => `X${at}: xxxxxxxx\r\n`).join(''),
      /^HTTP\/1\.1 431 /,
    ],
    ['what is no header', 'no header at all\r\n', /^HTTP\/1\.1 400 /],
  ])('refuses %s', async (_what, headers, expected) => {
    await using server = await open();
    const socket = dial(server.port);
    socket.write(`GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n${headers}\r\n`);
    expect(await all(socket)).toMatch(expected);
    expect((await fetch(`${server.web.url}healthz`)).status).toBe(200);
  });

  test('does not wait for a request that never ends', async () => {
    await using server = await open();
    const socket = dial(server.port);
    socket.write('GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ');
    const sipping = setInterval(() => socket.write('x'), 200);
    expect(await all(socket)).toMatch(/^HTTP\/1\.1 408 /);
    clearInterval(sipping);
  });

  test.each([
    ['says nothing', ''],
    ['never ends its request', 'GET /metrics HTTP/1.1\r\nX: '],
    ['sends what is no request', 'x\r\n\r\n'],
  ])(
    'has the place of a client that %s for others, although it does not hang up',
    async (_what, octets) => {
      await using server = await open({ maxConnections: 1 });
      const socket = dial(server.port, { allowHalfOpen: true });
      socket.write(octets);
      socket.resume();
      await new Promise((resolve) => socket.once('end', resolve));
      await waitUntil(async () => (await fetch(`${server.web.url}healthz`).catch(() => undefined))?.ok, {
        what: 'an answer to another client',
        timeoutMs: 15_000,
      });
      socket.destroy();
    },
    40_000,
  );

  test('outlives clients that send anything at all', async () => {
    await using server = await open();
    for (const octets of [
      '\x16\x03\x01\x02\x00',
      '\0'.repeat(1000),
      'GET',
      '\r\n\r\n',
      'PRI * HTTP/2.0\r\n\r\n',
    ]) {
      const socket = dial(server.port);
      socket.end(octets);
      await all(socket);
    }
    expect((await fetch(`${server.web.url}healthz`)).status).toBe(200);
  });

  test('tells that its address is taken', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as { port: number };
    const { parts } = await webRig({});
    const options = { ...httpDefaults, address: { kind: 'tcp', host: '127.0.0.1', port } as const };
    await expect(openWeb({ ...parts, options })).rejects.toThrow('EADDRINUSE');
    other.close();
  });
});

/** A client of an HTTP server at a UNIX socket that takes its answer when it is told to: the kernel holds little of it. */
function slowClient(path: string): { readonly socket: Socket; readonly whole: () => Promise<string> } {
  const socket = connect(path);
  socket.on('error', () => undefined);
  socket.pause();
  return { socket, whole: () => all(socket.resume()) };
}

/** Headers and octets of the body of an answer. */
function parsed(answer: string): { readonly head: string; readonly octets: number } {
  const end = answer.indexOf('\r\n\r\n');
  return { head: answer.slice(0, end), octets: Buffer.byteLength(answer.slice(end + 4)) };
}

/** What the headers promise has come. */
function expectWhole(answer: string): void {
  const { head, octets } = parsed(answer);
  expect(head).toMatch(/^HTTP\/1\.1 200 /);
  expect(octets).toBe(Number(/^content-length: (\d+)$/im.exec(head)?.[1]));
}

/** A server at a UNIX socket, with answers that are far larger than what the kernel holds. */
async function openAtPath(options: Partial<WebParts['options']> = {}) {
  const directory = await mkdtemp(join(tmpdir(), 'web-'));
  const path = join(directory, 'http');
  const server = await open({ ...options, address: { kind: 'unix', path } }, 1000);
  return {
    ...server,
    path,
    [Symbol.asyncDispose]: async () => {
      await server.web.close(0);
      await rm(directory, { recursive: true });
    },
  };
}

/** Asks for bodies; resolves when a part of the first has come. */
async function underWay(path: string, requests = 1) {
  const client = slowClient(path);
  client.socket.write('GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(requests));
  await waitUntil(
    () => {
      // Fills the buffer, once.
      client.socket.read(0);
      return client.socket.readableLength > 0;
    },
    { what: 'the beginning of the answer' },
  );
  return client;
}

/** Nobody is waited for that long unless something is wrong. */
const patienceMs = 60_000;

describe('what is under way', () => {
  test('goes on under other settings of the same address, and so do connections', async () => {
    await using server = await openAtPath();
    const client = await underWay(server.path);
    const options = { ...server.parts.options, sendTimeout: 5, maxConnections: 7, history: 1 };
    expect(await openWeb({ ...server.parts, version: '9', options }, server.web)).toBe(server.web);
    // The next request of the same connection is answered by what is served now.
    client.socket.write('GET /api/openapi.json HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
    const [first = '', second = ''] = (await client.whole()).split(/(?=HTTP\/1\.1 )/);
    expectWhole(first);
    expect(second).toContain('"version":"9"');
  });

  test('is finished when the server closes, and what waits for nothing is not waited for', async () => {
    await using server = await openAtPath();
    const client = await underWay(server.path);
    const idle = slowClient(server.path);
    idle.socket.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n');
    idle.socket.resume();
    await new Promise((resolve) => idle.socket.once('data', resolve));
    const closed = server.web.close(patienceMs);
    await waitUntil(() => idle.socket.closed, { what: 'the end of the connection that is idle' });
    const late = slowClient(server.path);
    await waitUntil(() => late.socket.closed, { what: 'the refusal of a new connection' });
    expectWhole(await client.whole());
    await closed;
  });

  test('is all of what a client has asked for at once', async () => {
    await using server = await openAtPath();
    const client = await underWay(server.path, 3);
    const closed = server.web.close(patienceMs);
    const answers = (await client.whole()).split(/(?=HTTP\/1\.1 )/);
    expect(answers).toHaveLength(3);
    for (const answer of answers) expectWhole(answer);
    await closed;
  });

  test('is also what clients ask that have connected and were not accepted yet', async () => {
    await using server = await openAtPath();
    const clients = Array.from({ length: 40 }, () => {
      const client = slowClient(server.path);
      client.socket.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n');
      return client;
    });
    const closed = server.web.close(patienceMs);
    for (const { whole } of clients) expect(await whole()).toMatch(/^HTTP\/1\.1 200 /);
    await closed;
  });

  test('is not waited for longer than it may take', async () => {
    await using server = await openAtPath();
    const client = await underWay(server.path);
    const mute = slowClient(server.path);
    await server.web.close(1);
    for (const { socket } of [client, mute])
      await waitUntil(() => socket.resume().closed, { what: 'the end of the connection' });
  });

  test('is finished when something else is served at the same address', async () => {
    await using server = await openAtPath();
    const client = await underWay(server.path);
    const tls = fileURLToPath(new URL('../../fixtures/tls/', import.meta.url));
    const options = {
      ...server.parts.options,
      certificate: join(tls, 'good.crt'),
      privateKey: join(tls, 'good.key'),
    };
    const successor = await openWeb({ ...server.parts, options }, server.web);
    expect(successor).not.toBe(server.web);
    const closed = server.web.close(patienceMs);
    expectWhole(await client.whole());
    await closed;
    // The socket in the file system is that of the successor.
    const status = await new Promise<number | undefined>((resolve, reject) => {
      secureRequest({ socketPath: server.path, path: '/healthz', rejectUnauthorized: false }, (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      })
        .on('error', reject)
        .end();
    });
    expect(status).toBe(200);
    await successor.close(0);
    await expect(stat(server.path)).rejects.toThrow('ENOENT');
  });
});

describe('a UNIX socket', () => {
  const ask = (path: string) =>
    new Promise<number | undefined>((resolve, reject) => {
      request({ socketPath: path, path: '/healthz' }, (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      })
        .on('error', reject)
        .end();
    });

  test('is for those of its group, replaces one that is left over, and is removed', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'web-'));
    const path = join(directory, 'http');
    // What a killed process leaves.
    const left = createServer();
    await new Promise<void>((resolve) => left.listen(path, resolve));
    (left as unknown as { _handle: { close(): void; fd: number } })._handle.close();
    const { parts } = await webRig({});
    const options = { ...httpDefaults, address: { kind: 'unix', path } as const };
    const web: Listener = await openWeb({ ...parts, options });
    expect((await stat(path)).mode & 0o777).toBe(0o660);
    expect(await ask(path)).toBe(200);
    // A second server leaves the first one alone.
    await expect(openWeb({ ...parts, options })).rejects.toThrow('EADDRINUSE');
    expect(await ask(path)).toBe(200);
    await web.close(0);
    await expect(stat(path)).rejects.toThrow('ENOENT');
    await rm(directory, { recursive: true });
  });
});
