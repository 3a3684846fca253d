import { availableParallelism, totalmem } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Agent, type ConfigSection, startAgent } from '../lab/agent.ts';
import { biosGuest, type GuestOptions, linuxGuest } from '../lab/domain-xml.ts';
import { guestExec, guestSpawn, waitForGuestAgent } from '../lab/guest-agent.ts';
import { makeGuestImage } from '../lab/guest-image.ts';
import { makeRawImage } from '../lab/image.ts';
import { type Libvirtd, startLibvirtd } from '../lab/libvirtd.ts';
import {
  crashQemu,
  type FullDisk,
  freezeGuestAgent,
  freezeMonitor,
  makeFullDisk,
  makeUnreadInterface,
} from '../lab/provoke.ts';
import { type Snmpd, startSnmpd } from '../lab/snmpd.ts';
import { delay, waitUntil } from '../lab/wait.ts';
import { walkServed } from '../support/served-walk.ts';
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
import {
  checkNow,
  failedRules,
  importTemplates,
  makeHost,
  openProblems,
  setMacros,
  templateId,
  untilSupported,
} from './zabbix-host.ts';
import { startZabbix } from './zabbix-server.ts';

// The triggers of the templates for hypervisors and for guests, fired and recovered in both releases at once by real
// guests. What needs minutes of trouble is in trouble before Zabbix looks.

const odd = 'größe "q" back\\';
const goneUuid = '2b8c1b52-6a0b-4c7c-9c39-0f5f3a0d9a11';

/** Thresholds that a test can wait for; the rest is as shipped. */
const soon = {
  '{$LIBVIRT.DATA.AGE.MAX}': '20s',
  '{$LIBVIRT.ERRORS.TIME}': '1m',
  '{$LIBVIRT.VM.OFF.TIME}': '20s',
  '{$LIBVIRT.VM.AGENT.TIME}': '20s',
};

let libvirtd: Libvirtd;
let snmpd: Snmpd;
let agent: Agent;
let fullDisk: FullDisk;
let flood: { stop(): Promise<void> } | undefined;
let watchers: readonly TriggerWatcher[] = [];

const agentConfig: ConfigSection = {
  libvirt: { read_write: true, call_timeout: 6 },
  collect: { extra_stats: ['all'] },
  intervals: {
    inventory: 5,
    disk_errors: 2,
    guest_agent: 5,
    snapshots: 5,
    pools: 5,
    networks: 5,
    pinning: 5,
    host: 5,
  },
};

/** A scalar, or the value of a domain, or of a device of it by its number. */
async function served(name: string, domain?: string, ...device: readonly number[]): Promise<number> {
  const walk = await walkServed(snmpd);
  const index = domain === undefined ? 0 : walk.indexOf('lveDomName', domain);
  const value = walk.value(name, index, ...device);
  if (value === undefined) throw new Error(`no value of ${name}`);
  return Number(value);
}

async function untilServed(what: string, condition: () => Promise<boolean>): Promise<void> {
  await waitUntil(condition, {
    what,
    timeoutMs: 120_000,
    intervalMs: 500,
    context: () => agent.stderr().slice(-2000),
  });
}

/** A file that takes a share of a file system in a guest. */
const fill = (percent: number): string =>
  `set -- $(df -k /mnt | tail -1); dd if=/dev/zero of=/mnt/fill bs=1k count=$(( $2 * ${percent} / 100 - $3 )); sync`;

async function poolOf(name: string, usedKib: number): Promise<void> {
  const path = libvirtd.directory.directory('images', name);
  await libvirtd.namespaces.exec('mount', '-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', path);
  await libvirtd.namespaces.exec('dd', 'if=/dev/zero', `of=${path}/fill`, 'bs=1k', `count=${usedKib}`);
  await libvirtd.virsh('pool-define-as', name, 'dir', '--target', path);
  await libvirtd.virsh('pool-start', name);
}

async function makeGuests(): Promise<void> {
  const { domainType: type, imagesPath } = libvirtd;
  const bios = async (options: GuestOptions): Promise<string> => {
    const path = await makeRawImage(`${imagesPath}/${encodeURIComponent(options.name)}.raw`, 4);
    const nics = [libvirtd.bridge === undefined ? {} : { bridge: libvirtd.bridge }];
    return biosGuest({ type, disks: [{ path }], nics, ...options });
  };
  const linux = async (name: string): Promise<void> =>
    libvirtd.run(
      linuxGuest({
        ...(await makeGuestImage()),
        name,
        type,
        agentChannel: true,
        balloonStatsPeriodSec: 1,
        commandLine: 'lab.agent lab.fs=vda lab.read=vdb',
        disks: [
          { path: await makeRawImage(`${imagesPath}/${name}-fs.raw`, 16) },
          { path: await makeRawImage(`${imagesPath}/${name}-data.raw`, 4) },
        ],
      }),
    );
  for (const name of ['web-1', 'pending-1', 'frozen-1', 'restarted-1', odd]) {
    await libvirtd.run(await bios({ name }));
  }
  await libvirtd.run(await bios({ name: 'gone-1', uuid: goneUuid }));
  await libvirtd.define(await bios({ name: 'off-1' }));
  await libvirtd.virsh('autostart', 'off-1');
  const kept = `${imagesPath}/snapshot-1.qcow2`;
  await libvirtd.namespaces.exec('qemu-img', 'create', '-f', 'qcow2', kept, '4M');
  await libvirtd.define(biosGuest({ name: 'snapshot-1', type, disks: [{ path: kept, format: 'qcow2' }] }));
  await linux('linux-a');
  await linux('linux-b');
  fullDisk = await makeFullDisk(libvirtd);
  await libvirtd.run(
    linuxGuest({
      ...(await makeGuestImage()),
      name: 'full-1',
      type,
      commandLine: 'lab.write=vda',
      disks: [{ path: fullDisk.path, errorPolicy: 'stop' }],
    }),
  );
  const unread = await makeUnreadInterface(libvirtd);
  await libvirtd.run(biosGuest({ name: 'unread-1', type, extraDevices: unread.xml }));
  flood = await unread.flood();
  // More processors and memory than there are, in two parts that QEMU can have.
  const part = {
    type,
    vcpus: Math.ceil((availableParallelism() * 8 + 1) / 2),
    memoryMib: Math.floor((totalmem() / 2 ** 20) * 0.65),
  };
  for (const name of ['big-1', 'big-2']) await libvirtd.run(biosGuest({ name, ...part }));
  await waitForGuestAgent(libvirtd, 'linux-a');
  await waitForGuestAgent(libvirtd, 'linux-b');
}

/** A snapshot that was made years ago. */
async function makeOldSnapshot(): Promise<void> {
  await libvirtd.virsh('snapshot-create-as', 'snapshot-1', 'old');
  const xml = await libvirtd.virsh('snapshot-dumpxml', 'snapshot-1', 'old');
  const path = libvirtd.directory.file('images', 'snapshot.xml');
  const aged = xml.replace(/<creationTime>\d+</, '<creationTime>1600000000<');
  await libvirtd.namespaces.exec('sh', '-c', 'printf %s "$1" > "$2"', 'write', aged, path);
  await libvirtd.virsh('snapshot-create', 'snapshot-1', path, '--redefine');
}

const spin = 'echo $$ > /tmp/spinning; while :; do :; done';

/** What is much for linux-a, in percent. */
interface Much {
  readonly cpu: number;
  readonly memory: number;
}

/** Trouble of every kind that lasts. */
async function makeTrouble(): Promise<Much> {
  await crashQemu(libvirtd, 'web-1');
  await libvirtd.virsh('suspend', odd);
  await libvirtd.virsh('suspend', 'gone-1');
  await freezeMonitor(libvirtd, 'frozen-1');
  await libvirtd.virsh('setmaxmem', 'pending-1', '32M', '--config');
  await makeOldSnapshot();
  await guestExec(libvirtd, 'linux-a', fill(85));
  await guestExec(libvirtd, 'linux-b', 'dd if=/dev/zero of=/mnt/fill bs=64k; sync');
  for (const name of ['linux-a', 'linux-b']) {
    await libvirtd.virsh('vcpupin', name, '0', '0');
    await guestSpawn(libvirtd, name, spin);
  }
  await untilServed('memory of linux-a', async () => (await served('lveMemUsedPercent', 'linux-a')) > 0);
  const much = Math.ceil((await served('lveMemUsedPercent', 'linux-a')) / 100) + 8;
  await guestExec(libvirtd, 'linux-a', 'dd if=/dev/zero of=/tmp/fill bs=1M count=16');
  await untilServed(
    'less memory in linux-a',
    async () => (await served('lveMemUsedPercent', 'linux-a')) > much * 100,
  );
  await libvirtd.virsh('blkdeviotune', 'linux-a', 'vdb', '--total-iops-sec', '2');
  await poolOf('pool-low', 14_500);
  await poolOf('pool-critical', 16_000);
  const path = libvirtd.directory.directory('images', 'pool-off');
  await libvirtd.virsh('pool-define-as', 'pool-off', 'dir', '--target', path);
  await libvirtd.virsh('pool-autostart', 'pool-off');
  const network = libvirtd.directory.file('images', 'network.xml');
  const xml = `<network><name>net-off</name><forward mode="bridge"/><bridge name="${libvirtd.bridge ?? 'br0'}"/></network>`;
  await libvirtd.namespaces.exec('sh', '-c', 'printf %s "$1" > "$2"', 'write', xml, network);
  await libvirtd.virsh('net-define', network);
  await libvirtd.virsh('net-autostart', 'net-off');
  const used: number[] = [];
  for (let sample = 0; sample < 5; sample++) {
    used.push(await served('lveDomCpuPercent', 'linux-a'));
    await delay(2000);
  }
  // On a busy machine a guest that uses all it can does not get much.
  return { memory: much, cpu: Math.min(...used) / 500 };
}

async function mendTrouble(): Promise<void> {
  await libvirtd.start('web-1');
  await libvirtd.virsh('resume', odd);
  process.kill(await libvirtd.qemuPid('frozen-1'), 'SIGCONT');
  await libvirtd.virsh('setmaxmem', 'pending-1', '16M', '--config');
  await libvirtd.virsh('snapshot-delete', 'snapshot-1', 'old', '--metadata');
  await libvirtd.start('off-1');
  for (const name of ['linux-a', 'linux-b']) {
    await guestExec(libvirtd, name, 'kill $(cat /tmp/spinning); rm -f /mnt/fill /tmp/fill; sync');
  }
  await flood?.stop();
  await fullDisk.makeRoom();
  await libvirtd.virsh('resume', 'full-1');
  for (const name of ['big-1', 'big-2', 'hungry-1']) await libvirtd.virsh('destroy', name);
  for (const name of ['pool-low', 'pool-critical']) {
    await libvirtd.namespaces.exec('rm', `${libvirtd.imagesPath}/${name}/fill`);
    await libvirtd.virsh('pool-refresh', name);
  }
  await libvirtd.virsh('pool-start', 'pool-off');
  await libvirtd.virsh('net-start', 'net-off');
}

beforeAll(async () => {
  libvirtd = await startLibvirtd();
  snmpd = await startSnmpd();
  await makeGuests();
  agent = await startAgent({
    uri: libvirtd.uri,
    agentxAddress: snmpd.agentxAddress,
    config: agentConfig,
  });
  const much = await makeTrouble();
  // A guest that takes a part of the host's memory; that it is much is what the threshold says.
  const share = 12;
  await libvirtd.run(
    biosGuest({
      name: 'hungry-1',
      type: libvirtd.domainType,
      memoryMib: Math.floor((totalmem() / 2 ** 20 / 100) * share),
      extraDomain: "<memoryBacking><allocation mode='immediate'/></memoryBacking>",
    }),
  );
  await untilServed('the hungry guest', async () => (await served('lveDomState', 'hungry-1')) === 1);
  await delay(10_000);
  const muchOnHost = (await served('lveHostMemUsedPercent')) / 100 - share / 2;
  const servers = await Promise.all([startZabbix('6.0'), startZabbix('7.0')]);
  watchers = await Promise.all(
    servers.map(async (zabbix) => {
      await importTemplates(zabbix, 'template_libvirt_by_snmp.yaml');
      await importTemplates(zabbix, 'template_libvirt_guest_by_snmp.yaml');
      await setMacros(zabbix, await templateId(zabbix, guestTemplate), {
        ...soon,
        '{$LIBVIRT.VM.CPU.MAX}': String(much.cpu),
        '{$LIBVIRT.VM.MEM.MAX}': String(much.memory),
      });
      const main = await makeHost(zabbix, {
        name: 'kvm-1',
        snmpPort: snmpd.port,
        templates: [hostTemplate, 'libvirt guests as hosts by SNMP'],
        macros: {
          ...soon,
          '{$LIBVIRT.HOST.MEM.MAX}': muchOnHost.toFixed(2),
          // By the name of the machine, as docs say.
          '{$LIBVIRT.VM.CPU.MAX:"linux-a"}': String(much.cpu),
          '{$LIBVIRT.VM.MEM.MAX:"linux-a"}': String(much.memory),
        },
      });
      return { zabbix, hosts: [main] };
    }),
  );
}, 1_200_000);

afterAll(async () => {
  await flood?.stop();
  for (const { zabbix } of watchers) await zabbix.stop();
  await agent?.stop();
  await snmpd?.stop();
  await libvirtd?.stop();
});

/** Of a machine: at the host of the hypervisor and at its own. */
const ofMachine = (...names: readonly string[]): readonly string[] =>
  names.flatMap((name) => [`VM {#VM.NAME.LABEL}: ${name}`, `VM: ${name}`]);

const until = (stage: 'fired' | 'recovered', triggers: readonly string[]): Promise<void> =>
  untilTriggers(watchers, stage, triggers, { context: () => agent.stderr().slice(-1500) });

/** Waits until a problem is not open any more, at all watchers. */
async function untilOver(problem: string): Promise<void> {
  for (const { zabbix, hosts } of watchers) {
    await waitUntil(
      async () => {
        await checkNow(zabbix, hosts);
        return !(await openProblems(zabbix, hosts)).includes(problem);
      },
      { what: `the end of "${problem}" in ${zabbix.release}`, timeoutMs: 480_000, intervalMs: 3000 },
    );
  }
}

const lasting = [
  ...ofMachine(
    'Failed',
    'State needs attention',
    'Should run, but is off',
    'CPU use is high',
    'CPU is taken by others',
    'Memory use is high',
    'No fresh statistics',
    'Old snapshot',
    'Change waits for a restart',
  ),
  'Disk {#DISK.LABEL}: Latency is high',
  'Disk {#DISK.LABEL}: In error',
  'Interface {#NIC.LABEL}: Errors',
  'FS {#FS.LABEL}: Space is low',
  'FS {#FS.LABEL}: Space is critically low',
  'libvirt: VMs without fresh statistics',
  'libvirt: CPU overcommitment is high',
  'libvirt: Memory overcommitment is high',
  'libvirt: Memory use of the host is high',
  'Pool {#POOL.LABEL}: Space is low',
  'Pool {#POOL.LABEL}: Space is critically low',
  'Pool {#POOL.LABEL}: Should be active, but is not',
  'Network {#NETWORK.LABEL}: Should be active, but is not',
];

const restarts = [...ofMachine('Has been restarted'), 'libvirt: The agent was restarted'];

describe('triggers', { timeout: 1_200_000 }, () => {
  it('of what is in trouble for long fire, and recover when it is mended', async () => {
    await until('fired', [...lasting, ...restarts]);
    await mendTrouble();
    // On a busy machine the little that a guest without work uses may be what was much before. Paused it uses nothing.
    await libvirtd.virsh('suspend', 'linux-a');
    await until('recovered', ofMachine('CPU use is high'));
    // Its slow disk has no requests now, and the latency of the latest.
    expect(await served('lveDiskReadLatency', 'linux-a', 2)).toBeGreaterThan(100_000);
    await untilOver('Disk linux-a:vdb: Latency is high (over 0.1 s for 5m)');
    expect(await served('lveDiskReadLatency', 'linux-a', 2)).toBeGreaterThan(100_000);
    await libvirtd.virsh('blkdeviotune', 'linux-a', 'vdb', '--total-iops-sec', '0');
    await libvirtd.virsh('resume', 'linux-a');
    await until('recovered', lasting);
  });

  it('name the machine', async () => {
    for (const watcher of watchers) {
      const events = (await ledger(watcher)).flatMap(({ fired }) => fired);
      const named = [
        'VM web-1: Failed',
        `VM ${odd}: State needs attention`,
        'Disk linux-a:vdb: Latency is high (over 0.1 s for 5m)',
        'Disk full-1:vda: In error',
        'FS linux-b:/mnt: Space is critically low (used > 95%)',
      ];
      expect(events).toEqual(expect.arrayContaining(named));
      expect(events).toContainEqual(
        expect.stringMatching(/^VM linux-a: CPU use is high \(over [\d.]+% for 5m\)$/),
      );
      // Nothing is left to be expanded.
      expect(events.filter((name) => /\{[#$A-Z]|\*UNKNOWN\*/.test(name))).toEqual([]);
    }
  });

  it('of a machine that vanishes, of an agent that falls silent, and of what comes of it', async () => {
    const all = [
      ...ofMachine('Vanished from the host', 'Guest agent does not answer'),
      'Warning {#SNMPINDEX}: The agent warns',
      'Collector {#COLLECTOR.LABEL}: Fails',
    ];
    await untilServed(
      'the agent of linux-b',
      async () => (await served('lveGuestAgentState', 'linux-b')) === 2,
    );
    // Zabbix has to have seen it.
    await delay(70_000);
    await freezeGuestAgent(libvirtd, 'linux-b', 300);
    await libvirtd.virsh('destroy', 'gone-1');
    await libvirtd.virsh('undefine', 'gone-1');
    await until('fired', all);
    // What is gone keeps its last state for a while, and needs no attention.
    await untilOver('VM gone-1: State needs attention');
    await libvirtd.run(biosGuest({ name: 'gone-1', uuid: goneUuid, type: libvirtd.domainType }));
    await until('recovered', all);
  });

  it('have fired and recovered, all of them, in both releases', async () => {
    await until('recovered', restarts);
    for (const watcher of watchers) {
      const lines = (await ledger(watcher)).filter(({ trigger }) => !awayTriggers.includes(trigger));
      expect(lines.length).toBe(45);
      expect(missingOf(lines).map((text) => `${watcher.zabbix.release} ${text}`)).toEqual([]);
      const ids = await idsOf(watcher);
      await untilSupported(watcher.zabbix, ids);
      expect(await failedRules(watcher.zabbix, ids)).toEqual([]);
    }
  });
});
