import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { biosGuest, linuxGuest } from '../lab/domain-xml.ts';
import { guestExec, waitForGuestAgent } from '../lab/guest-agent.ts';
import { makeGuestImage } from '../lab/guest-image.ts';
import { makeQcow2Image, makeRawImage } from '../lab/image.ts';
import { type Libvirtd, startLibvirtd } from '../lab/libvirtd.ts';
import { freezeGuestAgent, freezeMonitor, makeFullDisk, startEndlessJob } from '../lab/provoke.ts';
import { delay } from '../lab/wait.ts';
import { type RunningCollection, runCollection } from './running-collection.ts';

/** Every source on, as often as it goes. */
const settings = {
  'libvirt.read_write': 'true',
  'collect.interval': '1',
  'collect.extra_stats': 'all',
  'collect.affinity': 'dense',
  'intervals.inventory': '5',
  'intervals.pinning': '1',
  'intervals.disk_errors': '1',
  'intervals.jobs': '1',
  'intervals.guest_agent': '5',
  'intervals.snapshots': '5',
  'intervals.tuning': '5',
  'intervals.pools': '5',
  'intervals.networks': '5',
  'intervals.host': '5',
};

describe('extended collectors on real guests', () => {
  let libvirtd: Libvirtd;
  let collection: RunningCollection;

  beforeAll(async () => {
    libvirtd = await startLibvirtd();
    const disk = await makeFullDisk(libvirtd);
    await libvirtd.run(
      linuxGuest({
        ...(await makeGuestImage()),
        name: 'linux',
        type: libvirtd.domainType,
        commandLine: 'lab.agent lab.fs=vda',
        agentChannel: true,
        vcpus: 2,
        iothreads: 1,
        perfEvents: ['cpu_clock', 'page_faults'],
        cputune: "<vcpupin vcpu='0' cpuset='1'/>",
        disks: [
          { path: await makeRawImage(`${libvirtd.imagesPath}/fs.raw`, 16) },
          { path: disk.path, errorPolicy: 'stop' },
        ],
      }),
    );
    await libvirtd.run(
      biosGuest({
        name: 'silent',
        type: libvirtd.domainType,
        agentChannel: true,
        disks: [
          {
            path: await makeQcow2Image(`${libvirtd.imagesPath}/silent.qcow2`, { sizeMib: 1 }),
            format: 'qcow2',
          },
        ],
      }),
    );
    await libvirtd.run(biosGuest({ name: 'frozen', type: libvirtd.domainType }));
    await waitForGuestAgent(libvirtd, 'linux');
    collection = await runCollection(libvirtd.uri, settings);

    return async () => {
      await collection[Symbol.asyncDispose]();
    };
  });
  afterAll(() => libvirtd.stop());

  it('shows what the guest agent tells, and a guest without agent beside it', async () => {
    const linux = await collection.domain('linux', 'guest data', (one) => one.fileSystems.length > 0);
    expect(linux.guest).toMatchObject({ agentState: 'connected', machine: 'x86_64' });
    const hostname = (await libvirtd.virsh('domhostname', 'linux', '--source', 'agent')).trim();
    expect(linux.guest?.hostname).toBe(hostname);
    const fs = linux.fileSystems.find((one) => one.mountPoint === '/mnt');
    expect(fs).toMatchObject({ device: 'vda', type: 'ext4', disks: 'vda' });
    const told = await libvirtd.virsh('guestinfo', 'linux', '--filesystem');
    expect(told).toMatch(new RegExp(`total-bytes +: ${fs?.totalBytes}\n`));
    expect(fs?.usedBytes).toBeLessThan(Number(fs?.totalBytes));
    const silent = await collection.domain('silent', 'its row', (one) => one.guest !== undefined);
    expect(silent.guest?.agentState).toBe('disconnected');
  });

  it('shows pinning as virsh does, and a change of it', async () => {
    const linux = await collection.domain('linux', 'pins', (one) => one.vcpus[0]?.pin !== undefined);
    expect(linux.vcpus[0]).toMatchObject({ pin: { list: '1', pinned: true } });
    expect(linux.vcpus[0]?.pin?.affinity).toEqual([
      { physIndex: 196_608, affinity: 'disable' },
      { physIndex: 196_609, affinity: 'enable' },
    ]);
    expect(await libvirtd.virsh('vcpupin', 'linux')).toMatch(/^ 0 +1$/m);
    expect(linux.iothreads[0]?.pin).toBe('0-1');
    await libvirtd.virsh('vcpupin', 'linux', '0', '0-1');
    const changed = await collection.domain(
      'linux',
      'the new pin',
      (one) => one.vcpus[0]?.pin?.list === '0-1',
    );
    expect(changed.vcpus[0]?.pin?.pinned).toBe(false);
    expect(changed.vcpus[0]?.hostCpu).toBeDefined();
    await libvirtd.virsh('emulatorpin', 'linux', '1');
    await collection.domain('linux', 'emulator pin', (one) => one.cpu?.settings.emulatorPin === '1');
  });

  it('finds a dirty rate and an IOThread of domains that had none', async () => {
    const silent = await collection.domain(
      'silent',
      'memory',
      (one) => one.memory?.dirtyStatus !== undefined,
    );
    expect(silent.memory?.dirtyStatus).toBe('unstarted');
    expect(silent.iothreads).toEqual([]);
    // Refreshes without those groups go by meanwhile, and what the first one told stays.
    await delay(3000);
    const later = await collection.domain('silent', 'a later row', (one) => one !== silent);
    expect(later.memory?.dirtyStatus).toBe('unstarted');
    expect(later.stats.map(({ name }) => name)).toContain('dirtyrate.calc_status');
    await libvirtd.virsh('domdirtyrate-calc', 'silent', '--seconds', '1');
    await libvirtd.virsh('iothreadadd', 'silent', '3', '--live');
    const measured = await collection.domain(
      'silent',
      'its dirty rate and IOThread',
      (one) => one.memory?.dirtyStatus === 'measured' && one.iothreads.length === 1,
    );
    expect(measured.memory?.dirtyRate).toBeGreaterThanOrEqual(0);
    expect(measured.memory?.dirtyPeriodSec).toBe(1);
    expect(measured.iothreads[0]?.id).toBe(3);
  });

  it('shows performance events enabled by XML and by virsh', async () => {
    const linux = await collection.domain('linux', 'events', (one) => one.perf.length > 0);
    expect(linux.perf.map((event) => [event.event, event.name])).toEqual([
      [14, 'cpu_clock'],
      [16, 'page_faults'],
    ]);
    await libvirtd.virsh('perf', 'linux', '--enable', 'context_switches', '--live');
    const more = await collection.domain('linux', 'one event more', (one) => one.perf.length === 3);
    expect(more.perf.find((event) => event.name === 'context_switches')?.event).toBe(17);
  });

  it('shows a disk in error while it is', async () => {
    const writing = guestExec(libvirtd, 'linux', 'dd if=/dev/zero of=/dev/vdb bs=64k oflag=direct');
    writing.catch(() => {});
    const inError = await collection.domain('linux', 'a disk error', (one) => one.diskErrors.length > 0);
    expect(inError.diskErrors).toMatchObject([{ target: 'vdb', code: 'noSpace' }]);
    expect(inError.diskErrors[0]?.diskIndex).toBe(
      inError.disks.find(({ facts }) => facts.target === 'vdb')?.facts.index,
    );
    expect(await libvirtd.virsh('domblkerror', 'linux')).toContain('no space');
    await libvirtd.namespaces.exec('mount', '-o', 'remount,size=64m', `${libvirtd.imagesPath}/tiny`);
    await libvirtd.virsh('resume', 'linux');
    await collection.domain('linux', 'the end of the error', (one) => one.diskErrors.length === 0);
  });

  it('costs an agent that stopped only its own data', async () => {
    await waitForGuestAgent(libvirtd, 'linux');
    await freezeGuestAgent(libvirtd, 'linux', 20);
    const mute = await collection.domain(
      'linux',
      'the mute agent',
      (one) => one.guest?.agentState === 'notResponding',
    );
    expect(mute.facts.statsStatus).toBe('ok');
    const statsAt = mute.statsAt ?? 0;
    await collection.domain('linux', 'newer statistics', (one) => (one.statsAt ?? 0) > statsAt);
    expect(collection.snapshot.collectors.find((one) => one.id === 'guestAgent')?.lastError).toContain(
      'agent',
    );
    await waitForGuestAgent(libvirtd, 'linux');
    await collection.domain('linux', 'the agent again', (one) => one.guest?.agentState === 'connected');
  });

  it('shows a running job, and the completed one without taking it from others', async () => {
    const dump = await startEndlessJob(libvirtd, 'linux', 'dump');
    const running = await collection.domain('linux', 'a job', (one) =>
      one.jobs.some((job) => job.kind === 'background'),
    );
    expect(running.jobs[0]).toMatchObject({ kind: 'background', operation: 'dump' });
    expect(running.jobs[0]?.stats.length).toBeGreaterThan(3);
    await dump.finish();
    // libvirt keeps no record of a dump of the memory alone, but of one that goes the way of a migration.
    // Not --live, which libvirt 12.8 no longer has.
    await libvirtd.virsh('dump', 'linux', `${libvirtd.imagesPath}/core`);
    const done = await collection.domain(
      'linux',
      'its end',
      (one) => one.jobs.every((job) => job.kind === 'completed') && one.jobs.length === 1,
    );
    expect(done.jobs[0]).toMatchObject({
      kind: 'completed',
      type: 'completed',
      operation: 'dump',
      success: true,
    });
    expect(done.jobs[0]?.time).toBeGreaterThan(0);
    expect(await libvirtd.virsh('domjobinfo', 'linux', '--completed', '--keep-completed')).toMatch(/Dump/);
  });

  it('shows limits, shares, messages and snapshots', async () => {
    await libvirtd.virsh('blkdeviotune', 'linux', 'vda', '--total-bytes-sec', '1048576', '--live');
    const tuned = await collection.domain('linux', 'the limit', (one) => one.ioTunes.length === 1);
    expect(tuned.ioTunes[0]).toMatchObject({
      totalBytes: 1_048_576,
      readBytes: undefined,
    });
    const info = await libvirtd.virsh('dominfo', 'linux');
    expect(tuned.facts.messages?.length).toBeGreaterThan(0);
    for (const message of tuned.facts.messages ?? []) expect(info).toContain(message);
    await libvirtd.virsh('snapshot-create-as', 'silent', 'one');
    const saved = await collection.domain('silent', 'a snapshot', (one) => one.facts.snapshots === 1);
    expect(Math.abs((saved.facts.oldestSnapshotAt ?? 0) - Date.now())).toBeLessThan(60_000);
    expect(saved.facts.checkpoints).toBe(0);
  });

  it('shows pools, networks, cells and KSM', async () => {
    await libvirtd.virsh('pool-create-as', 'images', 'dir', '--target', libvirtd.imagesPath);
    const linux = await collection.domain(
      'linux',
      'capacity',
      (one) => one.disks[0]?.capacityBytes !== undefined,
    );
    const { uuid } = linux.facts;
    expect(uuid).toHaveLength(36);
    await collection.domain('linux', 'the pool', () =>
      collection.snapshot.pools.some((pool) => pool.state === 'running'),
    );
    const pool = collection.snapshot.pools.find((one) => one.name === 'images');
    expect(pool).toMatchObject({ type: 'dir', path: libvirtd.imagesPath });
    expect(pool?.provisionedBytes).toBe((16 + 32 + 1) * 1024 * 1024);
    const { host } = collection.snapshot;
    expect(host.cells[0]?.memTotalBytes).toBeGreaterThan(0);
    expect(host.ksmPagesShared).toBeDefined();
    const refused = collection.snapshot.collectors.filter((one) => one.support === 'unsupported');
    expect(refused).toEqual([]);
  });

  it('is not delayed by a hypervisor process that hangs', async () => {
    const frozen = await freezeMonitor(libvirtd, 'frozen');
    try {
      await collection.domain('frozen', 'the hang', (one) => one.facts.control?.state === 'occupied');
      const before = collection.snapshot.domains.find(({ facts }) => facts.name === 'linux')?.statsAt ?? 0;
      await collection.domain('linux', 'fresh statistics', (one) => (one.statsAt ?? 0) > before);
      await libvirtd.virsh('vcpupin', 'linux', '0', '0');
      await collection.domain('linux', 'a fresh pin', (one) => one.vcpus[0]?.pin?.list === '0');
    } finally {
      frozen.thaw();
    }
    await collection.domain('frozen', 'the thaw', (one) => one.facts.control?.state === 'ok');
  });
});
