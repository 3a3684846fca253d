import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CheckReport } from '../../src/check/report.ts';
import { programPath } from '../lab/agent.ts';
import { linuxGuest } from '../lab/domain-xml.ts';
import { waitForGuestAgent } from '../lab/guest-agent.ts';
import { makeGuestImage } from '../lab/guest-image.ts';
import { type Libvirtd, startLibvirtd } from '../lab/libvirtd.ts';
import { runAnyway } from '../lab/process.ts';
import { muteGuestAgent } from '../lab/provoke.ts';
import { waitUntil } from '../lab/wait.ts';
import { type RunningCollection, runCollection } from './running-collection.ts';

const settings = {
  'libvirt.read_write': 'true',
  'collect.interval': '1',
  'collect.extra_stats': 'guest,fs_info',
  'intervals.guest_agent': '5',
};

/** In the order in which they are asked. */
const guests = ['mute-1', 'mute-2', 'well'];

describe('guest agents that take questions and do not answer', () => {
  let libvirtd: Libvirtd;
  let collection: RunningCollection;

  beforeAll(async () => {
    libvirtd = await startLibvirtd();
    const image = await makeGuestImage();
    for (const name of guests) {
      await libvirtd.run(
        linuxGuest({
          ...image,
          name,
          type: libvirtd.domainType,
          commandLine: 'lab.agent',
          agentChannel: true,
        }),
      );
    }
    for (const name of guests) await waitForGuestAgent(libvirtd, name);
    for (const name of guests.slice(0, 2)) await muteGuestAgent(libvirtd, name);
    // Nothing is known of any agent when the first questions are asked.
    collection = await runCollection(libvirtd.uri, settings);
    return async () => {
      await collection[Symbol.asyncDispose]();
    };
  });
  afterAll(() => libvirtd.stop());

  const warning = () => collection.snapshot.warnings.find(({ code }) => code === 'guestAgentMute');

  it('are named, and take nothing from the others', async () => {
    for (const name of guests.slice(0, 2)) {
      await collection.domain(name, 'its silence', ({ guest }) => guest?.agentState === 'notResponding');
    }
    const text = await waitUntil(() => Promise.resolve(warning()?.text), { what: 'a warning' });
    expect(text).toContain('The guest agents of mute-1, mute-2 do not answer.');
    const { guest: first } = await collection.domain(
      'well',
      'what it tells',
      ({ guest }) => guest?.infoAt !== undefined,
    );
    const hostname = (await libvirtd.virsh('domhostname', 'well', '--source', 'agent')).trim();
    expect(first).toMatchObject({ agentState: 'connected', hostname });
    // Again and again.
    for (let turn = 0; turn < 2; turn += 1) {
      const before =
        collection.snapshot.domains.find(({ facts }) => facts.name === 'well')?.guest?.infoAt ?? 0;
      await collection.domain('well', 'what it tells later', ({ guest }) => (guest?.infoAt ?? 0) > before);
    }
    const source = () => collection.snapshot.collectors.find(({ id }) => id === 'guestAgent');
    // Of one that is too slow for its greeting libvirt itself tells, sooner: that one is asked again.
    await waitUntil(() => (source()?.timeouts ?? 0) >= 2, { what: 'both to be waited for in vain' });
    // And from then on none of them.
    expect(source()?.timeouts).toBe(2);
    expect(source()?.lastError).toMatch(/^mute-[12]: /);
  });

  it('are named by check', async () => {
    const set = Object.entries(settings).flatMap(([key, value]) => ['--set', `${key}=${value}`]);
    const apart = ['--config', '/dev/null', '--state-dir', libvirtd.directory.directory('none')];
    const args = [
      'check',
      '--json',
      ...apart,
      '--uri',
      libvirtd.uri,
      '--set',
      'agentx.enabled=false',
      '--set',
      'http.address=127.0.0.1:0',
      ...set,
    ];
    const { stdout, code } = await runAnyway(process.execPath, [programPath, ...args]);
    const { findings } = JSON.parse(stdout) as CheckReport;
    expect(findings.filter(({ problem }) => problem === 'guest-agents-mute')).toMatchObject([
      {
        level: 'warn',
        subject: 'guestAgentMute',
        text: expect.stringContaining('The guest agents of mute-1, mute-2 do not answer.'),
        remedy: expect.stringContaining('systemctl restart qemu-guest-agent'),
      },
    ]);
    expect(findings).toContainEqual({
      level: 'ok',
      subject: 'guest agents',
      text: '1 of 3 running domains have a guest agent that answers',
    });
    expect(code).toBe(0);
  });

  it('are forgiven when they are gone', async () => {
    for (const name of guests.slice(0, 2)) await libvirtd.virsh('destroy', name);
    await waitUntil(() => Promise.resolve(warning() === undefined), { what: 'the end of the warning' });
  });
});
