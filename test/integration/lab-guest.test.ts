import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { linuxGuest } from '../lab/domain-xml.ts';
import { makeGuestImage } from '../lab/guest-image.ts';
import { guestReadyText } from '../lab/guest-init.ts';
import { makeRawImage } from '../lab/image.ts';
import { type Libvirtd, startLibvirtd } from '../lab/libvirtd.ts';
import { waitUntil } from '../lab/wait.ts';

describe('Linux guest of the lab', () => {
  let libvirtd: Libvirtd;
  beforeAll(async () => {
    libvirtd = await startLibvirtd();
  });
  afterAll(() => libvirtd.stop());

  it('boots, answers as guest agent, reports memory and writes to its disks', async () => {
    const image = await makeGuestImage();
    const consoleLogPath = libvirtd.directory.file('console.log');
    await libvirtd.run(
      linuxGuest({
        ...image,
        name: 'linux',
        type: libvirtd.domainType,
        commandLine: 'lab.agent lab.fs=vda lab.write=vdb',
        consoleLogPath,
        agentChannel: true,
        balloonStatsPeriodSec: 1,
        disks: [
          { path: await makeRawImage(`${libvirtd.imagesPath}/a.raw`, 16) },
          { path: await makeRawImage(`${libvirtd.imagesPath}/b.raw`, 16) },
        ],
      }),
    );
    await waitUntil(() => readFileSync(consoleLogPath, 'utf8').includes(guestReadyText), {
      what: 'the guest to boot',
      timeoutMs: 120_000,
      context: () => readFileSync(consoleLogPath, 'utf8'),
    });
    const osInfo = await waitUntil(() => libvirtd.virsh('guestinfo', 'linux', '--os'), {
      what: 'the guest agent',
      timeoutMs: 60_000,
    });
    expect(osInfo).toContain('Lab guest 1');
    expect(await libvirtd.virsh('domfsinfo', 'linux')).toContain('/mnt');
    await waitUntil(
      async () => (await libvirtd.virsh('domstats', '--balloon', 'linux')).includes('balloon.usable='),
      { what: "the guest's memory figures" },
    );
    const written = await waitUntil(
      async () =>
        /block\.1\.wr\.bytes=([1-9]\d*)/.exec(await libvirtd.virsh('domstats', '--block', 'linux'))?.[1],
      { what: 'writes' },
    );
    expect(Number(written)).toBeGreaterThan(65_535);
  });

  it('shuts down when its power button is pressed', async () => {
    await libvirtd.virsh('shutdown', 'linux', '--mode', 'acpi');
    await waitUntil(async () => (await libvirtd.virsh('domstate', 'linux')).includes('shut off'), {
      what: 'the guest to be off',
      timeoutMs: 60_000,
    });
    expect(await libvirtd.virsh('domstate', '--reason', 'linux')).toContain('shut off (shutdown)');
  });
});
