import { describe, expect, it } from 'vitest';
import { NotCalledError } from '../../../../src/collect/access/call-gate.ts';
import { HostRecord } from '../../../../src/collect/records/host-record.ts';
import { InfrastructureRecord } from '../../../../src/collect/records/infrastructure-record.ts';
import { BlockJobs } from '../../../../src/collect/sources/block-jobs.ts';
import type { Collector, CollectorPass } from '../../../../src/collect/sources/collector.ts';
import { DomainJobs } from '../../../../src/collect/sources/domain-jobs.ts';
import { DomainMoments } from '../../../../src/collect/sources/domain-moments.ts';
import { DeviceLimits } from '../../../../src/collect/sources/domain-tuning.ts';
import { eachMember } from '../../../../src/collect/sources/each-member.ts';
import { HostNuma } from '../../../../src/collect/sources/host-memory.ts';
import { HostStats } from '../../../../src/collect/sources/host-stats.ts';
import { RetrySchedule } from '../../../../src/collect/sources/retry-schedule.ts';
import { StoragePools } from '../../../../src/collect/sources/storage-pools.ts';
import { VcpuPinning } from '../../../../src/collect/sources/vcpu-pinning.ts';
import { VirtualNetworks } from '../../../../src/collect/sources/virtual-networks.ts';
import { parseDomainXml } from '../../../../src/definition/domain-definition.ts';
import { ConnectionLostError } from '../../../../src/errors.ts';
import { CallTimeoutError } from '../../../../src/libvirt/call-errors.ts';
import { LibvirtError } from '../../../../src/libvirt/libvirt-error.ts';
import { virErrors } from '../../../../src/libvirt-enums/error-code.ts';
import { silentLogger } from '../../../../src/log.ts';
import { IndexStore } from '../../../../src/state/index-store.ts';
import { activeRecord, testPass } from '../collector-pass.ts';
import { sampleOf, typedParams } from '../params.ts';

// Every loop over members of something, with one member that refuses: the others must be read as ever, and the report
// must name the one. What is read from a real libvirt with such members is in the integration tests.

type Args = Readonly<Record<string, unknown>> & { readonly domain?: { readonly name: string } };

const refusal = (message: string): LibvirtError =>
  new LibvirtError(
    { virCode: virErrors.configUnsupported, virDomain: 10, level: 2, procedure: 'p' },
    message,
  );

const domainXml = `<domain><devices>
  <disk type='file'><source file='/images/a'/><target dev='vda'/></disk>
  <disk type='file'><source file='/images/b'/><target dev='vdb'/></disk>
  <interface type='bridge'><mac address='52:54:00:00:00:01'/></interface>
  <interface type='bridge'><mac address='52:54:00:00:00:02'/></interface>
</devices></domain>`;

const capabilitiesXml = `<capabilities><host>
  <cpu><pages unit='KiB' size='4'/><pages unit='KiB' size='2048'/><pages unit='KiB' size='1048576'/></cpu>
  <topology><cells>
    <cell id='0'><memory unit='KiB'>1024</memory><pages unit='KiB' size='2048'>7</pages>
      <pages unit='KiB' size='1048576'>3</pages><cpus><cpu id='0'/></cpus></cell>
    <cell id='1'><cpus><cpu id='1'/></cpus></cell>
    <cell id='2'><memory unit='KiB'>2048</memory><pages unit='KiB' size='2048'>9</pages>
      <pages unit='KiB' size='1048576'>3</pages><cpus/></cell>
  </cells></topology>
</host></capabilities>`;

const limit = typedParams([['total_iops_sec', 'ullong', 500]]);
const bandwidth = typedParams([['inbound.average', 'uint', 10]]);
const job = typedParams([
  ['operation', 'int', 8],
  ['time_elapsed', 'ullong', 5],
]);
const everyCpu = Uint8Array.of(3);

/** What a libvirt with two of everything answers. */
const answers: Readonly<Record<string, (args: Args) => unknown>> = {
  domainGetBlockIoTune: ({ nparams }) => ({ nparams: 1, params: nparams === 0 ? typedParams([]) : limit }),
  domainGetInterfaceParameters: ({ nparams }) => ({
    nparams: 1,
    params: nparams === 0 ? typedParams([]) : bandwidth,
  }),
  domainGetBlockJobInfo: () => ({ type: 2, current: 5, end: 10, bandwidth: 0 }),
  domainGetVcpuPinInfo: () => ({ count: 1, maps: everyCpu }),
  domainGetVcpus: () => ({ info: [{ number: 0, cpu: 1 }] }),
  domainGetEmulatorPinInfo: () => ({ map: everyCpu }),
  domainGetIOThreadInfo: () => [{ id: 1, map: everyCpu }],
  domainGetJobStats: () => ({ type: 3, params: job }),
  domainListAllSnapshots: ({ domain }) => ['first', 'second'].map((name) => ({ name, domain })),
  domainSnapshotGetXMLDesc: ({ snapshot }) =>
    `<domainsnapshot><creationTime>${(snapshot as Args)['name'] === 'first' ? 1000 : 2000}</creationTime></domainsnapshot>`,
  domainListAllCheckpoints: () => [],
  connectGetCapabilities: () => capabilitiesXml,
  nodeGetCellsFreeMemory: ({ startCell }) => [100 + Number(startCell)],
  nodeGetFreePages: ({ startCell }) => [1 + Number(startCell)],
  nodeGetCPUMap: () => ({ present: 2, online: 2, map: everyCpu }),
  nodeGetCPUStats: () => ({ nparams: 1, params: [{ field: 'user', value: 7000 }] }),
  nodeGetMemoryStats: () => ({ nparams: 1, params: [{ field: 'total', value: 4 }] }),
  connectListAllStoragePools: () => ['one', 'two'].map((name) => ({ name, uuid: name })),
  storagePoolGetInfo: () => ({ state: 2, capacityBytes: 100, allocationBytes: 25, availableBytes: 75 }),
  storagePoolGetXMLDesc: () => `<pool type='logical'><target><path>/dev/vg</path></target></pool>`,
  storagePoolGetAutostart: () => true,
  storagePoolNumOfVolumes: () => 4,
  connectListAllNetworks: () => ['one', 'two'].map((name) => ({ name, uuid: name })),
  networkIsActive: () => true,
  networkGetXMLDesc: () => `<network><ip><dhcp/></ip></network>`,
  networkGetAutostart: () => true,
  networkGetDHCPLeases: () => [{}, {}],
};

async function makeRig() {
  const record = activeRecord('web');
  const { disks, nics, spec } = parseDomainXml(domainXml);
  record.definition = {
    spec: { ...spec, hash: undefined, lastChangeAt: undefined, pendingChange: undefined },
    disks,
    nics: nics.map((nic) => ({ ...nic, key: nic.mac })),
    nova: undefined,
    labels: [],
    xmlChunks: [],
    agentChannel: undefined,
  };
  record.runtime.sample = sampleOf([
    ['vcpu.maximum', 'uint', 1],
    ['iothread.count', 'uint', 1],
    ['iothread.1.poll-max-ns', 'ullong', 1],
  ]);
  const tested = testPass([record]);
  const host = new HostRecord([]);
  host.set({ cpusPresent: 2 });
  const infrastructure = new InfrastructureRecord();
  const indexes = await IndexStore.load({ place: undefined, logger: silentLogger });
  let fails: (procedure: string, args: Args) => Error | undefined = () => undefined;
  const libvirt = {
    canWrite: false,
    refusal: () => undefined,
    call: (procedure: { readonly name: string }, args: Args) => {
      const error = fails(procedure.name, args ?? {});
      const answer = answers[procedure.name];
      if (error !== undefined) return Promise.reject(error);
      return answer === undefined
        ? Promise.reject(new Error(`no answer for ${procedure.name}`))
        : Promise.resolve(answer(args));
    },
  };
  const pass = { ...tested.pass, libvirt, host, infrastructure, indexes } as unknown as CollectorPass;
  return {
    record,
    host,
    infrastructure,
    pass,
    failures: tested.failures,
    run: async (collector: Collector, how: typeof fails = () => undefined) => {
      fails = how;
      await collector.collect(pass);
    },
  };
}

type Rig = Awaited<ReturnType<typeof makeRig>>;

interface Loop {
  readonly loop: string;
  readonly make: () => Collector;
  /** Whether this is the call for the member that refuses. */
  readonly refused: (procedure: string, args: Args) => boolean;
  /** Its name in the report. */
  readonly named: string;
  /** What is known afterwards, without the one that refuses. */
  readonly seen: (rig: Rig) => unknown;
  readonly without: unknown;
  readonly withAll: unknown;
}

const noFileSystems = { fileSystems: undefined, refreshSec: 0 };
const pinParts = ({ record: { runtime, emulatorPin } }: Rig) => [
  runtime.pins?.vcpus?.size,
  runtime.hostCpus?.size,
  emulatorPin,
  runtime.pins?.iothreads?.get(1),
];

const loops: readonly Loop[] = [
  {
    loop: 'limits of disks',
    make: () => new DeviceLimits(60),
    refused: (procedure, { disk }) => procedure === 'domainGetBlockIoTune' && disk === 'vda',
    named: 'web vda',
    seen: ({ record }) => record.ioTunes.map(({ target }) => target),
    without: ['vdb'],
    withAll: ['vda', 'vdb'],
  },
  {
    loop: 'limits of interfaces',
    make: () => new DeviceLimits(60),
    refused: (procedure, { device }) =>
      procedure === 'domainGetInterfaceParameters' && device === '52:54:00:00:00:01',
    named: 'web 52:54:00:00:00:01',
    seen: ({ record }) => [...(record.nicLimits?.values() ?? [])].length,
    without: 1,
    withAll: 2,
  },
  {
    loop: 'block jobs',
    make: () => new BlockJobs(60),
    refused: (procedure, { path }) => procedure === 'domainGetBlockJobInfo' && path === 'vda',
    named: 'web vda',
    seen: ({ record }) => record.runtime.blockJobs.map(({ target }) => target),
    without: ['vdb'],
    withAll: ['vda', 'vdb'],
  },
  ...(
    [
      ['domainGetVcpuPinInfo', 'vCPUs', 0],
      ['domainGetVcpus', 'positions of vCPUs', 1],
      ['domainGetEmulatorPinInfo', 'emulator', 2],
      ['domainGetIOThreadInfo', 'IOThreads', 3],
    ] as const
  ).map(
    ([refused, name, at]): Loop => ({
      loop: `pinning: ${name}`,
      make: () => new VcpuPinning(60, 'off'),
      refused: (procedure) => procedure === refused,
      named: `web ${name}`,
      seen: pinParts,
      without: [1, 1, '0-1', '0-1'].map((value, i) => (i === at ? undefined : value)),
      withAll: [1, 1, '0-1', '0-1'],
    }),
  ),
  {
    loop: 'memory of cells',
    make: () => new HostNuma(),
    refused: (procedure, { startCell }) => procedure === 'nodeGetCellsFreeMemory' && startCell === 1,
    named: 'cell 1',
    seen: ({ host }) => host.cells.map(({ memFreeBytes }) => memFreeBytes),
    without: [100, undefined, 102],
    withAll: [100, 101, 102],
  },
  {
    loop: 'huge pages',
    make: () => new HostNuma(),
    refused: (procedure, { startCell, pageSizesKib }) =>
      procedure === 'nodeGetFreePages' && startCell === 0 && String(pageSizesKib) === '2048',
    named: 'pages of 2048 KiB in cell 0',
    seen: ({ host }) => host.hugePages.map(({ cell, sizeKib, free }) => `${cell} ${sizeKib} ${free}`),
    without: ['0 1048576 1', '1 2048 0', '1 1048576 0', '2 2048 3', '2 1048576 3'],
    withAll: ['0 2048 1', '0 1048576 1', '1 2048 0', '1 1048576 0', '2 2048 3', '2 1048576 3'],
  },
  {
    loop: 'processors',
    make: () => new HostStats(false),
    refused: (procedure, { cpuNum }) => procedure === 'nodeGetCPUStats' && cpuNum === 0,
    named: 'processor 0',
    seen: ({ host }) => host.cpus.map(({ userUs }) => userUs),
    without: [undefined, 7],
    withAll: [7, 7],
  },
  {
    loop: 'pools',
    make: () => new StoragePools(noFileSystems),
    refused: (procedure, { pool }) => procedure === 'storagePoolGetInfo' && (pool as Args)['name'] === 'one',
    named: 'one',
    seen: ({ infrastructure }) => infrastructure.pools.map(({ name, volumes }) => `${name} ${volumes}`),
    without: ['two 4'],
    withAll: ['one 4', 'two 4'],
  },
  {
    loop: 'volumes of pools',
    make: () => new StoragePools(noFileSystems),
    refused: (procedure, { pool }) =>
      procedure === 'storagePoolNumOfVolumes' && (pool as Args)['name'] === 'one',
    named: 'volumes of one',
    seen: ({ infrastructure }) =>
      infrastructure.pools.map(({ volumes, usedPercent }) => `${volumes} ${usedPercent}`),
    without: ['undefined 2500', '4 2500'],
    withAll: ['4 2500', '4 2500'],
  },
  {
    loop: 'networks',
    make: () => new VirtualNetworks(),
    refused: (procedure, { network }) =>
      procedure === 'networkIsActive' && (network as Args)['name'] === 'one',
    named: 'one',
    seen: ({ infrastructure }) => infrastructure.networks.map(({ name }) => name),
    without: ['two'],
    withAll: ['one', 'two'],
  },
  {
    loop: 'leases of networks',
    make: () => new VirtualNetworks(),
    refused: (procedure, { network }) =>
      procedure === 'networkGetDHCPLeases' && (network as Args)['name'] === 'one',
    named: 'leases of one',
    seen: ({ infrastructure }) => infrastructure.networks.map(({ leases }) => leases),
    without: [undefined, 2],
    withAll: [2, 2],
  },
  {
    loop: 'snapshots',
    make: () => new DomainMoments(60),
    refused: (procedure, { snapshot }) =>
      procedure === 'domainSnapshotGetXMLDesc' && (snapshot as Args)['name'] === 'first',
    named: 'web snapshot first',
    seen: ({ record }) => [record.snapshots, record.oldestSnapshotAt, record.checkpoints],
    without: [2, 2_000_000, 0],
    withAll: [2, 1_000_000, 0],
  },
  {
    loop: 'snapshots beside checkpoints',
    make: () => new DomainMoments(60),
    refused: (procedure) => procedure === 'domainListAllSnapshots',
    named: 'web snapshots',
    seen: ({ record }) => [record.snapshots, record.oldestSnapshotAt, record.checkpoints],
    without: [undefined, undefined, 0],
    withAll: [2, 1_000_000, 0],
  },
  {
    loop: 'jobs',
    make: () => new DomainJobs({ background: true, completed: true, intervalSec: 60 }),
    refused: (procedure, { flags }) => procedure === 'domainGetJobStats' && flags === 0,
    named: 'web running job',
    seen: ({ record }) => [record.runtime.backgroundJob?.kind, record.completedJob?.kind],
    without: [undefined, 'completed'],
    withAll: ['background', 'completed'],
  },
];

describe.each(loops)('$loop', ({ make, refused, named, seen, without, withAll }) => {
  it('keeps the others where one refuses, and says which', async () => {
    const rig = await makeRig();
    await rig.run(make(), (procedure, args) =>
      refused(procedure, args) ? refusal('not for this one') : undefined,
    );
    expect(seen(rig)).toEqual(without);
    expect(rig.failures).toEqual([`${named}: not for this one`]);
  });

  it('keeps what is known of one that does not answer this time', async () => {
    const rig = await makeRig();
    const collector = make();
    await rig.run(collector);
    expect(seen(rig)).toEqual(withAll);
    expect(rig.failures).toEqual([]);
    await rig.run(collector, (procedure, args) =>
      refused(procedure, args)
        ? new CallTimeoutError(procedure, 1000, new Promise(() => undefined))
        : undefined,
    );
    expect(seen(rig)).toEqual(withAll);
  });
});

describe('eachMember', () => {
  const read = async (error: Error | undefined, retries = new RetrySchedule(1000), id = 1) => {
    const { pass, failures } = testPass([]);
    const asked: string[] = [];
    const rows = await eachMember(pass, ['a', 'b'], {
      nameOf: (member) => member,
      known: (member) => `known ${member}`,
      read: (member) => {
        asked.push(member);
        return member === 'a' && error !== undefined ? Promise.reject(error) : Promise.resolve(member);
      },
      retries: { schedule: retries, owner: { uuid: 'owner', name: 'web', id } },
    });
    return { rows, asked, failures };
  };

  it('does not soon ask again one that refuses, until its owner runs anew', async () => {
    const retries = new RetrySchedule(1000);
    expect((await read(refusal('no'), retries)).rows).toEqual(['b']);
    expect((await read(undefined, retries)).asked).toEqual(['b']);
    expect((await read(undefined, retries, 2)).asked).toEqual(['a', 'b']);
  });

  it('keeps what is known of one whose owner does not answer, and asks again', async () => {
    const retries = new RetrySchedule(1000);
    expect((await read(new NotCalledError('held'), retries)).rows).toEqual(['known a', 'b']);
    expect((await read(undefined, retries)).rows).toEqual(['a', 'b']);
  });

  it.each([
    new ConnectionLostError('gone'),
    new NotCalledError('saturated'),
    new LibvirtError(
      { virCode: virErrors.noSupport, virDomain: 0, level: 2, procedure: 'p' },
      'no such call',
    ),
  ])('ends where no other would be answered: $message', async (error) => {
    await expect(read(error)).rejects.toBe(error);
  });
});
