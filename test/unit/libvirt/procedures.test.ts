import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import * as procedures from '../../../src/libvirt/procedures.ts';
import { decodeHeader, HEADER_OCTETS, type Procedure } from '../../../src/libvirt/protocol.ts';
import type { TypedParams } from '../../../src/libvirt/typed-params.ts';
import { XdrWriter } from '../../../src/libvirt/xdr.ts';
import { loadHexFixture, payloadReader } from '../../support/hex-fixture.ts';

const odd = { name: 'odd näme "q" <&> %s', uuid: '5a3f9a9a-3c9e-43f3-a035-661c5fce89ac', id: 1 };
const off = { name: 'off', uuid: '5518d93c-b483-45e8-a0bf-ba5634758d9b', id: -1 };

/** Typed parameters as an object, to compare them with one. */
function asObject({ names, values }: TypedParams): Record<string, unknown> {
  return Object.fromEntries(names.map((name, index) => [name.text, values[index]]));
}

/** One recorded exchange: our arguments must give virsh's octets, and libvirtd's reply the expected value. */
interface Case<Args, Reply> {
  readonly fixture: string;
  readonly procedure: Procedure<Args, Reply>;
  readonly args: Args;
  readonly check: (reply: Reply) => void;
}

const cases: { readonly fixture: string; readonly run: () => void }[] = [];

function exchange<Args, Reply>({ fixture, procedure, args, check }: Case<Args, Reply>): void {
  cases.push({
    fixture,
    run: () => {
      const { call, reply } = loadHexFixture(fixture);
      expect(procedure.number).toBe(decodeHeader(call).procedure);
      const writer = new XdrWriter();
      procedure.encode(writer, args);
      expect(Buffer.from(writer.finish()).toString('hex')).toBe(
        Buffer.from(call.subarray(HEADER_OCTETS)).toString('hex'),
      );
      const reader = payloadReader(reply);
      check(procedure.decode(reader));
      reader.expectEnd();
    },
  });
}

function expected<Value>(value: Value): (reply: unknown) => void {
  return (reply) => expect(reply).toEqual(value);
}

exchange({
  fixture: 'auth-list',
  procedure: procedures.authList,
  args: undefined,
  check: expected([0]),
});
exchange({
  fixture: 'connect-open',
  procedure: procedures.connectOpen,
  args: { uri: 'qemu:///system', flags: 1 },
  check: expected(undefined),
});
exchange({
  fixture: 'connect-get-hostname',
  procedure: procedures.connectGetHostname,
  args: undefined,
  check: expected('lab-host'),
});
exchange({
  fixture: 'connect-get-type',
  procedure: procedures.connectGetType,
  args: undefined,
  check: expected('QEMU'),
});
exchange({
  fixture: 'connect-get-version',
  procedure: procedures.connectGetVersion,
  args: undefined,
  check: expected(7_002_022),
});
exchange({
  fixture: 'connect-get-lib-version',
  procedure: procedures.connectGetLibVersion,
  args: undefined,
  check: expected(9_000_000),
});
exchange({
  fixture: 'node-get-info',
  procedure: procedures.nodeGetInfo,
  args: undefined,
  check: (info) =>
    expect(info).toMatchObject({ model: 'x86_64', cpus: 2, nodes: 1, sockets: 1, cores: 2, threads: 1 }),
});
exchange({
  fixture: 'node-get-cpu-stats',
  procedure: procedures.nodeGetCpuStats,
  args: { cpuNum: -1, nparams: 4, flags: 0 },
  check: ({ params }) => {
    expect(params.map(({ field }) => field)).toEqual(['kernel', 'user', 'idle', 'iowait']);
    expect(params.every(({ value }) => typeof value === 'number' && value % 10_000_000 === 0)).toBe(true);
  },
});
exchange({
  fixture: 'node-get-memory-stats',
  procedure: procedures.nodeGetMemoryStats,
  args: { cellNum: -1, nparams: 4, flags: 0 },
  check: ({ params }) => {
    expect(params.map(({ field }) => field)).toEqual(['total', 'free', 'buffers', 'cached']);
    expect(params[0]?.value).toBe(24_684_096);
  },
});
exchange({
  fixture: 'node-get-cpu-map',
  procedure: procedures.nodeGetCpuMap,
  args: { needMap: true, needOnline: true, flags: 0 },
  check: expected({ map: Uint8Array.of(3), online: 2, present: 2 }),
});
exchange({
  fixture: 'node-get-free-pages',
  procedure: procedures.nodeGetFreePages,
  args: { pageSizesKib: [4], startCell: 0, cellCount: 1, flags: 0 },
  check: (pages) => expect(pages).toHaveLength(1),
});
exchange({
  fixture: 'node-get-memory-parameters',
  procedure: procedures.nodeGetMemoryParameters,
  args: { nparams: 8, flags: 0 },
  check: ({ params }) => expect(asObject(params)).toMatchObject({ shm_pages_to_scan: 100 }),
});
exchange({
  fixture: 'connect-list-all-domains',
  procedure: procedures.connectListAllDomains,
  args: { flags: 3 },
  check: expected([odd, off]),
});
exchange({
  fixture: 'connect-get-all-domain-stats',
  procedure: procedures.connectGetAllDomainStats,
  args: { domains: [odd], stats: 0, flags: 0 },
  check: (records) => {
    expect(records.map(({ domain }) => domain)).toEqual([odd]);
    const params = asObject(records[0]?.params ?? { names: [], types: new Uint8Array(), values: [] });
    expect(params).toMatchObject({
      'state.state': 1,
      'state.reason': 1,
      'balloon.maximum': 16_384,
      'vcpu.current': 1,
      'vcpu.maximum': 2,
      'net.0.name': 'vnet0',
      'net.0.rx.bytes': 110,
      'block.count': 3,
      'block.0.name': 'vda',
      'block.0.capacity': 8_388_608,
      'block.1.backingIndex': 2,
      'block.2.name': 'sda',
    });
    expect(params).not.toHaveProperty('block.2.path');
  },
});
exchange({
  fixture: 'connect-get-all-domain-stats-off',
  procedure: procedures.connectGetAllDomainStats,
  args: { domains: [off], stats: 0, flags: 0 },
  check: (records) => {
    expect(records[0]?.domain).toEqual(off);
    expect(records[0]?.params.names).toHaveLength(15);
  },
});
exchange({
  fixture: 'domain-get-state',
  procedure: procedures.domainGetState,
  args: { domain: odd, flags: 0 },
  check: expected({ state: 1, reason: 1 }),
});
exchange({
  fixture: 'domain-get-control-info',
  procedure: procedures.domainGetControlInfo,
  args: { domain: odd, flags: 0 },
  check: expected({ state: 0, details: 0, stateTimeMs: 0 }),
});
exchange({
  fixture: 'domain-get-messages',
  procedure: procedures.domainGetMessages,
  args: { domain: odd, flags: 0 },
  check: expected(['tainted: running with undesirable elevated privileges']),
});
exchange({
  fixture: 'domain-get-vcpus',
  procedure: procedures.domainGetVcpus,
  args: { domain: odd, maxInfo: 1, mapLength: 1 },
  check: ({ info, maps }) => {
    expect(info).toEqual([{ number: 0, state: 1, cpuTime: expect.any(Number), cpu: expect.any(Number) }]);
    expect([...maps]).toEqual([1]);
  },
});
exchange({
  fixture: 'domain-get-vcpu-pin-info',
  procedure: procedures.domainGetVcpuPinInfo,
  args: { domain: odd, vcpus: 2, mapLength: 1, flags: 0 },
  check: expected({ maps: Uint8Array.of(1, 3), count: 2 }),
});
exchange({
  fixture: 'domain-get-emulator-pin-info',
  procedure: procedures.domainGetEmulatorPinInfo,
  args: { domain: odd, mapLength: 1, flags: 0 },
  check: expected({ map: Uint8Array.of(3), pinned: true }),
});
exchange({
  fixture: 'domain-get-iothread-info',
  procedure: procedures.domainGetIothreadInfo,
  args: { domain: odd, flags: 0 },
  check: expected([
    { id: 2, map: Uint8Array.of(3) },
    { id: 1, map: Uint8Array.of(2) },
  ]),
});
exchange({
  fixture: 'domain-get-job-stats',
  procedure: procedures.domainGetJobStats,
  args: { domain: odd, flags: 0 },
  check: ({ type, params }) => {
    expect(type).toBe(0);
    expect(params.names).toEqual([]);
  },
});
exchange({
  fixture: 'domain-get-disk-errors',
  procedure: procedures.domainGetDiskErrors,
  args: { domain: odd, maxErrors: 3, flags: 0 },
  check: expected({ errors: [], count: 0 }),
});
exchange({
  fixture: 'domain-get-block-io-tune',
  procedure: procedures.domainGetBlockIoTune,
  args: { domain: odd, disk: 'vda', nparams: 20, flags: 0 },
  check: ({ params }) => {
    expect(params.names).toHaveLength(20);
    expect(asObject(params)).toMatchObject({ total_bytes_sec: 0, group_name: '' });
  },
});
exchange({
  fixture: 'domain-get-block-job-info',
  procedure: procedures.domainGetBlockJobInfo,
  args: { domain: odd, path: 'vda', flags: 1 },
  check: expected(undefined),
});
exchange({
  fixture: 'domain-get-interface-parameters',
  procedure: procedures.domainGetInterfaceParameters,
  args: { domain: odd, device: '52:54:00:01:02:03', nparams: 7, flags: 0 },
  check: ({ params }) =>
    expect(asObject(params)).toMatchObject({ 'inbound.average': 0, 'outbound.burst': 0 }),
});
exchange({
  fixture: 'domain-get-scheduler-parameters-flags',
  procedure: procedures.domainGetSchedulerParametersFlags,
  args: { domain: off, nparams: 9, flags: 2 },
  check: (params) => expect(asObject(params)).toMatchObject({ cpu_shares: 0, vcpu_quota: 0 }),
});
exchange({
  fixture: 'domain-interface-addresses',
  procedure: procedures.domainLeaseAddresses,
  args: { domain: odd, flags: 0 },
  check: expected([]),
});
exchange({
  fixture: 'domain-list-all-snapshots',
  procedure: procedures.domainListAllSnapshots,
  args: { domain: off, flags: 0 },
  check: expected([{ name: 'first', domain: off }]),
});
exchange({
  fixture: 'domain-list-all-checkpoints',
  procedure: procedures.domainListAllCheckpoints,
  args: { domain: off, flags: 0 },
  check: expected([]),
});
exchange({
  fixture: 'connect-list-all-storage-pools',
  procedure: procedures.connectListAllStoragePools,
  args: { flags: 3 },
  check: (pools) => expect(pools.map(({ name }) => name)).toEqual(['images']),
});
exchange({
  fixture: 'connect-list-all-networks',
  procedure: procedures.connectListAllNetworks,
  args: { flags: 3 },
  check: (networks) => expect(networks.map(({ name }) => name)).toEqual(['lab']),
});

describe('procedures, against octets of virsh and libvirtd', () => {
  it.each(cases)('$fixture', ({ run }) => run());

  it('decodes a reply about a pool', () => {
    expect(
      procedures.storagePoolGetInfo.decode(payloadReader(loadHexFixture('storage-pool-get-info').reply)),
    ).toMatchObject({ state: 2, capacityBytes: expect.any(Number) });
  });

  it('uses each number once, except where the same call waits for another', () => {
    const keys = Object.values(procedures).map(({ number, waitsFor }) => `${number} ${waitsFor}`);
    expect(keys.filter((key, at) => keys.indexOf(key) !== at)).toEqual([]);
  });

  it('declares none that nothing calls', () => {
    const source = join(import.meta.dirname, '../../../src');
    const text = readdirSync(source, { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ts') && path !== 'libvirt/procedures.ts')
      .map((path) => readFileSync(join(source, path), 'utf8'))
      .join('\n');
    const names = Object.keys(procedures);
    expect(names.length).toBeGreaterThan(40);
    expect(names.filter((name) => !new RegExp(`\\b${name}\\b`).test(text))).toEqual([]);
  });

  it('refuses a UUID that is none before it is sent', () => {
    const domain = { ...odd, uuid: 'not-a-uuid' };
    expect(() => procedures.domainGetState.encode(new XdrWriter(), { domain, flags: 0 })).toThrow(RangeError);
  });
});
