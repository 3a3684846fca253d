import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { StatsdPush } from '../../../src/push/statsd-push.ts';
import { waitUntil } from '../../lab/wait.ts';

/** A server that keeps what it receives. */
async function receiver() {
  const socket = createSocket('udp4');
  const datagrams: Buffer[] = [];
  socket.on('message', (datagram) => datagrams.push(datagram));
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return {
    port: socket.address().port,
    datagrams,
    lines: () => datagrams.flatMap((datagram) => datagram.toString().split('\n')),
    [Symbol.asyncDispose]: async () => {
      socket.close();
      await once(socket, 'close');
    },
  };
}

const options = { host: '127.0.0.1', interval: 1, format: 'vadvisor' } as const;

test('sends whole lines in datagrams that fit, and none too fast for the receiver', async () => {
  await using server = await receiver();
  const lines = Array.from({ length: 5000 }, (_, at) => `vm.${at}.${'x'.repeat(at % 100)}:1|c`);
  const problems: (string | undefined)[] = [];
  const push = new StatsdPush({ ...options, port: server.port }, { round: () => lines }, (text) =>
    problems.push(text),
  );
  await push.round();
  await waitUntil(() => server.lines().length >= 5000, { what: 'all lines' });
  expect(server.lines()).toEqual(lines);
  expect(Math.max(...server.datagrams.map(({ length }) => length))).toBeLessThanOrEqual(1432);
  expect(push.counters).toEqual({ sent: 5000, dropped: 0, failed: 0 });
  expect(problems).toEqual([undefined]);
  await push.close(0);
});

test('counts what it cannot send, and tells why', async () => {
  const gone = await receiver();
  const { port } = gone;
  await gone[Symbol.asyncDispose]();
  const problems: (string | undefined)[] = [];
  const push = new StatsdPush({ ...options, port }, { round: () => ['a:1|c', 'b:1|c'] }, (text) =>
    problems.push(text),
  );
  await waitUntil(
    async () => {
      await push.round();
      return push.counters.failed > 0;
    },
    { what: 'a refusal' },
  );
  expect(problems.at(-1)).toMatch(/^StatsD at 127.0.0.1:\d+ cannot be sent to: .*ECONNREFUSED/);
  await push.close(0);
});

test('tells that a host has no address', async () => {
  const problems: (string | undefined)[] = [];
  const push = new StatsdPush(
    { ...options, host: 'nowhere.invalid', port: 1 },
    { round: () => ['a:1|c'] },
    (text) => problems.push(text),
  );
  await push.round();
  expect(problems[0]).toContain('nowhere.invalid');
  expect(push.counters).toEqual({ sent: 0, dropped: 1, failed: 1 });
  await push.close(0);
});

test('sends the rest of a round when it is closed, without pauses, and goes by other settings in the next one', async () => {
  await using server = await receiver();
  await using other = await receiver();
  const lines = Array.from({ length: 200 }, (_, at) => `vm.${at}.${'x'.repeat(700)}:1|c`);
  // A round that is spread over an hour.
  const slow = { ...options, interval: 4500 };
  const push = new StatsdPush({ ...slow, port: server.port }, { round: () => lines }, () => undefined);
  push.configure({ ...slow, port: other.port });
  const round = push.round();
  await waitUntil(() => other.lines().length > 0, { what: 'the beginning' });
  await push.close(60_000);
  await round;
  expect(push.counters).toEqual({ sent: 200, dropped: 0, failed: 0 });
  expect(server.lines()).toEqual([]);
});
