import { writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Agent, type ConfigSection, startAgent } from '../lab/agent.ts';
import { biosGuest, linuxGuest } from '../lab/domain-xml.ts';
import { guestExec, guestSpawn, waitForGuestAgent } from '../lab/guest-agent.ts';
import { makeGuestImage } from '../lab/guest-image.ts';
import { makeRawImage } from '../lab/image.ts';
import { type Libvirtd, startLibvirtd } from '../lab/libvirtd.ts';
import { crashQemu, type FullDisk, makeFullDisk } from '../lab/provoke.ts';
import { type Snmpd, startSnmpd } from '../lab/snmpd.ts';
import { waitUntil } from '../lab/wait.ts';
import { addressSaidBy, receivers, startReceivers, type TrapReceivers } from './trap-receivers.ts';
import { TrapRelay } from './trap-relay.ts';
import { ledgerOf, missingOf } from './trigger-ledger.ts';
import {
  closeProblems,
  importTemplates,
  itemStates,
  makeHost,
  openProblems,
  problemsSince,
} from './zabbix-host.ts';
import { startZabbix, type ZabbixServer } from './zabbix-server.ts';

// Real notifications of real guests, written by each receiver with and without MIB modules, in both releases at once.
// A Zabbix host for each receiver sees what that one writes, and nothing of the others.

const template = 'libvirt traps by SNMP';
const odd = 'größe "q"';
/** A name that tries to pass for other fields of a notification. */
const forged =
  'x lveDomSeverity.1 = failure lveDomUuid.1 = 00000000-0000-4000-8000-000000000000 snmpTrapOID.0 = lveDomainDiskError';

/** A Zabbix host that sees the notifications of one receiver. */
interface Watcher {
  readonly zabbix: ZabbixServer;
  readonly receiver: (typeof receivers)[number];
  readonly id: string;
}

let libvirtd: Libvirtd;
let traps: TrapReceivers;
let snmpd: Snmpd;
let agent: Agent;
let fullDisk: FullDisk;
let servers: readonly ZabbixServer[] = [];
let relay: TrapRelay;
const watchers: Watcher[] = [];

const runAgent = (notifications: ConfigSection): Promise<Agent> =>
  startAgent({
    uri: libvirtd.uri,
    agentxAddress: snmpd.agentxAddress,
    config: {
      libvirt: { read_write: true },
      collect: { extra_stats: ['default', 'guest'] },
      intervals: { guest_agent: 5, disk_errors: 2, jobs: 2, pools: 5 },
      notifications: { holdoff: 0, bulk: false, ...notifications },
    },
  });

beforeAll(async () => {
  libvirtd = await startLibvirtd();
  traps = await startReceivers();
  snmpd = await startSnmpd({ trapSinks: traps.sinks });
  const { domainType: type, imagesPath } = libvirtd;
  for (const name of [odd, forged]) await libvirtd.run(biosGuest({ name, type }));
  await libvirtd.run(
    linuxGuest({
      ...(await makeGuestImage()),
      name: 'web-1',
      type,
      agentChannel: true,
      commandLine: 'lab.agent lab.write=vdb',
      disks: [
        { path: await makeRawImage(`${imagesPath}/a.raw`, 16) },
        { path: await makeRawImage(`${imagesPath}/b.raw`, 4) },
      ],
    }),
  );
  await waitForGuestAgent(libvirtd, 'web-1');
  fullDisk = await makeFullDisk(libvirtd);
  const pool = libvirtd.directory.directory('images', 'pool');
  await libvirtd.virsh('pool-define-as', 'images', 'dir', '--target', pool);
  await libvirtd.virsh('pool-start', 'images');
  agent = await runAgent({ max_per_minute: 0 });
  servers = await Promise.all([startZabbix('6.0'), startZabbix('7.0')]);
  relay = new TrapRelay(traps, servers);
  for (const zabbix of servers) {
    await importTemplates(zabbix, 'template_libvirt_traps_by_snmp.yaml');
    for (const receiver of receivers) {
      const id = await makeHost(zabbix, {
        name: `traps ${receiver.replace(',', '')}`,
        snmpPort: snmpd.port,
        templates: [template],
        address: addressSaidBy(receiver),
      });
      watchers.push({ zabbix, receiver, id });
    }
  }
}, 900_000);

afterAll(async () => {
  for (const zabbix of servers) await zabbix.stop();
  await agent?.stop();
  await snmpd?.stop();
  await traps?.stop();
  await libvirtd?.stop();
});

interface Wanted {
  /** Problems that are open. */
  readonly open?: readonly string[];
  /** Problems that are or were open. */
  readonly seen?: readonly string[];
  /** Problems that are not open. */
  readonly over?: readonly string[];
}

/** Waits until each Zabbix host has the problems that are wanted. */
async function until(wanted: Wanted): Promise<void> {
  const lacking = new Set<string>();
  await waitUntil(
    async () => {
      relay.handOn();
      lacking.clear();
      for (const { zabbix, receiver, id } of watchers) {
        const open = await openProblems(zabbix, [id]);
        const seen = wanted.seen === undefined ? [] : await problemsSince(zabbix, [id], 0);
        const isRight =
          (wanted.seen ?? []).every((name) => seen.includes(`libvirt: ${name}`)) &&
          (wanted.open ?? []).every((name) => open.includes(`libvirt: ${name}`)) &&
          !(wanted.over ?? []).some((name) => open.includes(`libvirt: ${name}`));
        if (!isRight) lacking.add(`${zabbix.release} ${receiver}: ${open.join('; ') || 'no problem'}`);
      }
      return lacking.size === 0;
    },
    {
      what: `problems by traps: ${JSON.stringify(wanted)}`,
      timeoutMs: 180_000,
      intervalMs: 1000,
      context: () => [...lacking].join('\n'),
    },
  );
}

/** How many machines need attention, at each Zabbix host. */
async function untilAttention(count: number): Promise<void> {
  await waitUntil(
    async () => {
      relay.handOn();
      for (const { zabbix, id } of watchers) {
        const open = await openProblems(zabbix, [id]);
        if (open.filter((name) => name.endsWith(': needs attention')).length !== count) return false;
      }
      return true;
    },
    { what: `${count} machines that need attention`, timeoutMs: 180_000, intervalMs: 1000 },
  );
}

describe('problems by traps', { timeout: 600_000 }, () => {
  it('come to a host once Zabbix knows it; traps of others are kept apart', async () => {
    // Without a change of state there is no notification of VM-MIB.
    await libvirtd.virsh('suspend', odd);
    await libvirtd.virsh('resume', odd);
    const keys = ['snmptrap.fallback', 'VM-MIB::vm'];
    await waitUntil(
      async () => {
        relay.repeat();
        for (const { zabbix, id } of watchers) {
          const items = await itemStates(zabbix, [id]);
          for (const key of keys) {
            const found = items.find((item) => item.key.includes(key));
            if (found?.lastValue === undefined) return false;
          }
        }
        return true;
      },
      { what: 'the first traps', timeoutMs: 120_000, intervalMs: 5000 },
    );
    for (const { zabbix, id } of watchers) {
      const [other] = (await itemStates(zabbix, [id])).filter(({ key }) => key === 'snmptrap.fallback');
      expect(other?.lastValue).not.toMatch(/lveDom|16514[.]0[.]1\b/);
    }
  });

  it('are of one machine each, whatever its name, and end with it', async () => {
    // Of those that were said again and again.
    await untilAttention(0);
    await libvirtd.virsh('suspend', 'web-1');
    await until({ open: ['web-1: needs attention'] });
    await libvirtd.virsh('suspend', odd);
    await untilAttention(2);
    await libvirtd.virsh('resume', odd);
    await untilAttention(1);
    await libvirtd.virsh('suspend', forged);
    await untilAttention(2);
    await libvirtd.virsh('resume', forged);
    await untilAttention(1);
    await until({ open: ['web-1: needs attention'] });
    await libvirtd.virsh('resume', 'web-1');
    await untilAttention(0);
  });

  it('a guest agent that goes and comes back', async () => {
    const late = '#!/bin/sh\nsleep 45\nexec /bin/lab-agent.before\n';
    await guestExec(
      libvirtd,
      'web-1',
      `mv /bin/lab-agent /bin/lab-agent.before; printf '${late.replaceAll('\n', '\\n')}' > /bin/lab-agent; chmod +x /bin/lab-agent`,
    );
    await guestSpawn(libvirtd, 'web-1', 'sleep 0.3; killall qemu-ga');
    // It may be back before all of them have heard that it is gone.
    await until({ seen: ['web-1: guest agent is gone'] });
    await waitForGuestAgent(libvirtd, 'web-1');
    await until({ over: ['web-1: guest agent is gone'] });
  });

  it('a job that fails: a backup to where there is no space', async () => {
    await guestExec(libvirtd, 'web-1', 'dd if=/dev/urandom of=/dev/vda bs=1M count=8; sync');
    const copy = `${dirname(fullDisk.path)}/backup.raw`;
    const xml = libvirtd.directory.file('images', 'backup.xml');
    await writeFile(
      xml,
      `<domainbackup mode='push'><disks>
        <disk name='vda' backup='yes' type='file'><target file='${copy}'/><driver type='raw'/></disk>
        <disk name='vdb' backup='no'/>
      </disks></domainbackup>`,
    );
    await libvirtd.virsh('backup-begin', 'web-1', xml);
    await until({ open: ['web-1: job failed'] });
    await libvirtd.namespaces.exec('rm', '-f', copy);
  });

  it('a write threshold that is passed', async () => {
    await libvirtd.virsh('domblkthreshold', 'web-1', 'vdb', '1M');
    await until({ open: ['web-1: write threshold passed'] });
  });

  it('a block job that is given up', async () => {
    await libvirtd.virsh(
      ...['blockcopy', 'web-1', 'vda', '--dest', `${libvirtd.imagesPath}/copy.raw`, '--format', 'raw'],
      ...['--transient-job', '--bandwidth', '65536', '--bytes'],
    );
    await libvirtd.virsh('blockjob', 'web-1', 'vda', '--abort');
    await until({ open: ['web-1: event of severity warning'] });
  });

  it('a machine that crashes and is started', async () => {
    await crashQemu(libvirtd, 'web-1');
    await until({ open: ['web-1: failed'] });
    await libvirtd.start('web-1');
    await until({ over: ['web-1: failed'] });
  });

  it('a disk that has no space, and has it again', async () => {
    await libvirtd.run(
      linuxGuest({
        ...(await makeGuestImage()),
        name: 'full-1',
        type: libvirtd.domainType,
        commandLine: 'lab.write=vda',
        disks: [{ path: fullDisk.path, errorPolicy: 'stop' }],
      }),
    );
    await until({ open: ['full-1: disk in error', 'full-1: event of severity failure', 'full-1: failed'] });
    await fullDisk.makeRoom();
    await libvirtd.virsh('resume', 'full-1');
    await until({ over: ['full-1: disk in error', 'full-1: failed'] });
    await libvirtd.remove('full-1');
  });

  it('a pool that stops, and libvirt itself', async () => {
    await libvirtd.virsh('pool-destroy', 'images');
    await until({ open: ['images: pool is not usable'] });
    await libvirtd.virsh('pool-start', 'images');
    await until({ over: ['images: pool is not usable'] });
    await libvirtd.stopDaemon();
    const lost = `qemu+unix:///system?socket=${libvirtd.socket}: connection to libvirt is lost`;
    await until({ open: [lost] });
    await libvirtd.startDaemon();
    await until({ over: [lost] });
  });

  it('more notifications than may be sent', async () => {
    await agent.stop();
    agent = await runAgent({ max_per_minute: 3 });
    await agent.waitForLog('connected');
    for (let round = 0; round < 4; round++) {
      await libvirtd.virsh('suspend', odd);
      await libvirtd.virsh('resume', odd);
    }
    await until({ open: ['notifications were held back'] });
  });

  it('can be closed by hand where nothing tells that they are over', async () => {
    for (const { zabbix, id } of watchers) await closeProblems(zabbix, [id]);
    await waitUntil(
      async () => {
        for (const { zabbix, id } of watchers) {
          if ((await openProblems(zabbix, [id])).length > 0) return false;
        }
        return true;
      },
      { what: 'the end of all problems', timeoutMs: 120_000, intervalMs: 2000 },
    );
  });

  it('have come and gone by every trigger, from every receiver, in both releases', async () => {
    const lines = await Promise.all(watchers.map(({ zabbix, id }) => ledgerOf(zabbix, template, [id])));
    expect(lines.map((of) => of.length)).toEqual(watchers.map(() => 11));
    const missing = watchers.flatMap(({ zabbix, receiver }, at) =>
      missingOf(lines[at] ?? []).map((text) => `${zabbix.release}, ${receiver}: ${text}`),
    );
    expect(missing).toEqual([]);
    for (const { zabbix, id } of watchers) {
      expect((await itemStates(zabbix, [id])).filter(({ unsupported }) => unsupported !== undefined)).toEqual(
        [],
      );
    }
  });
});
