import { describe, expect, test } from 'vitest';
import { vadvisorSpec } from '../../../src/expose/vadvisor-specs.ts';
import type { LoggedEvent } from '../../../src/model/event.ts';
import { makeApp } from '../../../src/web/app.ts';
import {
  SAMPLE_NOW,
  sampleCpu,
  sampleDisk,
  sampleDomain,
  sampleEmptySnapshot,
  sampleInactiveDomain,
  sampleMemory,
  sampleNic,
  sampleSnapshot,
  sampleUuid,
  sampleVcpu,
} from '../../support/sample-snapshot.ts';
import { ask, webRig } from '../../support/web-rig.ts';

async function rig(given: Parameters<typeof webRig>[0] = {}) {
  const made = await webRig(given);
  const app = makeApp(made);
  const get = (path: string) => ask(app, { path });
  return { ...made, get };
}

function running(step: number) {
  const domain = sampleDomain({
    index: 1,
    name: 'vm1',
    cpu: sampleCpu({ timeUs: 1_000_000 * step, userUs: 500_500, systemUs: 1_500 }),
    memory: sampleMemory({
      currentBytes: 1024 * 2048,
      maximumBytes: 1024 * 4096,
      rssBytes: 1024 * 100,
      swapInBytes: 0,
    }),
    vcpus: [sampleVcpu({ number: 0, timeUs: 7_000, state: 'blocked' })],
    nics: [sampleNic({ rxDrops: 3, txDrops: 5 })],
    disks: [sampleDisk({ readTimeUs: 9, thresholdBytes: undefined })],
  });
  const snapshot = sampleEmptySnapshot({
    domains: [domain, sampleInactiveDomain({ index: 2, name: 'off' })],
  });
  const refreshEndedAt = SAMPLE_NOW + step * 1000;
  return { ...snapshot, agent: { ...snapshot.agent, refreshCount: step, refreshEndedAt } };
}

describe('/api/v1.0/stats', () => {
  test('has a history of each active machine, oldest first, in the units of vAdvisor', async () => {
    const { get, image, history } = await rig({ snapshot: running(1), options: { history: 2 } });
    for (const step of [1, 2, 3, 3, 4]) {
      image.show(running(step));
      history.take();
    }
    const all = (await (await get('/api/v1.0/stats/')).json()) as Record<string, Record<string, unknown>[]>;
    expect(Object.keys(all)).toEqual([sampleUuid(1)]);
    const samples = all[sampleUuid(1)] ?? [];
    expect(
      samples.map((sample) => (sample['cpu'] as { usage: { cpu_time: number } }).usage.cpu_time),
    ).toEqual([2000, 3000, 4000]);
    expect(samples.at(-1)).toMatchObject({
      state: 'Running',
      cpu: {
        usage: { cpu_time: 4000, user_time: 500.5, system_time: 1.5 },
        per_cpu_usage: [{ index: 0, state: 'Blocked', vcpu_time: 7 }],
      },
      memory: { actual: 2048, rss: 100, swap_in: 0 },
      balloon: { current: 2048, maximum: 4096 },
      network: { interfaces: [expect.objectContaining({ name: 'vnet0', rx_dropped: 3, tx_dropped: 5 })] },
      diskio: [expect.objectContaining({ name: 'vda', rd_times: 9000, capacity: 21_474_836_480 })],
      timestamp: new Date(SAMPLE_NOW + 4000).toISOString().replace('Z', '000Z'),
    });
    const live = (await (await get('/api/v1.0/stats/?live=true')).json()) as typeof all;
    expect(live[sampleUuid(1)]).toEqual([samples.at(-1)]);
    expect(await (await get(`/api/v1.0/stats/${sampleUuid(1)}`)).json()).toEqual(all);
    expect((await get(`/api/v1.0/stats/${sampleUuid(2)}`)).status).toBe(404);
  });
});

describe('/api/v1.0/events', () => {
  const kinds = [
    'defined',
    'started',
    'watchdog',
    'suspended',
    'resumed',
    'stopped',
    'undefined',
    'started',
  ] as const;
  const sample = sampleSnapshot();
  const [first] = sample.events.entries as readonly LoggedEvent[];
  const entries = kinds.map((kind, at) => ({
    ...(first as LoggedEvent),
    seq: at + 1,
    kind,
    detail: 0,
    at: Date.UTC(2026, 0, 1, 0, at),
    subjectName: 'vm3',
    subjectUuid: sampleUuid(3),
  }));
  const snapshot = { ...sample, events: { ...sample.events, entries } };

  test.each([
    ['', []],
    ['all_events=true', ['Defined', 'Started', 'Suspended', 'Resumed', 'Stopped', 'Undefined', 'Started']],
    ['all_events=true&max_events=2', ['Defined', 'Started']],
    ['started_events=true', ['Started', 'Started']],
    // The limit counts what is left by the filter.
    ['started_events=true&max_events=2', ['Started', 'Started']],
    ['stopped_events=true&undefined_events=true', ['Stopped', 'Undefined']],
    ['all_events=true&start_time=2026-01-01T00:04:00', ['Resumed', 'Stopped', 'Undefined', 'Started']],
    ['all_events=true&end_time=2026-01-01T00:01:00Z', ['Defined', 'Started']],
    [
      'all_events=true&start_time=2026-01-01T01:04:00%2B01:00&end_time=2026-01-01T00:05:00',
      ['Resumed', 'Stopped'],
    ],
  ])('with %s', async (query, expected) => {
    const { get } = await rig({ snapshot });
    const lines = (await (await get(`/api/v1.0/events?${query}`)).text())
      .split('\n')
      .filter((line) => line !== '');
    expect(lines.map((line) => (JSON.parse(line) as { event_type: string }).event_type)).toEqual(expected);
  });

  test('have the properties of vAdvisor', async () => {
    const { get } = await rig({ snapshot });
    const [line = ''] = (await (await get('/api/v1.0/events?suspended_events=true')).text()).split('\n');
    expect(JSON.parse(line)).toEqual({
      domain_name: 'vm3',
      domain_id: sampleUuid(3),
      timestamp: '2026-01-01T00:03:00.000000Z',
      event_type: 'Suspended',
      reason: 'Paused',
    });
  });

  test.each(['start_time=yesterday', 'max_events=x', 'max_events=-1'])('refuse %s', async (query) => {
    const { get } = await rig({ snapshot });
    expect((await get(`/api/v1.0/events?all_events=true&${query}`)).status).toBe(400);
  });
});

describe('/api/v1.0/specs', () => {
  test('say what to configure where definitions are not kept', async () => {
    const { get } = await rig({
      snapshot: sampleEmptySnapshot({ domains: [sampleDomain()] }),
      options: { specs: false },
    });
    for (const path of ['/api/v1.0/specs/', '/api/v1.0/specs/domain-1']) {
      const answer = await get(path);
      expect(answer.status).toBe(503);
      expect(await answer.text()).toContain('http.specs');
    }
  });

  test('say so where a definition has not been read', async () => {
    const { get } = await rig({
      snapshot: sampleEmptySnapshot({ domains: [sampleDomain({ name: 'new' })] }),
    });
    const answer = await get('/api/v1.0/specs/new');
    expect(answer.status).toBe(503);
    expect(await answer.text()).toContain('lveCollectorTable');
    expect((await get('/api/v1.0/specs/other')).status).toBe(404);
  });

  test('put a definition together from its pieces', async () => {
    const xml = '<domain type="kvm" id="1"><name>größe</name><memory unit="KiB">1024</memory></domain>';
    const octets = Buffer.from(xml);
    // Pieces may end within a character.
    const cut = octets.indexOf(Buffer.from('ö')) + 1;
    const xmlChunks = [octets.subarray(0, cut), octets.subarray(cut)].map((piece, at) => ({
      number: at + 1,
      octets: piece,
    }));
    const { get } = await rig({
      snapshot: sampleEmptySnapshot({ domains: [sampleDomain({ name: 'größe', xmlChunks })] }),
    });
    const expected = {
      domain: { type: 'kvm', id: '1', name: { value: 'größe' }, memory: { unit: 'KiB', value: 1024 } },
    };
    expect(await (await get('/api/v1.0/specs/gr%C3%B6%C3%9Fe')).json()).toEqual(expected);
    expect(await (await get('/api/v1.0/specs/')).json()).toEqual([expected]);
    expect((await get('/api/v1.0/specs/other')).status).toBe(404);
  });

  test('are there although the metadata of one cannot be read', async () => {
    const deep = `${'<a>'.repeat(600)}${'</a>'.repeat(600)}`;
    const domains = [`<metadata>${deep}</metadata>`, ''].map((metadata, at) => {
      const xml = `<domain type="kvm"><name>vm-${at}</name>${metadata}</domain>`;
      // As long as they are in reality.
      const xmlChunks = (xml.match(/.{1,1024}/g) ?? []).map((text, piece) => ({
        number: piece + 1,
        octets: Buffer.from(text),
      }));
      return sampleDomain({ index: at + 1, name: `vm-${at}`, xmlChunks });
    });
    const { get } = await rig({ snapshot: sampleEmptySnapshot({ domains }) });
    const expected = [0, 1].map((at) => ({ domain: { type: 'kvm', name: { value: `vm-${at}` } } }));
    expect(await (await get('/api/v1.0/specs/')).json()).toEqual(expected);
  });

  test('are shaped as those of vAdvisor', () => {
    const spec = vadvisorSpec(`<domain type='kvm'>
      <os><type arch='x86_64'>hvm</type><boot dev='hd'/></os>
      <clock offset='utc'><timer name='rtc' tickpolicy='catchup'/><timer name='pit'/></clock>
      <devices>
        <emulator>/usr/bin/qemu-kvm</emulator>
        <disk type='file'><target dev='vda' bus='virtio'/></disk>
        <controller type='usb' index='0'/>
      </devices>
      <__proto__ polluted='yes'/>
    </domain>`);
    expect(JSON.parse(JSON.stringify(spec))).toEqual(
      JSON.parse(`{"domain": {"type": "kvm",
        "os": {"type": {"arch": "x86_64", "value": "hvm"}, "boot": {"dev": "hd"}},
        "clock": [{"name": "rtc", "tickpolicy": "catchup"}, {"name": "pit"}],
        "emulator": {"value": "/usr/bin/qemu-kvm"},
        "devices": [
          {"family": "disk", "type": "file", "target": {"dev": "vda", "bus": "virtio"}},
          {"family": "controller", "type": "usb", "index": 0}],
        "__proto__": {"polluted": "yes"}}}`),
    );
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});

test('/statsd has what vAdvisor prints there: totals and not what they grew by', async () => {
  const { get } = await rig({ snapshot: running(2) });
  const answer = await get('/statsd');
  expect(answer.headers.get('content-type')).toMatch(/^text\/plain/);
  const lines = (await answer.text()).trimEnd().split('\n');
  const vm = `vm.${sampleUuid(1)}`;
  for (const expected of [
    `${vm}.up:1|g`,
    `${vm}.cpu.total:2000|c`,
    `${vm}.memory.bytes:${1024 * 2048}|g`,
    `${vm}.vnet0.network.transmit.dropped.packets.total:5|c`,
    `${vm}.0.vcpu.total:7|c`,
  ]) {
    expect(lines).toContain(expected);
  }
  expect(lines.some((line) => line.startsWith(`vm.${sampleUuid(2)}`))).toBe(false);
});
