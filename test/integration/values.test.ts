import { execFileSync } from 'node:child_process';
import { stat, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Domain } from '../../src/model/domain.ts';
import { biosGuest } from '../lab/domain-xml.ts';
import { type Libvirtd, startLibvirtd } from '../lab/libvirtd.ts';
import { type RunningCollection, runCollection } from './running-collection.ts';

const settings = { 'collect.interval': '1', 'intervals.inventory': '5' };

const mib = 2 ** 20;

describe('values of real domains', () => {
  let libvirtd: Libvirtd;
  let collection: RunningCollection;
  const imageOf = (name: string) => `${libvirtd.imagesPath}/${name}.raw`;
  const scsiDisk = (path: string) =>
    `<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='${path}'/><target dev='sdb' bus='scsi'/></disk>`;
  const diskOf = (domain: Domain, target: string) =>
    domain.disks.find(({ facts }) => facts.target === target);

  beforeAll(async () => {
    libvirtd = await startLibvirtd();
    for (const name of ['thin', 'scsi', 'scsi2']) {
      execFileSync('truncate', ['-s', '64M', imageOf(name)]);
      execFileSync(
        'dd',
        [`of=${imageOf(name)}`, 'if=/dev/urandom', 'bs=1M', 'count=5', 'conv=notrunc,fsync'],
        {
          stdio: 'ignore',
        },
      );
    }
    await libvirtd.define(
      biosGuest({
        name: 'guest',
        type: libvirtd.domainType,
        disks: [{ path: imageOf('thin') }],
        extraDevices: `<controller type='scsi' model='virtio-scsi'/>${scsiDisk(imageOf('scsi'))}`,
      }),
    );
    collection = await runCollection(libvirtd.uri, settings);
    return async () => {
      await collection[Symbol.asyncDispose]();
    };
  });
  afterAll(() => libvirtd.stop());

  it('an image takes on the host what it takes, whether its domain runs or not', async () => {
    const taken = (await stat(imageOf('thin'))).blocks * 512;
    const off = await collection.domain(
      'guest',
      'size',
      (one) => diskOf(one, 'vda')?.capacityBytes !== undefined,
    );
    expect(diskOf(off, 'vda')).toMatchObject({
      capacityBytes: 64 * mib,
      allocationBytes: taken,
      vmSourceType: 'sparse',
      readLatencyUs: 0,
    });
    await libvirtd.virsh('start', 'guest');
    const on = await collection.domain(
      'guest',
      'requests',
      (one) => Number(diskOf(one, 'vda')?.readRequests) > 0,
    );
    expect(await libvirtd.virsh('domstats', 'guest', '--block')).toMatch(/block\.0\.allocation=0$/m);
    expect(diskOf(on, 'vda')).toMatchObject({ allocationBytes: taken, vmSourceType: 'sparse' });
  });

  it('a disk has latencies from its first reading on', async () => {
    // Nothing in this guest reads it: QEMU does, as if the guest had.
    await libvirtd.virsh(
      'qemu-monitor-command',
      'guest',
      '--hmp',
      'qemu-io -d scsi0-0-0-1 "aio_read 0 65536"',
    );
    const domain = await collection.domain(
      'guest',
      'requests',
      (one) => Number(diskOf(one, 'sdb')?.readRequests) > 0,
    );
    for (const target of ['vda', 'sdb']) {
      const disk = diskOf(domain, target);
      expect(disk?.readLatencyUs, target).toBeGreaterThan(0);
      expect(disk?.writeLatencyUs, target).toBe(0);
    }
  });

  it('another disk under the same target is a discontinuity of that disk', async () => {
    const before = await collection.domain(
      'guest',
      'requests',
      (one) => Number(diskOf(one, 'sdb')?.readRequests) > 0,
    );
    expect(diskOf(before, 'sdb')?.facts.discontinuityAt).toBeUndefined();
    for (const [command, name] of [
      ['detach-device', 'scsi'],
      ['attach-device', 'scsi2'],
    ] as const) {
      const path = `${libvirtd.imagesPath}/${name}.xml`;
      await writeFile(path, scsiDisk(imageOf(name)));
      await libvirtd.virsh(command, 'guest', path, '--live');
    }
    const after = await collection.domain(
      'guest',
      'a discontinuity',
      (one) => diskOf(one, 'sdb')?.facts.discontinuityAt !== undefined,
    );
    expect(Number(diskOf(after, 'sdb')?.readRequests)).toBeLessThan(
      Number(diskOf(before, 'sdb')?.readRequests),
    );
    expect(diskOf(after, 'vda')?.facts.discontinuityAt).toBeUndefined();
    expect(after.facts.discontinuityAt).toBe(before.facts.discontinuityAt);
  });
});

describe('sizes that outgrow their units', () => {
  let libvirtd: Libvirtd;
  beforeAll(async () => {
    libvirtd = await startLibvirtd();
  });
  afterAll(() => libvirtd.stop());

  it('have others from then on, and a discontinuity says so', async () => {
    const image = `${libvirtd.imagesPath}/grows.raw`;
    execFileSync('truncate', ['-s', '64M', image]);
    await libvirtd.define(
      biosGuest({ name: 'grows', type: libvirtd.domainType, memoryMib: 64, disks: [{ path: image }] }),
    );
    const collection = await runCollection(libvirtd.uri, settings);
    try {
      const small = await collection.domain(
        'grows',
        'sizes',
        (one) => one.disks[0]?.capacityBytes !== undefined && one.memory?.maximumBytes !== undefined,
      );
      expect([small.memory?.vmMemUnit, small.disks[0]?.facts.vmSizeUnit]).toEqual([1024, 1024]);
      execFileSync('truncate', ['-s', '3T', image]);
      await libvirtd.virsh('setmaxmem', 'grows', '3TiB', '--config');
      const large = await collection.domain(
        'grows',
        'larger sizes',
        (one) => one.disks[0]?.facts.vmSizeUnit === mib && one.memory?.vmMemUnit === mib,
      );
      expect(large.memory?.maximumBytes).toBe(3 * 2 ** 40);
      expect(large.disks[0]?.capacityBytes).toBe(3 * 2 ** 40);
      expect(small.facts.discontinuityAt).toBeUndefined();
      expect(large.facts.discontinuityAt).toBeDefined();
      expect(large.disks[0]?.facts.discontinuityAt).toBeDefined();
    } finally {
      await collection[Symbol.asyncDispose]();
    }
  });
});

describe('a driver without statistics of CPUs and memory', () => {
  let libvirtd: Libvirtd;
  beforeAll(async () => {
    libvirtd = await startLibvirtd();
  });
  afterAll(() => libvirtd.stop());

  it('has what every driver tells', async () => {
    const uri = `test+unix:///default?socket=${libvirtd.socketReadOnly}`;
    const collection = await runCollection(uri, settings);
    try {
      const domain = await collection.domain(
        'test',
        'memory',
        (one) => one.memory?.currentBytes !== undefined,
      );
      const info = await libvirtd.virsh('-c', uri, 'dominfo', 'test');
      const told = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(info)?.[1]);
      expect(domain.facts).toMatchObject({ state: 'running', active: true, statsStatus: 'partial' });
      expect(domain.cpu?.vcpusCurrent).toBe(told('CPU\\(s\\)'));
      expect(domain.memory).toMatchObject({
        currentBytes: told('Used memory') * 1024,
        maximumBytes: told('Max memory') * 1024,
      });
      expect(Number(domain.cpu?.timeUs)).toBeGreaterThan(0);
    } finally {
      await collection[Symbol.asyncDispose]();
    }
  });
});
