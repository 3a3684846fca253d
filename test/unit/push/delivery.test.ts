import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { Delivery } from '../../../src/push/delivery.ts';
import { waitUntil } from '../../lab/wait.ts';
import { writtenTo } from '../../support/written-to.ts';

/** Nothing is sent to it here. */
const target = {
  name: 'a server that is away',
  url: 'http://127.0.0.1/',
  headers: async () => ({}),
  isRefusal: () => false,
  maxWaiting: 4,
};
const mebibytes = (count: number): Promise<Uint8Array> =>
  Promise.resolve(new Uint8Array(count * 1024 * 1024));

describe('what waits for a server', () => {
  it('is bounded in number: the oldest go', async () => {
    const delivery = new Delivery(target, () => undefined);
    for (const lines of [1, 10, 100, 1000, 10_000, 100_000]) await delivery.add(mebibytes(0), lines);
    expect(delivery.counters).toMatchObject({ dropped: 11, sent: 0 });
  });

  it('is bounded in octets, however few requests that are', async () => {
    const delivery = new Delivery(target, () => undefined);
    for (const lines of [1, 10, 100]) await delivery.add(mebibytes(30), lines);
    expect(delivery.counters.dropped).toBe(1);
    await delivery.add(mebibytes(65), 1000);
    expect(delivery.counters.dropped).toBe(111);
  });
});

/** A server that answers when the test does. */
async function heldServer() {
  const held: ServerResponse[] = [];
  const server = createServer((request, response) => {
    request.resume();
    request.on('end', () => held.push(response));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    held,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

const body = (text: string): Promise<Uint8Array> => Promise.resolve(Buffer.from(text));

/** Pauses that no test waits for. */
const never = { baseMs: 3_600_000, factor: 1, capMs: 3_600_000, jitter: 0 };

/** Nobody is waited for that long unless something is wrong. */
const patienceMs = 60_000;

describe('another target', () => {
  it('gets at once what the one before did not take', async () => {
    await using old = await writtenTo([503]);
    await using other = await writtenTo();
    const problems: (string | undefined)[] = [];
    const delivery = new Delivery({ ...target, url: old.url }, (text) => problems.push(text), never);
    await delivery.add(body('first'), 1);
    await delivery.add(body('second'), 1);
    const done = delivery.sendAll();
    await waitUntil(() => delivery.counters.failed === 1, { what: 'the failure' });
    delivery.redirect({ ...target, name: 'another', url: other.url });
    await done;
    expect(other.written.map(({ lines }) => lines.join())).toEqual(['first', 'second']);
    expect(delivery.counters).toEqual({ sent: 2, dropped: 0, failed: 1 });
    expect(problems.at(-1)).toBeUndefined();
  });
});

describe('the end', () => {
  it('waits for what is under way, and for what follows it', async () => {
    await using server = await heldServer();
    const delivery = new Delivery({ ...target, url: server.url }, () => undefined);
    await delivery.add(body('first'), 1);
    void delivery.sendAll();
    await waitUntil(() => server.held.length === 1, { what: 'the first request' });
    const second = delivery.add(body('second'), 1);
    const closed = delivery.close(patienceMs);
    await second;
    server.held[0]?.writeHead(204).end();
    await waitUntil(() => server.held.length === 2, { what: 'the second request' });
    server.held[1]?.writeHead(204).end();
    await closed;
    expect(delivery.counters).toEqual({ sent: 2, dropped: 0, failed: 0 });
  });

  it('does not wait for a server that does not take it', async () => {
    await using server = await writtenTo([503]);
    const delivery = new Delivery({ ...target, url: server.url }, () => undefined, never);
    await delivery.add(body('first'), 1);
    const done = delivery.sendAll();
    await waitUntil(() => delivery.counters.failed === 1, { what: 'the failure' });
    await delivery.close(patienceMs);
    await done;
    expect(server.written).toHaveLength(1);
  });

  it('is not put off by a server that says nothing', async () => {
    await using server = await heldServer();
    const delivery = new Delivery({ ...target, url: server.url }, () => undefined, never);
    await delivery.add(body('first'), 1);
    const done = delivery.sendAll();
    await waitUntil(() => server.held.length === 1, { what: 'the request' });
    await delivery.close(1);
    await done;
    expect(delivery.counters.sent).toBe(0);
  });
});
