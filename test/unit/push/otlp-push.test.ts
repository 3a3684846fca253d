import { expect, test } from 'vitest';
import type { OtlpRequest } from '../../../src/expose/otlp.ts';
import { type OtlpOptions, OtlpPush } from '../../../src/push/otlp-push.ts';
import { refusingTcpPort } from '../../lab/refusing-port.ts';
import { waitUntil } from '../../lab/wait.ts';
import { otlpDefaults } from '../../support/push-options.ts';
import { quick, writtenTo } from '../../support/written-to.ts';

function pushTo(options: Partial<OtlpOptions>, rounds: readonly string[][]) {
  const problems: (string | undefined)[] = [];
  const left = [...rounds];
  const requests = (): OtlpRequest[] =>
    (left.shift() ?? []).map((text) => ({ body: Buffer.from(text), points: 10 }));
  const push = new OtlpPush({ ...otlpDefaults, ...options }, requests, (text) => problems.push(text), quick);
  return { push, problems };
}

test('is sent to /v1/metrics below the URL, in its encoding', async () => {
  await using receiver = await writtenTo();
  const json = pushTo({ url: `${receiver.url}/api/v1/otlp/`, encoding: 'json' }, [['a', 'b']]);
  await json.push.round();
  const protobuf = pushTo({ url: receiver.url, compression: 'none' }, [['c']]);
  await protobuf.push.round();
  expect(
    receiver.written.map(({ url, headers, lines }) => [
      url,
      headers['content-type'],
      headers['content-encoding'],
      lines.join(),
    ]),
  ).toEqual([
    ['/api/v1/otlp/v1/metrics', 'application/json', 'gzip', 'a'],
    ['/api/v1/otlp/v1/metrics', 'application/json', 'gzip', 'b'],
    ['/v1/metrics', 'application/x-protobuf', undefined, 'c'],
  ]);
  expect(json.push.counters).toEqual({ sent: 20, dropped: 0, failed: 0 });
  await json.push.close(0);
  await protobuf.push.close(0);
});

test('is sent again where the specification says so, and dropped where it says that is of no use', async () => {
  await using receiver = await writtenTo([429, 502, 503, 504, 204, 500, 204]);
  const { push, problems } = pushTo({ url: receiver.url }, [['a', 'b', 'c']]);
  await push.round();
  expect(receiver.written.map(({ lines }) => lines.join())).toEqual(['a', 'a', 'a', 'a', 'a', 'b', 'c']);
  expect(push.counters).toEqual({ sent: 20, dropped: 10, failed: 5 });
  expect(problems).toContain(`OTLP at ${receiver.url} refuses writes: 500 because`);
  expect(problems.at(-1)).toBeUndefined();
  await push.close(0);
});

test('counts what a good answer says was not taken', async () => {
  const partial = { partialSuccess: { rejectedDataPoints: '3', errorMessage: 'too old' } };
  await using receiver = await writtenTo([200], JSON.stringify(partial));
  const { push, problems } = pushTo({ url: receiver.url, encoding: 'json' }, [['a']]);
  await push.round();
  expect(push.counters).toEqual({ sent: 7, dropped: 3, failed: 1 });
  expect(problems).toEqual([`OTLP at ${receiver.url} refuses writes: 3 points were not taken: too old`]);
  await push.close(0);
});

test('keeps a bounded number of requests while the receiver is away', async () => {
  const rounds = Array.from({ length: 30 }, (_, at) => Array.from({ length: 10 }, () => `round ${at}`));
  await using nobody = await refusingTcpPort();
  const { push } = pushTo({ url: `http://${nobody.address}` }, rounds);
  // The round that sends does not end while the receiver is away; one that finds another at work goes on to send.
  for (let round = 0; round < 30; round++) {
    void push.round();
    await waitUntil(() => push.isIdle, { what: 'the requests of the round' });
  }
  expect(push.counters.dropped).toBe(440);
  expect(push.counters.sent).toBe(0);
  await push.close(0);
});
