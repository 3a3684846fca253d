import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Agent, startAgent } from '../lab/agent.ts';
import { biosGuest } from '../lab/domain-xml.ts';
import { type Libvirtd, startLibvirtd } from '../lab/libvirtd.ts';
import { type Snmpd, startSnmpd } from '../lab/snmpd.ts';
import { waitUntil } from '../lab/wait.ts';
import { addressSaidBy, receivers, startReceivers, type TrapReceivers } from './trap-receivers.ts';
import { TrapRelay } from './trap-relay.ts';
import {
  checkNow,
  discoveredHosts,
  failedRules,
  importTemplates,
  itemStates,
  makeHost,
  openProblems,
  untilSupported,
} from './zabbix-host.ts';
import { startZabbix, type ZabbixServer } from './zabbix-server.ts';

// One agent with two hypervisors, one snmpd, and a Zabbix host for each of them: by the context name of SNMPv3, and by a
// community that stands for the context. snmpd is set up as docs/hypervisors.md says.

const snmpdConfig = `
view libvirt included .1.3.6.1.2.1.236
view libvirt included .1.3.6.1.4.1.8072.9999.9999.16514
createUser monitor SHA "authentication" AES "encryption"
rouser monitor priv -V libvirt *
rocommunity community-a default -V libvirt rack1-a
rocommunity community-b default -V libvirt rack1-b
`;

const hypervisors = ['rack1-a', 'rack1-b'] as const;
type Name = (typeof hypervisors)[number];

/** How Zabbix asks for the context of a hypervisor. */
const ways = {
  SNMPv3: (context: Name) => ({
    version: 3,
    securityname: 'monitor',
    securitylevel: 2,
    authprotocol: 1,
    authpassphrase: 'authentication',
    privprotocol: 1,
    privpassphrase: 'encryption',
    contextname: context,
  }),
  SNMPv2c: (context: Name) => ({ version: 2, community: context.replace('rack1', 'community') }),
} as const;

/** The guest that only one hypervisor has; on both it has the index 1. */
const guestOf = (name: Name): string => `on-${name}`;

/** As where machines move from one hypervisor to the other: the same on both, but for its state. */
const shared = { name: 'on-both', uuid: '6d1f9f0e-4b0b-4a55-9a6e-7d2b5f0c3a11' };

/** The host that Zabbix makes of a machine. */
const hostOf = (guest: string, name: Name): string => `${guest} (${name})`;

interface Watcher {
  readonly zabbix: ZabbixServer;
  /** Of the hypervisor whose traps are taken; undefined: of both. */
  readonly hypervisor: Name | undefined;
  readonly id: string;
}

const daemons = new Map<Name, Libvirtd>();
let traps: TrapReceivers;
let snmpd: Snmpd;
let agent: Agent;
let servers: readonly ZabbixServer[] = [];
let relay: TrapRelay;
const watchers: Watcher[] = [];

function daemonOf(name: Name): Libvirtd {
  const daemon = daemons.get(name);
  if (daemon === undefined) throw new Error(`no libvirtd ${name}`);
  return daemon;
}

const uriOf = (name: Name): string => `qemu+unix:///system?socket=${daemonOf(name).socketReadOnly}`;

beforeAll(async () => {
  for (const name of hypervisors) daemons.set(name, await startLibvirtd({ hostname: name }));
  for (const name of hypervisors) {
    const daemon = daemonOf(name);
    await daemon.run(biosGuest({ name: guestOf(name), type: daemon.domainType }));
  }
  await daemonOf('rack1-a').define(biosGuest({ ...shared, type: daemonOf('rack1-a').domainType }));
  await daemonOf('rack1-b').run(biosGuest({ ...shared, type: daemonOf('rack1-b').domainType }));
  traps = await startReceivers();
  snmpd = await startSnmpd({ extraConfig: snmpdConfig, trapSinks: traps.sinks });
  agent = await startAgent({
    agentxAddress: snmpd.agentxAddress,
    config: {
      hypervisors: hypervisors.map((name) => ({ name, uri: uriOf(name) })),
      notifications: { holdoff: 0 },
    },
  });
  servers = await Promise.all([startZabbix('6.0'), startZabbix('7.0')]);
  relay = new TrapRelay(traps, servers);
  for (const zabbix of servers) {
    for (const file of ['', '_guest', '_traps']) {
      await importTemplates(zabbix, `template_libvirt${file}_by_snmp.yaml`);
    }
  }
}, 900_000);

afterAll(async () => {
  for (const zabbix of servers) await zabbix.stop();
  await agent?.stop();
  await snmpd?.stop();
  await traps?.stop();
  for (const daemon of daemons.values()) await daemon.stop();
});

/** The machines of a host, by the names of their items: the state and its reason of each, in words. */
async function machinesOf(zabbix: ZabbixServer, id: string): Promise<ReadonlyMap<string, string>> {
  const items = await zabbix.call<readonly { readonly name: string; readonly lastvalue: string }[]>(
    'item.get',
    { hostids: [id], output: ['name', 'lastvalue'] },
  );
  return new Map(
    items.flatMap(({ name, lastvalue }) => {
      const machine = /^VM (.*): State and reason$/.exec(name)?.[1];
      return machine === undefined ? [] : [[machine, lastvalue] as const];
    }),
  );
}

describe('a Zabbix host for each hypervisor', { timeout: 600_000 }, () => {
  it.each(Object.entries(ways))('by %s', async (version, way) => {
    for (const zabbix of servers) {
      const made = new Map<Name, string>();
      for (const name of hypervisors) {
        const id = await makeHost(zabbix, {
          name: `${name} by ${version}`,
          snmpPort: snmpd.port,
          templates: [
            'libvirt by SNMP',
            // A machine is one host only.
            ...(version === 'SNMPv3' ? ['libvirt guests as hosts by SNMP'] : []),
          ],
          snmp: way(name),
        });
        made.set(name, id);
      }
      const ids = [...made.values()];
      for (const [name, id] of made) {
        await waitUntil(
          async () => {
            await checkNow(zabbix, ids);
            // Which number each machine has is the order in which libvirt lists them.
            return (await machinesOf(zabbix, id)).get(guestOf(name))?.startsWith('running') === true;
          },
          {
            what: `the state of ${guestOf(name)} by ${version} in ${zabbix.release}`,
            timeoutMs: 180_000,
            intervalMs: 4000,
            context: () => zabbix.log().slice(-2000),
          },
        );
        expect([...(await machinesOf(zabbix, id)).keys()].toSorted()).toEqual([shared.name, guestOf(name)]);
      }
      await untilSupported(zabbix, ids);
      expect(await failedRules(zabbix, ids)).toEqual([]);
    }
  });

  it('has hosts of its machines that are asked in its context', async () => {
    for (const zabbix of servers) {
      const hosts = await waitUntil(
        async () => {
          const found = await discoveredHosts(zabbix);
          return found.length === 4 ? found : undefined;
        },
        { what: 'a host for each machine of each hypervisor', timeoutMs: 120_000, intervalMs: 2000 },
      );
      const machines = new Map(
        hypervisors.flatMap((name) => [
          [hostOf(guestOf(name), name), '1'] as const,
          [hostOf(shared.name, name), name === 'rack1-a' ? '5' : '1'] as const,
        ]),
      );
      expect(hosts.map(({ name }) => name).sort()).toEqual([...machines.keys()].sort());
      const ids = hosts.map(({ id }) => id);
      const state = 'libvirt[lveDomState.{$VM.INDEX}]';
      const untilStates = (other?: readonly [string, string]): Promise<unknown> =>
        waitUntil(
          async () => {
            await checkNow(zabbix, ids);
            for (const { id, name } of hosts) {
              const wanted = name === other?.[0] ? other[1] : machines.get(name);
              const items = await itemStates(zabbix, [id]);
              if (items.find(({ key }) => key === state)?.lastValue !== wanted) return false;
            }
            return true;
          },
          { what: 'the states of all machines', timeoutMs: 180_000, intervalMs: 4000 },
        );
      await untilStates();
      await daemonOf('rack1-b').virsh('suspend', guestOf('rack1-b'));
      await untilStates([hostOf(guestOf('rack1-b'), 'rack1-b'), '3']);
      await daemonOf('rack1-b').virsh('resume', guestOf('rack1-b'));
      await untilStates();
    }
  });
});

describe('notifications of several hypervisors', { timeout: 600_000 }, () => {
  /** Waits until each host has the problems of its hypervisor that `open` has, and no others. */
  async function until(open: ReadonlyMap<Name, readonly string[]>): Promise<void> {
    const wrong = new Set<string>();
    await waitUntil(
      async () => {
        relay.handOn();
        wrong.clear();
        for (const { zabbix, hypervisor, id } of watchers) {
          const wanted = hypervisors.flatMap((name) =>
            hypervisor === undefined || hypervisor === name ? (open.get(name) ?? []) : [],
          );
          const found = await openProblems(zabbix, [id]);
          if (found.join() !== [...wanted].sort().join()) {
            wrong.add(`${zabbix.release} ${hypervisor ?? 'both'}: ${found.join('; ')}`);
          }
        }
        return wrong.size === 0;
      },
      {
        what: JSON.stringify([...open]),
        timeoutMs: 180_000,
        intervalMs: 1000,
        context: () => [...wrong].join('\n'),
      },
    );
  }

  beforeAll(async () => {
    for (const zabbix of servers) {
      for (const receiver of receivers) {
        for (const hypervisor of [...hypervisors, undefined]) {
          const id = await makeHost(zabbix, {
            name: `${hypervisor ?? 'both'} ${receiver.replace(',', '')}`,
            snmpPort: snmpd.port,
            templates: ['libvirt traps by SNMP'],
            address: addressSaidBy(receiver),
            ...(hypervisor === undefined ? {} : { macros: { '{$LIBVIRT.TRAP.HYPERVISOR}': hypervisor } }),
          });
          watchers.push({ zabbix, hypervisor, id });
        }
      }
    }
    await waitUntil(
      async () => {
        relay.repeat();
        for (const { zabbix, id } of watchers) {
          const items = await itemStates(zabbix, [id]);
          if (items.every(({ lastValue }) => lastValue === undefined)) return false;
        }
        return true;
      },
      { what: 'the first traps', timeoutMs: 180_000, intervalMs: 5000 },
    );
  }, 600_000);

  it('are problems of the host of their hypervisor only', async () => {
    const paused = (name: Name): readonly string[] => [`libvirt: ${guestOf(name)}: needs attention`];
    const act = (command: string, name: Name): Promise<string> =>
      daemonOf(name).virsh(command, guestOf(name));
    await act('suspend', 'rack1-a');
    await until(new Map([['rack1-a', paused('rack1-a')]]));
    await act('suspend', 'rack1-b');
    await until(new Map(hypervisors.map((name) => [name, paused(name)])));
    await act('resume', 'rack1-a');
    await until(new Map([['rack1-b', paused('rack1-b')]]));
    await act('resume', 'rack1-b');
    await until(new Map());
  });

  it('tell connections apart: one that is back closes no problem of the other', async () => {
    const lost = (name: Name): readonly string[] => [
      `libvirt: ${uriOf(name)}: connection to libvirt is lost`,
    ];
    for (const name of hypervisors) await daemonOf(name).stopDaemon();
    await until(new Map(hypervisors.map((name) => [name, lost(name)])));
    await daemonOf('rack1-b').startDaemon();
    await until(new Map([['rack1-a', lost('rack1-a')]]));
    await daemonOf('rack1-a').startDaemon();
    await until(new Map());
  });
});
