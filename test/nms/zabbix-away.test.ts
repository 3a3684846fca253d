import { availableParallelism } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectListAllDomains } from '../../src/libvirt/procedures.ts';
import { FakeLibvirtd } from '../fakes/fake-libvirtd.ts';
import { type Agent, startAgent } from '../lab/agent.ts';
import { biosGuest } from '../lab/domain-xml.ts';
import { makeRawImage } from '../lab/image.ts';
import { type Libvirtd, startLibvirtd } from '../lab/libvirtd.ts';
import { type RunningProcess, startProcess } from '../lab/process.ts';
import { freezeMonitor } from '../lab/provoke.ts';
import { type Snmpd, startSnmpd } from '../lab/snmpd.ts';
import { delay, waitUntil } from '../lab/wait.ts';
import { readServed } from '../support/served-walk.ts';
import { awayTriggers } from './away-triggers.ts';
import { missingOf } from './trigger-ledger.ts';
import {
  guestTemplate,
  hostTemplate,
  idsOf,
  ledger,
  type TriggerWatcher,
  untilTriggers,
} from './trigger-watcher.ts';
import { checkNow, importTemplates, makeHost, problemsSince, setMacros, templateId } from './zabbix-host.ts';
import { startZabbix } from './zabbix-server.ts';

// What is taken away as a whole: libvirt, the agent, snmpd, the processors of the host. One problem comes of it, however
// many machines there are. FakeLibvirtd stands in for disks that count errors, which QEMU's do not, and for a daemon that
// answers all but one question.

const makerTemplate = 'libvirt guests as hosts by SNMP';

/** What a machine that is busy with others would say. */
const unmoved = {
  '{$LIBVIRT.VM.CPU.MAX}': '101',
  '{$LIBVIRT.VM.STEAL.MAX}': '101',
  '{$LIBVIRT.DISK.LATENCY.MAX}': '1000',
};
const refreshes = ['libvirt: Refreshes fail in part', 'libvirt: Refreshes take longer than their interval'];
/**
 * What this machine may bring about by itself when it has much else to do; a collector may also fail when libvirt has
 * just come back.
 */
const byLoad = [...refreshes, 'libvirt: VMs without fresh statistics'];

let libvirtd: Libvirtd;
let snmpd: Snmpd;
let agent: Agent;
/** Another agent of the same libvirtd, which may go away. */
let otherSnmpd: Snmpd;
let otherAgent: Agent;
let fakeDaemon: FakeLibvirtd;
let fakeSnmpd: Snmpd;
let fakeAgent: Agent;
let counting: NodeJS.Timeout | undefined;
let watchers: readonly TriggerWatcher[] = [];

beforeAll(async () => {
  libvirtd = await startLibvirtd();
  [snmpd, otherSnmpd, fakeSnmpd] = await Promise.all([startSnmpd(), startSnmpd(), startSnmpd()]);
  const { domainType: type, imagesPath } = libvirtd;
  for (const name of ['web-1', 'web-2', 'frozen-1']) {
    const path = await makeRawImage(`${imagesPath}/${name}.raw`, 4);
    await libvirtd.run(biosGuest({ name, type, disks: [{ path }] }));
  }
  agent = await startAgent({ uri: libvirtd.uri, agentxAddress: snmpd.agentxAddress });
  otherAgent = await startAgent({ uri: libvirtd.uriReadOnly, agentxAddress: otherSnmpd.agentxAddress });
  fakeDaemon = await FakeLibvirtd.start({ domains: 1, hostname: 'fake-libvirtd' });
  fakeDaemon.domain(1).diskErrorCount = 0;
  fakeAgent = await startAgent({ uri: fakeDaemon.uri, agentxAddress: fakeSnmpd.agentxAddress });
  const servers = await Promise.all([startZabbix('6.0'), startZabbix('7.0')]);
  watchers = await Promise.all(
    servers.map(async (zabbix) => {
      await importTemplates(zabbix, 'template_libvirt_by_snmp.yaml');
      await importTemplates(zabbix, 'template_libvirt_guest_by_snmp.yaml');
      await setMacros(zabbix, await templateId(zabbix, guestTemplate), unmoved);
      const main = await makeHost(zabbix, {
        name: 'kvm-1',
        snmpPort: snmpd.port,
        templates: [hostTemplate, makerTemplate],
        macros: {
          ...unmoved,
          '{$LIBVIRT.DATA.AGE.MAX}': '20s',
          '{$LIBVIRT.ERRORS.TIME}': '1m',
          '{$LIBVIRT.REFRESH.ERRORS.MAX}': '0',
          '{$LIBVIRT.REFRESH.OVERRUNS.MAX}': '0',
          // For the busy host there is a host of its own.
          '{$LIBVIRT.HOST.CPU.MAX}': '101',
        },
      });
      return { zabbix, hosts: [main] };
    }),
  );
}, 1_200_000);

afterAll(async () => {
  clearInterval(counting);
  for (const { zabbix } of watchers) await zabbix.stop();
  for (const one of [fakeAgent, otherAgent, agent]) await one?.stop();
  for (const one of [fakeSnmpd, otherSnmpd, snmpd]) await one?.stop();
  await fakeDaemon?.close();
  await libvirtd?.stop();
});

const until = (
  stage: 'fired' | 'recovered',
  triggers: readonly string[],
  meanwhile?: () => Promise<void>,
): Promise<void> => untilTriggers(watchers, stage, triggers, { meanwhile });

const untilFiredAndOver = async (triggers: readonly string[], end: () => Promise<unknown>): Promise<void> => {
  await until('fired', triggers);
  await end();
  await until('recovered', triggers);
};

const restarted = ['VM {#VM.NAME.LABEL}: Has been restarted', 'VM: Has been restarted'];

describe('triggers', { timeout: 1_200_000 }, () => {
  it('of libvirt are one while it is away, and none comes of it later', async () => {
    const lost = 'libvirt: libvirt is not connected';
    // Every machine has been seen.
    await until('fired', ['libvirt: The agent was restarted', ...restarted]);
    const since = Math.ceil(Date.now() / 1000);
    const opened = async (): Promise<readonly (readonly string[])[]> =>
      Promise.all(
        watchers.map(async (watcher) => {
          const names = await problemsSince(watcher.zabbix, await idsOf(watcher), since);
          return names.filter((name) => !byLoad.includes(name) && !name.startsWith('Collector '));
        }),
      );
    await libvirtd.stopDaemon();
    await until('fired', [lost]);
    // Conditions over five minutes have their time.
    const end = Date.now() + 330_000;
    while (Date.now() < end) {
      for (const watcher of watchers) await checkNow(watcher.zabbix, await idsOf(watcher));
      await delay(10_000);
    }
    expect(await opened()).toEqual(watchers.map(() => [lost]));
    await libvirtd.startDaemon();
    await until('recovered', [lost]);
    await delay(60_000);
    expect(await opened()).toEqual(watchers.map(() => [lost]));
  });

  it('of errors that only FakeLibvirtd counts, and of a list that it does not send', async () => {
    const errors = ['Disk {#DISK.LABEL}: I/O errors'];
    let count = 0;
    counting = setInterval(() => {
      count += 50;
      fakeDaemon.domain(1).diskErrorCount = count;
    }, 500);
    for (const { zabbix, hosts } of watchers) {
      const host = {
        name: 'fake libvirtd',
        snmpPort: fakeSnmpd.port,
        templates: [hostTemplate, makerTemplate],
        macros: { '{$LIBVIRT.ERRORS.TIME}': '1m', '{$LIBVIRT.DATA.AGE.MAX}': '20s' },
      };
      hosts.push(await makeHost(zabbix, host));
    }
    await until('fired', errors);
    clearInterval(counting);
    await until('recovered', errors);
    // A real daemon that hangs answers nothing at all, and is not connected any more.
    const lift = fakeDaemon.inject({ procedure: connectListAllDomains.number, action: { type: 'hang' } });
    await until('fired', ['libvirt: Data is old']);
    lift();
    await until('recovered', ['libvirt: Data is old']);
  });

  it('of refreshes that fail and take long, because of a machine that hangs again and again', async () => {
    await until('fired', refreshes, async () => {
      const { thaw } = await freezeMonitor(libvirtd, 'frozen-1');
      await delay(5000);
      thaw();
      await delay(1000);
    });
    await until('recovered', refreshes);
  });

  it('of a host whose processors are busy', async () => {
    const loops: RunningProcess[] = [];
    for (let at = 0; at < availableParallelism(); at++) {
      loops.push(
        await startProcess({
          name: 'busy',
          command: 'nice',
          args: ['-n', '19', 'sh', '-c', 'while :; do :; done'],
        }),
      );
    }
    const most = 97;
    try {
      await waitUntil(async () => Number(await readServed(snmpd, 'lveHostCpuUtil', 0)) > (most + 1) * 100, {
        what: 'a busy host',
        timeoutMs: 120_000,
        intervalMs: 500,
      });
      for (const { zabbix, hosts } of watchers) {
        const host = {
          name: 'kvm-1 while it is busy',
          snmpPort: snmpd.port,
          templates: [hostTemplate],
          macros: { '{$LIBVIRT.HOST.CPU.MAX}': String(most) },
        };
        hosts.push(await makeHost(zabbix, host));
      }
      await until('fired', ['libvirt: CPU use of the host is high']);
    } finally {
      for (const loop of loops) await loop.stop();
    }
    await until('recovered', ['libvirt: CPU use of the host is high']);
  });

  it('of an agent that is gone, and of snmpd that is gone', async () => {
    for (const { zabbix, hosts } of watchers) {
      const host = {
        name: 'kvm-1 by another agent',
        snmpPort: otherSnmpd.port,
        templates: [hostTemplate],
        macros: { '{$SNMP.TIMEOUT}': '1m' },
      };
      hosts.push(await makeHost(zabbix, host));
    }
    await otherAgent.stop();
    await untilFiredAndOver(['libvirt: The agent does not answer'], async () => {
      otherAgent = await startAgent({ uri: libvirtd.uriReadOnly, agentxAddress: otherSnmpd.agentxAddress });
    });
    await otherSnmpd.kill();
    const silent = ['libvirt: No SNMP data collection'];
    await untilTriggers(watchers, 'fired', silent, { unhurried: true });
    await otherSnmpd.restart();
    await untilTriggers(watchers, 'recovered', silent, { unhurried: true });
  });

  it('have fired and recovered, all of them, in both releases', async () => {
    for (const watcher of watchers) {
      const lines = (await ledger(watcher)).filter(({ trigger }) => awayTriggers.includes(trigger));
      expect([...new Set(lines.map(({ trigger }) => trigger))].sort()).toEqual([...awayTriggers].sort());
      expect(missingOf(lines).map((text) => `${watcher.zabbix.release} ${text}`)).toEqual([]);
    }
  });
});
