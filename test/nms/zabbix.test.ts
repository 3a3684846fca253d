import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Agent, startAgent } from '../lab/agent.ts';
import { biosGuest, type GuestOptions } from '../lab/domain-xml.ts';
import { makeRawImage } from '../lab/image.ts';
import { type Libvirtd, startLibvirtd } from '../lab/libvirtd.ts';
import { type Snmpd, startSnmpd } from '../lab/snmpd.ts';
import { waitUntil } from '../lab/wait.ts';
import { walkServed } from '../support/served-walk.ts';
import { drawGraph, hostDashboardPage, openFrontend } from './zabbix-frontend.ts';
import {
  checkNow,
  discoveredHosts,
  failedRules,
  importTemplates,
  itemStates,
  makeHost,
  openProblems,
  templateId,
} from './zabbix-host.ts';
import { startZabbix, type ZabbixServer } from './zabbix-server.ts';

const hostname = 'kvm-1.example';
/** What the host of a machine is called. */
const atHost = (name: string): string => `${name} (${hostname})`;

const odd = 'größe "q"';
/** As if it were an octet that Zabbix shows by its number. */
const looksHexadecimal = '10';
/** What comes behind it in the context of a macro is to be a quotation mark still. */
const endsInBackslash = 'back\\';
/** Alike at both ends, and longer than Zabbix takes for names of graphs and hosts; together with its devices, of items. */
const long = (middle: string): string => `a${'ö'.repeat(70)}-${middle}-${'z'.repeat(40)}`;
const longNames = [long('one'), long('two'), 'w'.repeat(240)];
/** A name that tries to pass for other fields of a notification. */
const forged =
  'x lveDomSeverity.1 = failure lveDomUuid.1 = 00000000-0000-4000-8000-000000000000 snmpTrapOID.0 = lveDomainDiskError';

let libvirtd: Libvirtd;
let snmpd: Snmpd;
let agent: Agent;

beforeAll(async () => {
  libvirtd = await startLibvirtd({ hostname });
  snmpd = await startSnmpd();
  let images = 0;
  const guest = async (options: GuestOptions): Promise<string> => {
    const path = await makeRawImage(`${libvirtd.imagesPath}/disk-${images++}.raw`, 64);
    const nics = [libvirtd.bridge === undefined ? {} : { bridge: libvirtd.bridge }];
    return biosGuest({ type: libvirtd.domainType, disks: [{ path }], nics, ...options });
  };
  await libvirtd.run(await guest({ name: 'web-1', balloonStatsPeriodSec: 5 }));
  await libvirtd.run(await guest({ name: odd }));
  await libvirtd.run(await guest({ name: forged }));
  await libvirtd.run(await guest({ name: looksHexadecimal }));
  await libvirtd.run(await guest({ name: endsInBackslash }));
  await libvirtd.run(await guest({ name: 'no-balloon', memballoon: false }));
  await libvirtd.run(await guest({ name: 'mute-agent', agentChannel: true }));
  await libvirtd.run(await guest({ name: 'paused-1' }));
  await libvirtd.virsh('suspend', 'paused-1');
  await libvirtd.define(await guest({ name: 'off-1' }));
  for (const name of longNames) await libvirtd.define(await guest({ name }));
  agent = await startAgent({
    uri: libvirtd.uriReadOnly,
    agentxAddress: snmpd.agentxAddress,
  });
}, 300_000);

afterAll(async () => {
  await agent?.stop();
  await snmpd?.stop();
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
      hostId = await makeHost(zabbix, {
        name: 'kvm-1',
        snmpPort: snmpd.port,
        templates: ['libvirt by SNMP', 'libvirt guests as hosts by SNMP'],
      });
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

    /** Items and discovery rules that Zabbix gave up. */
    async function unsupported(ids: readonly string[]): Promise<readonly unknown[]> {
      const items = (await itemStates(zabbix, ids)).filter((item) => item.unsupported !== undefined);
      return [...items, ...(await failedRules(zabbix, ids))];
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
      // Which machine has the index 1 is libvirt's choice, and one that is off has no rates.
      const running = (await walkServed(snmpd)).indexOf('lveDomName', 'web-1');
      await untilItems(
        [hostId],
        (has) =>
          has(`libvirt[vmStorageReadOctets.${running}.1]`) &&
          has('libvirt[lveDomStateText.12]') &&
          has(`libvirt[lveNicRxBytes.${running}.1]`),
      );
      const items = await itemStates(zabbix, [hostId]);
      expect(await unsupported([hostId])).toEqual([]);
      const texts = items
        .filter((item) => item.key.startsWith('libvirt[lveDomStateText.'))
        .map((item) => item.lastValue?.split(' (')[0] ?? '');
      expect(texts.sort()).toEqual([
        'paused',
        ...Array<string>(7).fill('running'),
        ...Array<string>(4).fill('shut off'),
      ]);
    });

    it('makes a host of each, with items of its own', async () => {
      await waitUntil(
        async () => {
          await checkNow(zabbix, [hostId]);
          return (await discoveredHosts(zabbix)).length === 12;
        },
        { what: 'a host for each machine', timeoutMs: 120_000, intervalMs: 5000 },
      );
      const hosts = await discoveredHosts(zabbix);
      const names = hosts.map((host) => host.name);
      expect(names).toEqual(
        expect.arrayContaining(['web-1', odd, 'off-1', looksHexadecimal, endsInBackslash].map(atHost)),
      );
      // Each of the others as much of its name as there is room for.
      const cut = names.filter((name) => /[.]{3}.* #[0-9]+ [(]kvm-1[.]example[)]$/.test(name));
      expect([new Set(cut).size, ...cut.map((name) => Array.from(name).length)]).toEqual([
        4, 128, 128, 128, 128,
      ]);
      const web = hosts.find((host) => host.name === atHost('web-1'))?.id ?? '';
      await untilItems(
        [web],
        (has) =>
          has('libvirt[vmStorageReadOctets.{$VM.INDEX}.1]') && has('libvirt[lveMemCurrent.{$VM.INDEX}]'),
      );
      expect(await unsupported(hosts.map(({ id }) => id))).toEqual([]);
    });

    it('has dashboards for the hypervisor and for each machine, whose graphs can be drawn', async () => {
      const cookie = await openFrontend(zabbix);
      const web = (await discoveredHosts(zabbix)).find(({ name }) => name === atHost('web-1'))?.id ?? '';
      for (const [template, id, names] of [
        ['libvirt by SNMP', hostId, ['Hypervisor', 'Virtual machines']],
        ['libvirt guest by SNMP', web, ['Virtual machine']],
      ] as const) {
        const dashboards = await zabbix.call<readonly { name: string; dashboardid: string }[]>(
          'templatedashboard.get',
          { templateids: [await templateId(zabbix, template)], output: ['name', 'dashboardid'] },
        );
        expect(dashboards.map(({ name }) => name).sort()).toEqual(names);
        for (const { name, dashboardid } of dashboards) {
          expect(await hostDashboardPage(zabbix, cookie, id, dashboardid)).toContain(name);
        }
        // CPU and memory of each machine, two of each disk, one of each interface.
        const wanted = id === web ? 5 : 2 + 12 * 5;
        const graphs = await waitUntil(
          async () => {
            await checkNow(zabbix, [id]);
            const found = await zabbix.call<readonly { graphid: string; name: string }[]>('graph.get', {
              hostids: [id],
              output: ['graphid', 'name'],
            });
            return found.length === wanted ? found : undefined;
          },
          { what: `${wanted} graphs`, timeoutMs: 120_000, intervalMs: 5000 },
        );
        expect(graphs.map((graph) => graph.name)).toContain(
          id === web ? 'Disk web-1:vda: Throughput' : 'VM web-1: CPU',
        );
        for (const { graphid } of graphs) {
          expect((await drawGraph(zabbix, cookie, graphid)).subarray(1, 4).toString()).toBe('PNG');
        }
      }
    });

    it('opens a problem when a virtual machine is paused or crashes, and closes it when it is well', async () => {
      const paused = `VM ${odd}: State needs attention`;
      await libvirtd.virsh('suspend', odd);
      await untilProblems([hostId], (open) => open.includes(paused));
      await libvirtd.virsh('resume', odd);
      await untilProblems([hostId], (open) => !open.includes(paused));
      process.kill(await libvirtd.qemuPid('web-1'), 'SIGSEGV');
      await untilProblems([hostId], (open) => open.some((name) => name === 'VM web-1: Failed'));
      // What a machine that crashed has no value of is left out, here and at its own host.
      const hosts = await discoveredHosts(zabbix);
      await checkNow(zabbix, [hostId, ...hosts.map(({ id }) => id)]);
      await untilProblems([hosts.find(({ name }) => name === atHost('web-1'))?.id ?? ''], (open) =>
        open.includes(`VM ${atHost('web-1')}: Failed`),
      );
      expect(await unsupported([hostId, ...hosts.map(({ id }) => id)])).toEqual([]);
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
  },
  900_000,
);
