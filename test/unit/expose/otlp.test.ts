import { describe, expect, test } from 'vitest';
import { type OtlpEncoding, type OtlpRequest, otlpEncoder } from '../../../src/expose/otlp.ts';
import { otlpJson } from '../../../src/expose/otlp-json.ts';
import { otlpProtobuf } from '../../../src/expose/otlp-protobuf.ts';
import { PrometheusExposition } from '../../../src/expose/prometheus.ts';
import { servedFamilies } from '../../../src/families/served.ts';
import type { Snapshot } from '../../../src/model/snapshot.ts';
import { parseExposition } from '../../support/exposition.ts';
import { SampleImage } from '../../support/sample-image.ts';
import {
  SAMPLE_NOW,
  sampleCpu,
  sampleDisk,
  sampleDomain,
  sampleEmptySnapshot,
  sampleSnapshot,
} from '../../support/sample-snapshot.ts';

const families = servedFamilies({ sets: ['libvirt'], exclude: [], labelRules: [] });
const at = 1_795_889_247_500;
const resource = { instance: 'hv1', hostname: 'hv1.example.net', version: '1.2.3' };

interface JsonPoint {
  readonly attributes: readonly { readonly key: string; readonly value: { readonly stringValue: string } }[];
  readonly startTimeUnixNano?: string;
  readonly timeUnixNano: string;
  readonly asDouble: number;
}

interface JsonData {
  readonly dataPoints: readonly JsonPoint[];
  readonly aggregationTemporality?: number;
  readonly isMonotonic?: boolean;
}

interface JsonMetric {
  readonly name: string;
  readonly unit: string;
  readonly sum?: JsonData;
  readonly gauge?: JsonData;
}

interface JsonRequest {
  readonly resourceMetrics: readonly [
    {
      readonly resource: object;
      readonly scopeMetrics: readonly [{ readonly metrics: readonly JsonMetric[] }];
    },
  ];
}

function jsonRequests(
  image: SampleImage,
  maxPoints: number,
  hypervisor = '',
): readonly (OtlpRequest & { json: JsonRequest })[] {
  const encoder = otlpEncoder(image.tree, families, { domainLabels: {}, maxPoints, encoding: otlpJson });
  return [...encoder.requests({ ...resource, hypervisor }, () => at)].map((request) => ({
    ...request,
    json: JSON.parse(Buffer.from(request.body).toString()) as JsonRequest,
  }));
}

/** What was sent, as /metrics has it. */
function samplesOf(requests: ReturnType<typeof jsonRequests>) {
  return requests.flatMap(({ json }) =>
    json.resourceMetrics[0].scopeMetrics[0].metrics.flatMap((metric) =>
      (metric.sum ?? metric.gauge)?.dataPoints.map(({ attributes, asDouble }) => ({
        name: metric.name,
        labels: Object.fromEntries(attributes.map(({ key, value }) => [key, value.stringValue])),
        value: asDouble,
      })),
    ),
  );
}

test('calls an attribute otherwise that is in the way of the name of the hypervisor', () => {
  const info = (hypervisor: string) =>
    samplesOf(jsonRequests(new SampleImage(sampleSnapshot()), 10_000, hypervisor)).find(
      (sample) => sample?.name === 'libvirt_agent_info',
    )?.labels ?? {};
  const { hypervisor, ...others } = info('');
  expect(hypervisor).not.toBeUndefined();
  expect(info('rack1-a')).toEqual({ ...others, exported_hypervisor: hypervisor });
});

test('has every sample of /metrics, with its labels', () => {
  const image = new SampleImage(sampleSnapshot());
  const requests = jsonRequests(image, 100);
  const sent = samplesOf(requests);
  const text = new PrometheusExposition([{ name: '', tree: image.tree }], { families, domainLabels: {} })
    .body('text')
    .toString();
  const expected = parseExposition(text);
  const order = (samples: readonly unknown[]) => samples.map((each) => JSON.stringify(each)).sort();
  expect(order(sent)).toEqual(order(expected));
  expect(sent.length).toBeGreaterThan(400);
  for (const { points } of requests) expect(points).toBeLessThanOrEqual(100);
  expect(requests.reduce((sum, { points }) => sum + points, 0)).toBe(sent.length);
});

test('says of each metric what it is', () => {
  const [{ json } = { json: undefined }] = jsonRequests(new SampleImage(sampleSnapshot()), 10_000);
  const metrics = new Map(
    json?.resourceMetrics[0].scopeMetrics[0].metrics.map((metric) => [metric.name, metric]),
  );
  expect(metrics.get('libvirt_domain_info_cpu_time_seconds_total')).toMatchObject({
    unit: 's',
    sum: { aggregationTemporality: 2, isMonotonic: true },
  });
  expect(metrics.get('libvirt_domain_memory_stats_rss_bytes')).toMatchObject({ unit: 'By', gauge: {} });
  expect(metrics.get('libvirt_host_cpu_used_ratio')?.unit).toBe('1');
  expect(metrics.get('libvirt_up')).toMatchObject({
    unit: '',
    gauge: { dataPoints: [{ attributes: [], timeUnixNano: '1795889247500000000', asDouble: 1 }] },
  });
  expect(json?.resourceMetrics[0].resource).toEqual({
    attributes: [
      { key: 'service.name', value: { stringValue: 'libvirt-agentx' } },
      { key: 'service.instance.id', value: { stringValue: 'hv1' } },
      { key: 'service.version', value: { stringValue: '1.2.3' } },
      { key: 'host.name', value: { stringValue: 'hv1.example.net' } },
    ],
  });
});

test('splits a family that is larger than a request', () => {
  const domains = Array.from({ length: 7 }, (_, at) => sampleDomain({ index: at + 1, name: `vm-${at}` }));
  const requests = jsonRequests(new SampleImage(sampleEmptySnapshot({ domains })), 3);
  const up = requests.flatMap(({ json }) =>
    json.resourceMetrics[0].scopeMetrics[0].metrics
      .filter(({ name }) => name === 'libvirt_domain_up')
      .map((metric) => metric.gauge?.dataPoints.length),
  );
  expect(up).toEqual([3, 3, 1]);
});

test('in protobuf is what protoc makes of the same', () => {
  const { attributes, point, metric, request } = otlpProtobuf;
  const labels = attributes([
    ['domain', 'größe'],
    ['mode', 'user'],
  ]);
  const sum = metric(
    { name: 'libvirt_domain_info_cpu_time_seconds_total', description: 'Time.', unit: 's', isSum: true },
    [point([labels], { time: at, start: undefined }, 2.5)],
  );
  const gauge = metric({ name: 'libvirt_up', description: '', unit: '', isSum: false }, [
    point([attributes([])], { time: at, start: undefined }, 1),
  ]);
  const of = attributes([
    ['service.name', 'libvirt-agentx'],
    ['service.instance.id', 'hv1'],
    ['service.version', '1.2.3'],
    ['host.name', 'hv1.example.net'],
  ]);
  const made = request(of, { name: 'libvirt-agentx', version: '1.2.3' }, [sum, gauge]);
  expect(Buffer.from(made).toString('hex')).toBe(
    // protoc 3.21.12 --encode=opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest
    [
      '0ab5020a7c0a200a0c736572766963652e6e616d6512100a0e6c6962766972742d6167656e74780a1c0a137365727669',
      '63652e696e7374616e63652e696412050a036876310a1a0a0f736572766963652e76657273696f6e12070a05312e322e',
      '330a1e0a09686f73742e6e616d6512110a0f6876312e6578616d706c652e6e657412b4010a170a0e6c6962766972742d',
      '6167656e74781205312e322e3312750a2a6c6962766972745f646f6d61696e5f696e666f5f6370755f74696d655f7365',
      '636f6e64735f746f74616c120554696d652e1a01733a3d0a3719005b2e6dc147ec182100000000000004403a130a0664',
      '6f6d61696e12090a076772c3b6c39f653a0e0a046d6f646512060a04757365721002180112220a0a6c6962766972745f',
      '75702a140a1219005b2e6dc147ec1821000000000000f03f',
    ].join(''),
  );
});

describe('the start of a counter', () => {
  const agentStart = SAMPLE_NOW - 3_600_000;
  const startedAt = SAMPLE_NOW - 600_000;

  /** By metric and the labels that tell its points apart: seconds before SAMPLE_NOW; undefined if there is no start. */
  function starts(snapshot: Snapshot): ReadonlyMap<string, number | undefined> {
    const [request] = jsonRequests(new SampleImage(snapshot), 100_000);
    return new Map(
      request?.json.resourceMetrics[0].scopeMetrics[0].metrics.flatMap(({ name, sum, gauge }) =>
        ((sum ?? gauge)?.dataPoints ?? []).map(({ attributes, startTimeUnixNano: start }) => [
          [name, ...attributes.map(({ value }) => value.stringValue)].join(' '),
          start === undefined ? undefined : (SAMPLE_NOW - Number(BigInt(start) / 1_000_000n)) / 1000,
        ]),
      ),
    );
  }

  const snapshotOf = (facts: Parameters<typeof sampleDomain>[0]): Snapshot => {
    const whole = sampleSnapshot();
    return {
      ...whole,
      agent: { ...whole.agent, startedAt: agentStart },
      host: { ...whole.host, bootedAt: SAMPLE_NOW - 86_400_000 },
      domains: [sampleDomain({ index: 1, name: 'vm', active: true, startedAt, cpu: sampleCpu(), ...facts })],
    };
  };
  const cpuTime = 'libvirt_domain_info_cpu_time_seconds_total vm';

  test('is that of what counts', () => {
    const found = starts(snapshotOf({ disks: [sampleDisk({ target: 'vda' })] }));
    expect(found.get(cpuTime)).toBe(600);
    expect(found.get('libvirt_domain_block_stats_read_bytes_total vm vda')).toBe(600);
    expect(found.get('libvirt_domain_state_changes_total vm')).toBe(3600);
    expect(found.get('libvirt_refreshes_total')).toBe(3600);
    expect(found.get('libvirt_host_cpu_seconds_total user')).toBe(86_400);
    // What is no counter has none.
    expect(found.get('libvirt_domain_up vm')).toBeUndefined();
    expect(found.has('libvirt_domain_up vm')).toBe(true);
  });

  test('is that of the last discontinuity, of the machine or of one disk', () => {
    const discontinuityAt = SAMPLE_NOW - 60_000;
    expect(starts(snapshotOf({ discontinuityAt })).get(cpuTime)).toBe(60);
    const disks = [sampleDisk({ target: 'vda', discontinuityAt }), sampleDisk({ index: 2, target: 'vdb' })];
    const found = starts(snapshotOf({ disks }));
    expect(found.get('libvirt_domain_block_stats_read_bytes_total vm vda')).toBe(60);
    expect(found.get('libvirt_domain_block_stats_read_bytes_total vm vdb')).toBe(600);
    expect(found.get(cpuTime)).toBe(600);
  });

  test('is not told where it is not known', () => {
    const found = starts(snapshotOf({ startedAt: undefined }));
    expect(found.has(cpuTime)).toBe(true);
    expect(found.get(cpuTime)).toBeUndefined();
  });

  test('is never behind the time of the value', () => {
    // Started by an event that came after the refresh.
    const found = starts(snapshotOf({ startedAt: at + 1 }));
    expect(found.has(cpuTime)).toBe(true);
    expect(found.get(cpuTime)).toBeUndefined();
    expect(starts(snapshotOf({ startedAt: at })).get(cpuTime)).toBe((SAMPLE_NOW - at) / 1000);
  });

  test('of a host whose boot is not known is not that of the agent', () => {
    const whole = snapshotOf({});
    const cpu = 'libvirt_host_cpu_seconds_total user';
    const found = starts({ ...whole, host: { ...whole.host, bootedAt: undefined } });
    expect(found.has(cpu)).toBe(true);
    expect(found.get(cpu)).toBeUndefined();
    expect(found.get('libvirt_refreshes_total')).toBe(3600);
  });

  test('in protobuf is the field before the time', () => {
    const { attributes, point } = otlpProtobuf;
    const [made = Buffer.alloc(0)] = point([attributes([])], { start: startedAt, time: at }, 1);
    const nanoseconds = Buffer.alloc(8);
    nanoseconds.writeBigUInt64LE(BigInt(startedAt) * 1_000_000n);
    // start_time_unix_nano is 2, time_unix_nano is 3: both fixed64.
    expect(Buffer.from(made).toString('hex')).toContain(`11${nanoseconds.toString('hex')}19005b2e6dc147ec18`);
  });
});

describe('what a receiver did not take', () => {
  const rejection = <Chunk>(encoding: OtlpEncoding<Chunk>, answer: Uint8Array | string) =>
    encoding.rejection(typeof answer === 'string' ? Buffer.from(answer) : answer);

  test('is read from protobuf', () => {
    // protoc 3.21.12 --encode=…ExportMetricsServiceResponse
    const partial = Buffer.from('0a1108ac02120c6f7574206f66206f72646572', 'hex');
    expect(rejection(otlpProtobuf, partial)).toEqual({ points: 300, message: 'out of order' });
    expect(rejection(otlpProtobuf, '')).toBeUndefined();
  });

  test('is read from JSON', () => {
    const partial = { partialSuccess: { rejectedDataPoints: '300', errorMessage: 'out of order' } };
    expect(rejection(otlpJson, JSON.stringify(partial))).toEqual({ points: 300, message: 'out of order' });
    for (const text of ['{}', '{"partialSuccess":{}}', '', 'no JSON', '[]', '{"partialSuccess":7}']) {
      expect(rejection(otlpJson, text), text).toBeUndefined();
    }
  });

  test('is nothing where octets are none of the format', () => {
    for (const hex of ['ff', '0aff', '0affffffffffffffff01', '0a0208', '0a03089601', '09', '0a020a05']) {
      expect(rejection(otlpProtobuf, Buffer.from(hex, 'hex')), hex).toSatisfy(
        (value: unknown) => value === undefined || typeof value === 'object',
      );
    }
    expect(rejection(otlpProtobuf, Buffer.from('0aff', 'hex'))).toBeUndefined();
    expect(rejection(otlpProtobuf, Buffer.from('0affffffffffffffff01', 'hex'))).toBeUndefined();
  });
});
