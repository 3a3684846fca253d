import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FileSystemProbe } from '../../src/collect/sources/file-system-figures.ts';
import type { Pool } from '../../src/model/pool.ts';
import { type Libvirtd, startLibvirtd } from '../lab/libvirtd.ts';
import { run, startProcess } from '../lab/process.ts';
import { waitUntil } from '../lab/wait.ts';
import { type RunningCollection, runCollection } from './running-collection.ts';

const mib = 1024 * 1024;

const settings = {
  'libvirt.read_write': 'true',
  'collect.interval': '1',
  'collect.extra_stats': 'pool',
  'collect.pool_refresh': '60',
  'intervals.pools': '5',
};

async function poolWhere(
  collection: RunningCollection,
  name: string,
  what: string,
  condition: (pool: Pool) => boolean,
): Promise<Pool> {
  const find = (): Pool | undefined => collection.snapshot.pools.find((pool) => pool.name === name);
  return await waitUntil(
    () => {
      const pool = find();
      return Promise.resolve(pool !== undefined && condition(pool) ? pool : undefined);
    },
    { what: `${what} of ${name}`, timeoutMs: 60_000, context: () => JSON.stringify(find()) },
  );
}

describe('figures of storage pools', () => {
  let libvirtd: Libvirtd;
  let collection: RunningCollection;
  let seenPath = '';
  let hiddenPath = '';
  /** libvirt's own figure, in octets. */
  const told = async (pool: string, figure: string): Promise<number> => {
    const text = await libvirtd.virsh('pool-info', '--bytes', pool);
    return Number(new RegExp(`^${figure}: +(\\d+)$`, 'm').exec(text)?.[1]);
  };
  const fill = (path: string, sizeMib: number) =>
    libvirtd.namespaces.exec('dd', 'if=/dev/zero', `of=${path}`, 'bs=1M', `count=${sizeMib}`);

  beforeAll(async () => {
    // Mounted before libvirtd gets mounts of its own, so that both see it; on a disk others would write too.
    seenPath = await mkdtemp(join(tmpdir(), 'lvx-pool-'));
    await run('mount', ['-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', seenPath]);
    libvirtd = await startLibvirtd();
    await libvirtd.virsh('pool-create-as', 'seen', 'dir', '--target', seenPath);
    // A file system that libvirtd has mounted and the agent has not: what the agent sees there is another one.
    hiddenPath = libvirtd.directory.directory('images', 'hidden');
    await libvirtd.namespaces.exec('mount', '-t', 'tmpfs', '-o', 'size=32m', 'tmpfs', hiddenPath);
    await libvirtd.virsh('pool-create-as', 'hidden', 'dir', '--target', hiddenPath);
    await libvirtd.virsh('pool-define-as', 'off', 'dir', '--target', '/tmp');
    await fill(`${hiddenPath}/before`, 4);
    collection = await runCollection(libvirtd.uri, settings);
    return async () => {
      await collection[Symbol.asyncDispose]();
    };
  });
  afterAll(async () => {
    await libvirtd?.stop();
    await run('umount', ['-l', seenPath]);
    await rm(seenPath, { recursive: true, force: true });
  });

  it('are those of the file system where the agent can see it', async () => {
    const before = await poolWhere(collection, 'seen', 'figures', ({ state }) => state === 'running');
    expect(before).toMatchObject({
      figuresSource: 'fileSystem',
      capacityBytes: 64 * mib,
      allocationBytes: 0,
    });
    await fill(`${seenPath}/grown`, 16);
    const grown = await poolWhere(
      collection,
      'seen',
      'what was written',
      ({ allocationBytes }) => allocationBytes === 16 * mib,
    );
    expect(grown.usedPercent).toBe(2500);
    // libvirt itself goes on saying what it read before, until somebody has it look again; we need not.
    expect(await told('seen', 'Allocation')).toBe(0);
    await libvirtd.virsh('pool-refresh', 'seen');
    expect(await told('seen', 'Allocation')).toBe(16 * mib);
    expect(await told('seen', 'Available')).toBe(grown.availableBytes);
  });

  it('are those that libvirt reads anew on demand where it cannot', async () => {
    // Before the agent came libvirt took the pool for empty; it was asked to look again.
    const hidden = await poolWhere(collection, 'hidden', 'figures', ({ state }) => state === 'running');
    expect(hidden).toMatchObject({ figuresSource: 'libvirt', capacityBytes: 32 * mib });
    expect(hidden.allocationBytes).toBe(4 * mib);
    expect(hidden.allocationBytes).toBe(await told('hidden', 'Allocation'));
    await fill(`${hiddenPath}/after`, 8);
    await libvirtd.virsh('pool-refresh', 'hidden');
    const after = await poolWhere(
      collection,
      'hidden',
      'what another client had read',
      ({ allocationBytes }) => allocationBytes === 12 * mib,
    );
    expect(after.figuresAt).toBeGreaterThan(hidden.figuresAt ?? Number.POSITIVE_INFINITY);
    expect(after.usedPercent).toBe(3750);
  });

  it('are zero for one that is not active', async () => {
    const off = await poolWhere(collection, 'off', 'its row', () => true);
    expect(off).toMatchObject({
      state: 'inactive',
      capacityBytes: 0,
      usedPercent: 0,
      volumes: 0,
      overcommit: 0,
    });
    expect(await libvirtd.virsh('pool-info', '--bytes', 'off')).not.toContain('Capacity');
  });
});

describe.skipIf(!existsSync('/dev/fuse'))('a file system that hangs (needs /dev/fuse)', () => {
  it('holds up nobody, and is looked at again when it answers', async () => {
    // A block device exported over FUSE: while its server is stopped, whoever asks about that file system waits.
    const directory = await mkdtemp(join(tmpdir(), 'lvx-fuse-'));
    const [image, mountPoint] = [join(directory, 'image'), join(directory, 'mounted')];
    await writeFile(image, Buffer.alloc(mib));
    await writeFile(mountPoint, '');
    const server = await startProcess({
      name: 'qemu-storage-daemon',
      command: 'qemu-storage-daemon',
      args: [
        ...['--blockdev', `driver=file,node-name=file,filename=${image}`],
        ...['--export', `type=fuse,id=export,node-name=file,mountpoint=${mountPoint}`],
      ],
    });
    try {
      const isMounted = async (): Promise<boolean> =>
        (await run('findmnt', ['-n', '-o', 'FSTYPE', mountPoint]).catch(() => '')).includes('fuse');
      await waitUntil(isMounted, { what: 'the mount', context: () => server.output() });
      const probe = new FileSystemProbe();
      server.signal('SIGSTOP');
      expect(await probe.read(mountPoint)).toBeUndefined();
      // Nobody else is sent after the one that waits.
      const others = await Promise.all([probe.read(mountPoint), probe.read('/')]);
      expect(others[0]).toBeUndefined();
      expect(others[1]?.capacityBytes).toBeGreaterThan(0);
      server.signal('SIGCONT');
      const blocks = (): Promise<string> => run('stat', ['-f', '-c', '%b', mountPoint]);
      const answered = await waitUntil(
        async () => ((await blocks()).trim() === '0' ? 'no size' : await probe.read(mountPoint)),
        { what: 'an answer' },
      );
      expect(answered).toBeDefined();
    } finally {
      server.signal('SIGCONT');
      await run('umount', ['-l', mountPoint]).catch(() => {});
      await server.stop();
      await rm(directory, { recursive: true, force: true });
    }
  });
});
