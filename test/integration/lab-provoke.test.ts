import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { biosGuest, linuxGuest } from '../lab/domain-xml.ts';
import { guestExec, waitForGuestAgent } from '../lab/guest-agent.ts';
import { makeGuestImage } from '../lab/guest-image.ts';
import { type Libvirtd, startLibvirtd } from '../lab/libvirtd.ts';
import { joinNodes } from '../lab/migration.ts';
import {
  crashQemu,
  freezeGuestAgent,
  freezeMonitor,
  makeFullDisk,
  panicGuest,
  startEndlessJob,
  startUnreadableDisk,
  starveWatchdog,
} from '../lab/provoke.ts';
import { waitUntil } from '../lab/wait.ts';

describe('provoking trouble', () => {
  let libvirtd: Libvirtd;
  beforeAll(async () => {
    libvirtd = await startLibvirtd();
  });
  afterAll(() => libvirtd.stop());

  const untilState = (name: string, state: string) =>
    waitUntil(async () => (await libvirtd.virsh('domstate', '--reason', name)).includes(state), {
      what: `${name} to be ${state}`,
      timeoutMs: 60_000,
      intervalMs: 100,
    });

  it('a frozen monitor is occupied until it thaws', async () => {
    await libvirtd.run(biosGuest({ name: 'frozen', type: libvirtd.domainType }));
    const frozen = await freezeMonitor(libvirtd, 'frozen');
    const stuck = libvirtd.virsh('domstats', '--balloon', 'frozen');
    await waitUntil(async () => (await libvirtd.virsh('domcontrol', 'frozen')).includes('occupied'), {
      what: 'the control interface to be occupied',
    });
    frozen.thaw();
    expect(await stuck).toContain('balloon.maximum=');
    expect(await libvirtd.virsh('domcontrol', 'frozen')).toContain('ok');
  });

  it('a dump into a FIFO is a job that lasts', async () => {
    const job = await startEndlessJob(libvirtd, 'frozen', 'dump');
    expect(await libvirtd.virsh('domjobinfo', 'frozen')).toMatch(/Operation: +Dump/);
    await job.finish();
    expect(await libvirtd.virsh('domjobinfo', 'frozen')).toContain('None');
  });

  it('a killed QEMU is a crashed domain', async () => {
    await libvirtd.run(biosGuest({ name: 'killed', type: libvirtd.domainType }));
    await crashQemu(libvirtd, 'killed');
    await untilState('killed', 'shut off (crashed)');
  });

  it('an unreadable disk pauses even a guest without an operating system', async () => {
    const disk = await startUnreadableDisk(libvirtd);
    await libvirtd.run(
      biosGuest({
        name: 'unreadable',
        type: libvirtd.domainType,
        disks: [{ nbdSocketPath: disk.nbdSocketPath, readErrorPolicy: 'stop', errorPolicy: 'stop' }],
      }),
    );
    await untilState('unreadable', 'paused (I/O error)');
    expect(await libvirtd.virsh('domblkerror', 'unreadable')).toContain('unspecified');
    await libvirtd.remove('unreadable');
    await disk.stop();
  });

  it('a full disk, a frozen agent, a starved watchdog and a panic are real', async () => {
    const disk = await makeFullDisk(libvirtd);
    await libvirtd.run(
      linuxGuest({
        ...(await makeGuestImage()),
        name: 'linux',
        type: libvirtd.domainType,
        commandLine: 'lab.agent',
        agentChannel: true,
        panicDevice: true,
        onCrash: 'preserve',
        watchdogAction: 'pause',
        disks: [{ path: disk.path, errorPolicy: 'stop' }],
      }),
    );
    await waitForGuestAgent(libvirtd, 'linux');
    const writing = guestExec(libvirtd, 'linux', 'dd if=/dev/zero of=/dev/vda bs=64k oflag=direct');
    writing.catch(() => {});
    await untilState('linux', 'paused (I/O error)');
    expect(await libvirtd.virsh('domblkerror', 'linux')).toContain('no space');
    await disk.makeRoom();
    await libvirtd.virsh('resume', 'linux');
    await untilState('linux', 'running');
    await waitForGuestAgent(libvirtd, 'linux');

    await freezeGuestAgent(libvirtd, 'linux', 20);
    await expect(libvirtd.virsh('guestinfo', 'linux', '--os')).rejects.toThrow('agent is not responding');
    await waitForGuestAgent(libvirtd, 'linux');

    const save = await startEndlessJob(libvirtd, 'linux', 'save');
    expect(await libvirtd.virsh('domjobinfo', 'linux')).toContain('Unbounded');
    await save.abort();
    await untilState('linux', 'running');

    await starveWatchdog(libvirtd, 'linux');
    await untilState('linux', 'paused (watchdog)');
    await libvirtd.virsh('resume', 'linux');
    await waitForGuestAgent(libvirtd, 'linux');

    await panicGuest(libvirtd, 'linux');
    await untilState('linux', 'crashed (panicked)');
  });

  it('migrates between two nodes', async () => {
    await using other = await startLibvirtd();
    const pair = await joinNodes(libvirtd, other);
    await libvirtd.run(biosGuest({ name: 'traveller', type: libvirtd.domainType }));
    await pair.migrate('traveller', libvirtd, other);
    expect(await other.virsh('domstate', '--reason', 'traveller')).toContain('running (migrated)');
    await expect(libvirtd.virsh('domstate', 'traveller')).rejects.toThrow('traveller');
  });
});
