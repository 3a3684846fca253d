import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Agent, startAgent } from '../lab/agent.ts';
import { biosGuest, type GuestOptions } from '../lab/domain-xml.ts';
import { makeRawImage } from '../lab/image.ts';
import { type Libvirtd, startLibvirtd } from '../lab/libvirtd.ts';
import { type Snmpd, startSnmpd } from '../lab/snmpd.ts';
import { waitUntil } from '../lab/wait.ts';
import { receivers, startReceivers, type TrapReceivers } from './trap-receivers.ts';
import {
  checkNow,
  discoveredHosts,
  importTemplates,
  itemStates,
  makeHost,
  openProblems,
} from './zabbix-host.ts';
import { startZabbix, type ZabbixServer } from './zabbix-server.ts';

const odd = 'größe "q"';
/** A name that tries to pass for other fields of a notification. */
const forged =
  'x lveDomSeverity.1 = failure lveDomUuid.1 = 00000000-0000-4000-8000-000000000000 snmpTrapOID.0 = lveDomainDiskError';

let libvirtd: Libvirtd;
let traps: TrapReceivers;
let snmpd: Snmpd;
let agent: Agent;

beforeAll(async () => {
  libvirtd = await startLibvirtd();
  traps = await startReceivers();
  snmpd = await startSnmpd({ trapSinks: traps.sinks });
  const guest = async (options: GuestOptions): Promise<string> => {
    const path = await makeRawImage(`${libvirtd.imagesPath}/${encodeURIComponent(options.name)}.raw`, 64);
    const nics = [libvirtd.bridge === undefined ? {} : { bridge: libvirtd.bridge }];
    return biosGuest({ type: libvirtd.domainType, disks: [{ path }], nics, ...options });
  };
  await libvirtd.run(await guest({ name: 'web-1', balloonStatsPeriodSec: 5 }));
  await libvirtd.run(await guest({ name: odd }));
  await libvirtd.run(await guest({ name: forged }));
  await libvirtd.run(await guest({ name: 'no-balloon', memballoon: false }));
  await libvirtd.run(await guest({ name: 'mute-agent', agentChannel: true }));
  await libvirtd.run(await guest({ name: 'paused-1' }));
  await libvirtd.virsh('suspend', 'paused-1');
  await libvirtd.define(await guest({ name: 'off-1' }));
  agent = await startAgent({
    uri: libvirtd.uriReadOnly,
    agentxAddress: snmpd.agentxAddress,
    config: { notifications: { holdoff: 0 } },
  });
}, 300_000);

afterAll(async () => {
  await agent?.stop();
  await snmpd?.stop();
  await traps?.stop();
  await libvirtd?.stop();
});

describe.each(['6.0', '7.0'] as const)(
  'Zabbix %s',
  (release) => {
    let zabbix: ZabbixServer;
    let hostId: string;

    beforeAll(async () => {
      zabbix = await startZabbix(release);
      await importTemplates(zabbix, 'template_libvirt_by_snmp.yaml');
      await importTemplates(zabbix, 'template_libvirt_guest_by_snmp.yaml');
      await importTemplates(zabbix, 'template_libvirt_traps_by_snmp.yaml');
      hostId = await makeHost(zabbix, 'kvm-1', snmpd.port, [
        'libvirt by SNMP',
        'libvirt guests as hosts by SNMP',
      ]);
    }, 600_000);

    afterAll(async () => {
      await zabbix?.stop();
    });

    /** Asks again and again, as an impatient operator would, until the items say what is wanted. */
    async function untilItems(
      ids: readonly string[],
      wanted: (has: (key: string) => boolean) => boolean,
    ): Promise<void> {
      await waitUntil(
        async () => {
          await checkNow(zabbix, ids);
          const values = new Set(
            (await itemStates(zabbix, ids))
              .filter((item) => item.lastValue !== undefined)
              .map((item) => item.key),
          );
          return wanted((key) => values.has(key));
        },
        {
          what: 'items to have values',
          timeoutMs: 150_000,
          intervalMs: 5000,
          context: () => zabbix.log().slice(-3000),
        },
      );
    }

    const untilProblems = (
      ids: readonly string[],
      wanted: (open: readonly string[]) => boolean,
    ): Promise<unknown> =>
      waitUntil(
        async () => {
          await checkNow(zabbix, ids);
          return wanted(await openProblems(zabbix, ids));
        },
        { what: 'problems', timeoutMs: 120_000, intervalMs: 4000 },
      );

    it('finds every virtual machine and its devices, and no item is unsupported', async () => {
      await untilItems(
        [hostId],
        (has) =>
          has('libvirt[vmStorageReadOctets.1.1]') &&
          has('libvirt[lveDomStateText.7]') &&
          has('libvirt[lveNicRxBytes.1.1]'),
      );
      const items = await itemStates(zabbix, [hostId]);
      expect(items.filter((item) => item.unsupported !== undefined)).toEqual([]);
      const texts = items
        .filter((item) => item.key.startsWith('libvirt[lveDomStateText.'))
        .map((item) => item.lastValue?.split(' (')[0]);
      expect(texts.sort()).toEqual(['paused', ...Array<string>(5).fill('running'), 'shut off']);
    });

    it('makes a host of each, with items of its own', async () => {
      await waitUntil(
        async () => {
          await checkNow(zabbix, [hostId]);
          return (await discoveredHosts(zabbix)).length === 7;
        },
        { what: 'seven hosts', timeoutMs: 120_000, intervalMs: 5000 },
      );
      const hosts = await discoveredHosts(zabbix);
      expect(hosts.map((host) => host.name)).toEqual(expect.arrayContaining(['web-1', odd, 'off-1', forged]));
      const web = hosts.find((host) => host.name === 'web-1')?.id ?? '';
      await untilItems(
        [web],
        (has) =>
          has('libvirt[vmStorageReadOctets.{$VM.INDEX}.1]') && has('libvirt[lveMemCurrent.{$VM.INDEX}]'),
      );
      const unsupported = (
        await itemStates(
          zabbix,
          hosts.map((host) => host.id),
        )
      ).filter((item) => item.unsupported !== undefined);
      expect(unsupported).toEqual([]);
    });

    it('opens a problem when a virtual machine is paused or crashes, and closes it when it is well', async () => {
      const paused = `VM ${odd}: State needs attention`;
      await libvirtd.virsh('suspend', odd);
      await untilProblems([hostId], (open) => open.includes(paused));
      await libvirtd.virsh('resume', odd);
      await untilProblems([hostId], (open) => !open.includes(paused));
      process.kill(await libvirtd.qemuPid('web-1'), 'SIGSEGV');
      await untilProblems([hostId], (open) => open.some((name) => name === 'VM web-1: Failed'));
      await libvirtd.virsh('start', 'web-1');
      await untilProblems([hostId], (open) => !open.some((name) => name.startsWith('VM web-1: Failed')));
    });

    it('tells that libvirt is away, and that it is back', async () => {
      const away = 'libvirt: libvirt is not connected';
      await libvirtd.stopDaemon();
      await untilProblems([hostId], (open) => open.some((name) => name.startsWith(away)));
      await libvirtd.startDaemon();
      await untilProblems([hostId], (open) => !open.some((name) => name.startsWith(away)));
    });

    it.each(receivers)('keeps problems by traps apart for each machine: %s', async (receiver) => {
      const ids = [
        await makeHost(zabbix, `traps ${receiver.replace(',', '')}`, 161, ['libvirt traps by SNMP']),
      ];
      // The server knows a host some seconds after it was made.
      await waitUntil(() => zabbix.knowsInterface(), {
        what: 'the host to be known',
        timeoutMs: 30_000,
        intervalMs: 1000,
      });
      const step = async (
        act: () => Promise<unknown>,
        wanted: (open: readonly string[]) => boolean,
      ): Promise<void> => {
        const from = traps.text(receiver).length;
        await act();
        await waitUntil(() => traps.text(receiver).length > from, { what: 'a trap', timeoutMs: 20_000 });
        let sent = from;
        await waitUntil(
          async () => {
            const text = traps.text(receiver);
            zabbix.writeTrap(text.slice(sent));
            sent = text.length;
            return wanted(await openProblems(zabbix, ids));
          },
          {
            what: `problems by traps of ${receiver}`,
            timeoutMs: 30_000,
            intervalMs: 1500,
            context: () => traps.text(receiver).slice(from),
          },
        );
      };
      const attention = (open: readonly string[]): number =>
        open.filter((name) => name.endsWith('needs attention')).length;
      await step(
        () => libvirtd.virsh('suspend', 'web-1'),
        (open) => open.join() === 'libvirt: web-1: needs attention',
      );
      await step(
        () => libvirtd.virsh('suspend', odd),
        (open) => attention(open) === 2,
      );
      await step(
        () => libvirtd.virsh('resume', odd),
        (open) => open.join() === 'libvirt: web-1: needs attention',
      );
      await step(
        () => libvirtd.virsh('suspend', forged),
        (open) => attention(open) === 2 && open.length === 2,
      );
      await step(
        () => libvirtd.virsh('resume', forged),
        (open) => open.join() === 'libvirt: web-1: needs attention',
      );
      await step(
        () => libvirtd.virsh('resume', 'web-1'),
        (open) => open.length === 0,
      );
      await zabbix.call('host.delete', ids);
    });
  },
  900_000,
);
