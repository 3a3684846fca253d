import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { ExposedSource } from '../../../src/expose/prometheus.ts';
import { instanceId } from '../../../src/faces/instance-id.ts';
import { Pushes } from '../../../src/faces/pushes.ts';
import { servedFamilies } from '../../../src/families/served.ts';
import { waitUntil } from '../../lab/wait.ts';
import { influxDefaults, otlpDefaults } from '../../support/push-options.ts';
import { SampleImage } from '../../support/sample-image.ts';
import {
  sampleDomain,
  sampleEmptySnapshot,
  sampleNic,
  sampleSnapshot,
} from '../../support/sample-snapshot.ts';
import { httpDefaults } from '../../support/web-rig.ts';
import { writtenTo } from '../../support/written-to.ts';

const metrics = { sets: ['libvirt'], exclude: [], gzip: true, domainLabels: {}, labelRules: [] } as const;
const families = servedFamilies(metrics);

/** Seconds. */
const interval = 0.05;

interface Formats {
  readonly statsd: 'vadvisor' | 'dogstatsd';
  readonly influxdb: 'pulse' | 'native';
}

interface Sent {
  readonly statsd: ReadonlySet<string>;
  readonly influxdb: ReadonlySet<string>;
  readonly otlp: ReadonlySet<string>;
}

interface OtlpBody {
  readonly resourceMetrics: readonly {
    readonly resource: { readonly attributes: readonly unknown[] };
    readonly scopeMetrics: readonly { readonly metrics: readonly OtlpMetric[] }[];
  }[];
}

interface OtlpMetric {
  readonly name: string;
  readonly sum?: { readonly dataPoints: readonly { readonly attributes: unknown }[] };
  readonly gauge?: { readonly dataPoints: readonly { readonly attributes: unknown }[] };
}

/** What tells each figure apart that was sent of hypervisors of these names, which have the same machines. */
async function sentOf(names: readonly string[], formats: Formats): Promise<Sent> {
  const sent = { statsd: new Set<string>(), influxdb: new Set<string>(), otlp: new Set<string>() };
  const socket = createSocket('udp4');
  socket.on('message', (text) => {
    for (const line of text.toString().split('\n')) sent.statsd.add(line.replace(/:[^:|]*\|[cg]/, ''));
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = gunzipSync(Buffer.concat(chunks)).toString();
      if (request.url?.startsWith('/write') === true) {
        // Tags end at the first blank that is not escaped.
        for (const line of body.split('\n')) sent.influxdb.add(line.replace(/(?<!\\) .*/, ''));
      } else {
        for (const { resource, scopeMetrics } of (JSON.parse(body) as OtlpBody).resourceMetrics) {
          for (const { name, sum, gauge } of scopeMetrics.flatMap((scope) => scope.metrics)) {
            for (const { attributes } of (sum ?? gauge)?.dataPoints ?? [])
              sent.otlp.add(JSON.stringify([resource.attributes, name, attributes]));
          }
        }
      }
      response.end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const troubles: string[] = [];
  const rounds = { statsd: 0, influxdb: 0, otlp: 0 };
  const pushes = new Pushes((target, text) => {
    if (text !== undefined) troubles.push(text);
    rounds[target as keyof typeof rounds] += 1;
  });
  pushes.configure(
    names.map((name) => ({ name, tree: new SampleImage(sampleSnapshot()).tree })),
    families,
    {
      version: '1.2.3',
      http: httpDefaults,
      metrics,
      statsd: { host: '127.0.0.1', port: socket.address().port, interval, format: formats.statsd },
      influxdb: { ...influxDefaults, url, interval, profile: formats.influxdb },
      otlp: { ...otlpDefaults, url, interval, encoding: 'json' },
    },
  );
  // A request for each hypervisor; StatsD over again, since UDP may lose some.
  await waitUntil(() => rounds.statsd >= 3 && rounds.influxdb >= 1 && rounds.otlp >= names.length, {
    what: 'rounds of all targets',
    context: () => JSON.stringify(rounds),
  });
  expect(troubles).toEqual([]);
  await pushes.close(0);
  socket.close();
  server.close();
  return sent;
}

describe('of two hypervisors with the same machines', () => {
  test.each<Formats>([
    { statsd: 'vadvisor', influxdb: 'pulse' },
    { statsd: 'dogstatsd', influxdb: 'native' },
  ])('nothing is sent as the same figure: $statsd, $influxdb, OTLP', async (formats) => {
    const one = await sentOf([''], formats);
    const two = await sentOf(['rack1.a', 'rack1_a'], formats);
    for (const target of ['statsd', 'influxdb', 'otlp'] as const) {
      expect(one[target].size, target).toBeGreaterThan(3);
      expect(two[target].size, target).toBe(2 * one[target].size);
    }
  });
});

const off = {
  version: '1.2.3',
  http: httpDefaults,
  metrics,
  statsd: { host: '', port: 8125, interval: 3600, format: 'vadvisor' },
  influxdb: influxDefaults,
  otlp: otlpDefaults,
} as const;

/** A machine that has received so many octets. */
const received = (rxBytes: number) =>
  sampleEmptySnapshot({ domains: [sampleDomain({ nics: [sampleNic({ rxBytes })] })] });

describe('another configuration', () => {
  test('leaves to a target what waits for it, and what it has been sent', async () => {
    await using influx = await writtenTo([503]);
    await using other = await writtenTo();
    const receiver = createSocket('udp4');
    const lines: string[] = [];
    receiver.on('message', (text) => lines.push(...text.toString().split('\n')));
    receiver.bind(0, '127.0.0.1');
    await once(receiver, 'listening');
    const image = new SampleImage(received(1000));
    const [first, second, third] = ['a', 'b', 'c'].map((name) => ({
      name,
      tree: (name === 'a' ? image : new SampleImage(received(1))).tree,
    })) as [ExposedSource, ExposedSource, ExposedSource];
    const statsd = { ...off.statsd, host: '127.0.0.1', port: receiver.address().port, interval: 0.05 };
    const pushes = new Pushes(() => undefined);
    pushes.configure([first, second], families, {
      ...off,
      statsd,
      influxdb: { ...influxDefaults, url: influx.url, interval: 0.05 },
    });
    await waitUntil(() => influx.written.length > 0 && lines.length > 0, { what: 'the first rounds' });
    // Another hypervisor, other intervals, another server; and the counter grows right then.
    pushes.configure([first, second, third], families, {
      ...off,
      statsd: { ...statsd, interval: 0.06 },
      influxdb: { ...influxDefaults, url: other.url, interval: 3600 },
    });
    image.show(received(1700));
    await waitUntil(() => lines.some((line) => /^a\..*network\.receive\.bytes\.total:700\|c$/.test(line)), {
      what: 'what the counter grew by meanwhile',
    });
    await waitUntil(() => other.written.length > 0, { what: 'what the other server did not take' });
    expect(other.written[0]?.lines).toEqual(influx.written[0]?.lines);
    expect(pushes.counters.get('influxdb')?.failed).toBe(1);
    pushes.configure([first], families, off);
    expect([...pushes.counters.keys()]).toEqual([]);
    receiver.close();
  });
});

describe('an instance of OTLP', () => {
  const parts = {
    configured: '',
    agentHost: 'monitor-1',
    uri: 'qemu:///system',
    hostname: 'hv1',
    hypervisor: '',
  };

  test.each([
    [{}, 'hv1'],
    [{ hostname: '' }, 'qemu:///system'],
    [{ configured: 'mine' }, 'mine'],
    // Another agent may look at it as well.
    [{ uri: 'qemu+tls://hv1.example.net/system' }, 'monitor-1/hv1'],
    // Another agent may use the same names.
    [{ hypervisor: 'rack1-a' }, 'monitor-1/rack1-a'],
    [{ hypervisor: 'rack1-a', configured: 'mine' }, 'mine/rack1-a'],
    [{ uri: 'qemu+unix:///system?socket=/run/x' }, 'hv1'],
  ])('%o is called %s', (given, expected) => {
    expect(instanceId({ ...parts, ...given })).toBe(expected);
  });
});
