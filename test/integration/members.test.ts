import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { biosGuest } from '../lab/domain-xml.ts';
import { makeQcow2Image } from '../lab/image.ts';
import { type Libvirtd, startLibvirtd } from '../lab/libvirtd.ts';
import { type RunningProcess, startProcess } from '../lab/process.ts';
import { waitUntil } from '../lab/wait.ts';
import { type RunningCollection, runCollection } from './running-collection.ts';

const settings = {
  'collect.interval': '1',
  'intervals.tuning': '5',
  'intervals.jobs': '1',
  'intervals.host': '5',
};

const gib = 1024 ** 3;

interface Cell {
  readonly cpus: string;
  readonly cpuMap: string;
  readonly totalKib: number;
  readonly freeKib: number;
  /** Of each size: all, free. */
  readonly pages?: readonly [number, number];
}

/** A host with a cell that has processors and no memory, and one that has memory and no processors. */
const cells: readonly Cell[] = [
  { cpus: '0', cpuMap: '1', totalKib: 8 * 1024 ** 2, freeKib: 4 * 1024 ** 2, pages: [100, 40] },
  { cpus: '1', cpuMap: '2', totalKib: 0, freeKib: 0 },
  { cpus: '', cpuMap: '0', totalKib: 16 * 1024 ** 2, freeKib: 15 * 1024 ** 2, pages: [200, 150] },
];

/** What /sys/devices/system/node looks like there. */
function writeCells(root: string): void {
  for (const [number, { cpus, cpuMap, totalKib, freeKib, pages }] of cells.entries()) {
    const node = join(root, `node${number}`);
    mkdirSync(node, { recursive: true });
    const line = (name: string, kib: number): string => `Node ${number} ${name}: ${kib} kB\n`;
    writeFileSync(join(node, 'cpulist'), `${cpus}\n`);
    writeFileSync(join(node, 'cpumap'), `${cpuMap}\n`);
    writeFileSync(join(node, 'meminfo'), line('MemTotal', totalKib) + line('MemFree', freeKib));
    writeFileSync(join(node, 'distance'), '10 20 20\n');
    for (const sizeKib of pages === undefined ? [] : [2048, 1_048_576]) {
      const pool = join(node, 'hugepages', `hugepages-${sizeKib}kB`);
      mkdirSync(pool, { recursive: true });
      writeFileSync(join(pool, 'nr_hugepages'), `${pages?.[0]}\n`);
      writeFileSync(join(pool, 'free_hugepages'), `${pages?.[1]}\n`);
      writeFileSync(join(pool, 'surplus_hugepages'), '0\n');
    }
  }
  for (const [name, text] of [
    ['online', '0-2'],
    ['possible', '0-2'],
    ['has_cpu', '0-1'],
    ['has_memory', '0,2'],
    ['has_normal_memory', '0,2'],
  ] as const) {
    writeFileSync(join(root, name), `${text}\n`);
  }
}

describe('members that refuse, beside others', () => {
  let libvirtd: Libvirtd;
  let collection: RunningCollection;
  let diskServer: RunningProcess;

  beforeAll(async () => {
    libvirtd = await startLibvirtd();
    const node = libvirtd.directory.directory('node');
    writeCells(node);
    await libvirtd.namespaces.exec('mount', '--bind', node, '/sys/devices/system/node');
    await libvirtd.restart();

    const socket = libvirtd.directory.file('sock', 'disk');
    const image = await makeQcow2Image(`${libvirtd.imagesPath}/served.qcow2`, { sizeMib: 8 });
    diskServer = await startProcess({
      name: 'qemu-storage-daemon',
      command: 'qemu-storage-daemon',
      args: [
        ...['--blockdev', `driver=file,node-name=file,filename=${image}`],
        ...[
          '--export',
          `type=vhost-user-blk,id=export,node-name=file,addr.type=unix,addr.path=${socket},writable=on`,
        ],
      ],
    });
    await waitUntil(async () => (await libvirtd.namespaces.exec('test', '-S', socket)) === '', {
      what: 'the socket of the disk',
      context: () => diskServer.output(),
    });
    await libvirtd.run(
      biosGuest({
        name: 'served',
        type: libvirtd.domainType,
        machine: 'q35',
        memoryMib: 32,
        extraDomain: "<memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking>",
        extraDevices: `<disk type='vhostuser' device='disk' snapshot='no'><driver name='qemu' type='raw'/>
            <source type='unix' path='${socket}'/><target dev='vda' bus='virtio'/></disk>`,
        disks: [
          {
            path: await makeQcow2Image(`${libvirtd.imagesPath}/own.qcow2`, { sizeMib: 8 }),
            format: 'qcow2',
            target: 'vdb',
          },
        ],
      }),
    );
    await libvirtd.virsh('blkdeviotune', 'served', 'vdb', '--total-iops-sec', '500', '--live');
    collection = await runCollection(libvirtd.uri, settings);
    return async () => {
      await collection[Symbol.asyncDispose]();
    };
  });
  afterAll(async () => {
    await libvirtd.stop();
    await diskServer.stop();
  });

  it('a disk that another process serves takes nothing from the disk beside it', async () => {
    const served = await collection.domain('served', 'limits', (one) => one.ioTunes.length > 0);
    expect(served.ioTunes).toMatchObject([{ target: 'vdb', totalIops: 500 }]);
    expect(await libvirtd.virsh('blkdeviotune', 'served', 'vdb')).toMatch(/^total_iops_sec *: 500$/m);
    await libvirtd.virsh('blkdeviotune', 'served', 'vdb', '--total-iops-sec', '700', '--live');
    await collection.domain('served', 'another limit', (one) => one.ioTunes[0]?.totalIops === 700);
    // It is not asked at all: libvirt would note an error each time.
    expect(libvirtd.log()).not.toMatch(/throttling is not supported/);
    const inventory = collection.snapshot.collectors.find(({ id }) => id === 'inventory');
    expect(inventory).toMatchObject({ support: 'supported', lastError: '' });
  });

  it('a cell without memory takes nothing from the others', async () => {
    const host = await waitUntil(
      () => {
        const { host: now } = collection.snapshot;
        return Promise.resolve(now.hugePages.length > 0 ? now : undefined);
      },
      { what: 'huge pages', context: () => JSON.stringify(collection.snapshot.collectors) },
    );
    expect(host.cells).toMatchObject([
      { cell: 0, memTotalBytes: 8 * gib, memFreeBytes: 4 * gib, cpus: '0' },
      { cell: 1, memTotalBytes: 0, memFreeBytes: 0, cpus: '1' },
      { cell: 2, memTotalBytes: 16 * gib, memFreeBytes: 15 * gib },
    ]);
    expect(host.hugePages.map(({ cell, sizeKib, total, free }) => [cell, sizeKib, total, free])).toEqual([
      [0, 2048, 100, 40],
      [0, 1_048_576, 100, 40],
      [1, 2048, 0, 0],
      [1, 1_048_576, 0, 0],
      [2, 2048, 200, 150],
      [2, 1_048_576, 200, 150],
    ]);
    expect(await libvirtd.virsh('freepages', '--cellno', '2', '--pagesize', '2048')).toContain('150');
    expect(libvirtd.log()).not.toMatch(/page size \d+ is not available/);
  });
});
