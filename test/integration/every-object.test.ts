import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { definitions } from '../../src/mib/definitions.ts';
import { type Agent, programNode, programPath, startAgent } from '../lab/agent.ts';
import { biosGuest, linuxGuest } from '../lab/domain-xml.ts';
import { guestSpawn, waitForGuestAgent } from '../lab/guest-agent.ts';
import { makeGuestImage } from '../lab/guest-image.ts';
import { makeQcow2Image, makeRawImage } from '../lab/image.ts';
import { type Libvirtd, startLibvirtd } from '../lab/libvirtd.ts';
import { runAnyway } from '../lab/process.ts';
import { crashQemu, freezeMonitor, makeFullDisk, startEndlessJob } from '../lab/provoke.ts';
import { type Snmpd, startSnmpd } from '../lab/snmpd.ts';
import { type Snmptrapd, startSnmptrapd } from '../lab/snmptrapd.ts';
import { waitUntil } from '../lab/wait.ts';
import { heldNotifications } from '../support/held-notifications.ts';
import { objectAt } from '../support/object-at.ts';
import { walkServed } from '../support/served-walk.ts';

/**
 * The objects that cannot have a value from what can run here, and why. An object that is neither seen nor here fails
 * the test, and so does one that is here and seen.
 */
const notHere: Readonly<Record<string, string>> = {
  lveDiskIoErrors: 'libvirt counts them for Xen, not for QEMU; test/golden/walk.txt has the value',
  lveGuestLoad1: 'told by libvirt 11.2 and later; test/unit/collect/decode/guest-info.test.ts',
  lveGuestLoad5: 'told by libvirt 11.2 and later; test/unit/collect/decode/guest-info.test.ts',
  lveGuestLoad15: 'told by libvirt 11.2 and later; test/unit/collect/decode/guest-info.test.ts',
  lveHostCpuGuestTime: 'told by libvirt 12.8 and later; test/golden/walk.txt has the value',
  lveHostCpuIntrTime: 'libvirt does not tell it of a Linux host; test/golden/walk.txt has the value',
  lveHostMemAvailable: 'told by libvirt 12.8 and later; test/golden/walk.txt has the value',
  lveIothreadPollWeight: 'told by libvirt 12.7 and later; test/golden/walk.txt has the value',
  lveJobStatMilli:
    'libvirt has no double among the statistics of jobs; test/unit/collect/decode/stat-value.test.ts',
  lveJobThrottle:
    'only while QEMU slows a busy guest down for a migration; test/unit/collect/decode/job-stats.test.ts',
  lveLibraryVersion: 'the agent has no client library, so there is none to name',
  lvePerfGauge: 'needs a processor with RDT; test/unit/collect/decode/perf-events.test.ts',
  lveStatMilli:
    'libvirt 11.9 is the first to tell a double of QEMU; test/unit/collect/decode/stat-value.test.ts',
  lveVcpuHalted: 'QEMU on x86 does not tell libvirt; test/unit/collect/decode/row-reader.test.ts',
};

/** virDomainStartDirtyRateCalc */
const dirtyRateSince = [7, 2] as const;
/** What libvirt 7.0 does not tell, or only of cgroups, which the lab has not; which release was the first to was not looked up. */
const after70 = [7, 1] as const;

/** Since which libvirt some objects have a value, those among the above included: with a later one they must be seen. */
const toldSince: Readonly<Record<string, LibvirtVersion>> = {
  lveHostCpuGuestTime: [12, 8],
  lveHostMemAvailable: [12, 8],
  lveGuestLoad1: [11, 2],
  lveGuestLoad5: [11, 2],
  lveGuestLoad15: [11, 2],
  lveIothreadPollWeight: [12, 7],
  lveStatMilli: [11, 9],
  lveDomMessages: [7, 1],
  lveDomMessageText: [7, 1],
  lveDomCpuStealTime: after70,
  lveDomCpuSystemTime: after70,
  lveDomCpuUserTime: after70,
  lveDomHaltPollFail: after70,
  lveDomHaltPollSuccess: after70,
  lveVcpuDelayTime: after70,
  // Not the rate: it is 0 of a domain that is off.
  lveMemDirtyStatus: dirtyRateSince,
  lveMemDirtyPeriod: dirtyRateSince,
  lveMemDirtyMode: dirtyRateSince,
};

/** What only backups bring, which libvirt 7.0 does not do with QEMU 5.2. */
const withBackups: readonly string[] = ['lveJobErrorText'];

type LibvirtVersion = readonly [major: number, minor: number];

/** Whether libvirt `9.0.0` is not yet that one. */
function isBefore(version: string, [major, minor]: LibvirtVersion): boolean {
  const [itsMajor = 0, itsMinor = 0] = version.split('.').map(Number);
  return itsMajor < major || (itsMajor === major && itsMinor < minor);
}

/** What cannot be seen with this libvirt: `9.0.0`. */
function notWith(version: string): readonly string[] {
  const never = Object.keys(notHere).filter((name) => toldSince[name] === undefined);
  const later = Object.entries(toldSince).filter(([, since]) => isBefore(version, since));
  return [...never, ...later.map(([name]) => name)].sort();
}

const names = (wanted: (access: string) => boolean): readonly string[] =>
  Object.entries(definitions)
    .filter(([, { access }]) => wanted(access))
    .map(([name]) => name)
    .sort();
const readable = names((access) => access === 'read-only' || access === 'read-write');
const notifyOnly = names((access) => access === 'accessible-for-notify');

/** What Nova writes for an instance that was started from a volume, by a release that knows all its elements. */
const fullNovaMetadata = `<nova:instance xmlns:nova="http://openstack.org/xmlns/libvirt/nova/1.1">
  <nova:package version="27.1.0"/><nova:name>web-1</nova:name>
  <nova:creationTime>2024-05-06 07:08:09</nova:creationTime>
  <nova:flavor name="m1.tiny"><nova:memory>128</nova:memory><nova:vcpus>2</nova:vcpus></nova:flavor>
  <nova:owner><nova:user uuid="6d7a0b6e1f4a4c0c8e1fd2c4b7d3a111">admin</nova:user>
  <nova:project uuid="0c5b2f9e7d2a4a8f9a70c1f1f9b5a222">shop</nova:project></nova:owner>
  <nova:root type="image" uuid="155d900f-4e14-4e4c-a73d-069cbf4541e6"/>
</nova:instance>`;

/** A definition that never starts has what no machine here offers: the agent reads it from libvirt all the same. */
const shelfGuest = `<domain type='qemu'>
  <name>shelf</name>
  <metadata><libosinfo:libosinfo xmlns:libosinfo="http://libosinfo.org/xmlns/libvirt/domain/1.0">
    <libosinfo:os id="http://debian.org/debian/12"/></libosinfo:libosinfo></metadata>
  <memory unit='MiB'>64</memory>
  <memoryBacking><hugepages><page size='2' unit='M'/></hugepages></memoryBacking>
  <vcpu>2</vcpu>
  <cputune><shares>512</shares><period>100000</period><quota>50000</quota></cputune>
  <os><type arch='x86_64' machine='q35'>hvm</type></os>
  <cpu mode='custom' match='exact'><model>qemu64</model><topology sockets='1' cores='2' threads='1'/>
    <numa><cell id='0' cpus='0-1' memory='64' unit='MiB'/></numa></cpu>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <disk type='file' device='disk'><driver name='qemu' type='raw' cache='none' discard='unmap'/>
      <source file='/nowhere.raw'/><target dev='vda' bus='virtio'/></disk>
    <graphics type='vnc' autoport='yes' listen='127.0.0.1'/>
    <hostdev mode='subsystem' type='pci' managed='yes'>
      <source><address domain='0x0000' bus='0x06' slot='0x02' function='0x0'/></source></hostdev>
    <interface type='bridge'><source bridge='br-int'/><mtu size='1400'/>
      <bandwidth><inbound average='1000'/><outbound average='500'/></bandwidth><virtualport type='openvswitch'>
      <parameters interfaceid='09b11c53-8b5c-4eeb-8f00-d84eaa0aaa4f'/></virtualport></interface>
  </devices>
</domain>`;

describe('every object of both modules', () => {
  let libvirtd: Libvirtd;
  let snmpd: Snmpd;
  let trapd: Snmptrapd;
  let agent: Agent;
  const seen = new Set<string>();

  /** Adds what has a value now. A text without characters says that there is none. */
  async function look(): Promise<void> {
    const { varBinds } = await walkServed(snmpd);
    for (const { oid, bytes } of varBinds) {
      const name = objectAt(oid);
      if (name !== undefined && bytes?.length !== 0) seen.add(name);
    }
  }

  /** Walks until these objects have been seen. */
  async function untilSeen(...wanted: readonly string[]): Promise<void> {
    const missing = () => wanted.filter((name) => !seen.has(name));
    await waitUntil(
      async () => {
        await look();
        return missing().length === 0;
      },
      { what: wanted.join(', '), intervalMs: 300, context: () => missing().join(' ') },
    );
  }

  beforeAll(async () => {
    [libvirtd, trapd] = await Promise.all([startLibvirtd(), startSnmptrapd()]);
    snmpd = await startSnmpd({ trapSinks: [{ kind: 'v2c', address: trapd.address }] });
    const { imagesPath, bridge, domainType: type } = libvirtd;
    const basePath = `${imagesPath}/base.raw`;
    await writeFile(basePath, Buffer.alloc(16 * 1024 * 1024, 1));
    const full = await makeFullDisk(libvirtd);
    const layered = (name: string) =>
      makeQcow2Image(`${imagesPath}/${name}.qcow2`, { backing: { path: basePath, format: 'raw' } });
    agent = await startAgent({
      agentxAddress: snmpd.agentxAddress,
      config: {
        // A list of one: what is told of a fleet has values as well.
        hypervisors: [{ name: 'lab', uri: libvirtd.uri }],
        libvirt: { read_write: true },
        collect: { extra_stats: ['all'], affinity: 'dense' },
        intervals: Object.fromEntries([
          ...['pinning', 'disk_errors', 'jobs'].map((name) => [name, 1]),
          ...['inventory', 'guest_agent', 'snapshots', 'tuning', 'pools', 'networks', 'host'].map((name) => [
            name,
            5,
          ]),
        ]),
        labels: [{ name: 'flavor', xpath: 'string(/domain/metadata/nova:instance/nova:flavor/@name)' }],
        notifications: { bulk_threshold: 2, bulk_window: 10 },
      },
    });
    await libvirtd.define(shelfGuest);
    await libvirtd.virsh('pool-create-as', 'images', 'dir', '--target', imagesPath);
    const network = libvirtd.directory.file('lan.xml');
    await writeFile(
      network,
      `<network><name>lan</name><forward mode='bridge'/><bridge name='${bridge ?? 'lab0'}'/></network>`,
    );
    await libvirtd.virsh('net-define', network);
    await libvirtd.virsh('net-start', 'lan');
    await libvirtd.run(
      linuxGuest({
        ...(await makeGuestImage()),
        name: 'web',
        title: 'The shop',
        description: 'sells things',
        type,
        commandLine: 'lab.agent lab.fs=vda lab.ip=10.0.0.2/24',
        agentChannel: true,
        vcpus: 2,
        iothreads: 1,
        balloonStatsPeriodSec: 1,
        perfEvents: ['cpu_clock', 'page_faults'],
        cputune: "<shares>2048</shares><vcpupin vcpu='0' cpuset='1'/><iothreadpin iothread='1' cpuset='0'/>",
        metadata: fullNovaMetadata,
        disks: [
          { path: await makeRawImage(`${imagesPath}/fs.raw`, 16), serial: 'S3R1AL', latencyStats: true },
          { path: await layered('layered'), format: 'qcow2' },
          { path: full.path, errorPolicy: 'stop' },
          { device: 'cdrom' },
        ],
        nics: [{ linkState: 'up', ...(bridge === undefined ? {} : { bridge }) }],
        extraDevices: `<interface type='network'><source network='lan'/><model type='virtio'/></interface>`,
      }),
    );
    await libvirtd.run(
      biosGuest({ name: 'saved', type, disks: [{ path: await layered('saved'), format: 'qcow2' }] }),
    );
    await libvirtd.run(
      biosGuest({ name: 'backed-up', type, disks: [{ path: await layered('backed-up'), format: 'qcow2' }] }),
    );
    await libvirtd.run(biosGuest({ name: 'hung', type }));
    await libvirtd.create(biosGuest({ name: 'brief', type }));
    await waitForGuestAgent(libvirtd, 'web');
    await look();
  });

  afterAll(async () => {
    await agent?.stop();
    await snmpd?.stop();
    await trapd?.stop();
    await libvirtd?.stop();
  });

  it('has been seen with a value from libvirt, or cannot be here', async () => {
    const { imagesPath } = libvirtd;
    await untilSeen('lveGuestHostname', 'lveFsTotal', 'lveNicAddresses');
    const job = await startEndlessJob(libvirtd, 'web', 'save');
    await untilSeen('lveJobDowntime', 'lveJobIteration');
    await job.abort();
    // Not --live, which libvirt 12.8 no longer has.
    await libvirtd.virsh('dump', 'web', `${imagesPath}/core`);
    await untilSeen('lveJobMemoryBps');
    await libvirtd.virsh(
      'blkdeviotune',
      'web',
      'vdb',
      '--live',
      '--group-name',
      'slow',
      ...[
        '--read-bytes-sec',
        '1000000',
        '--write-bytes-sec',
        '1000000',
        '--read-iops-sec',
        '500',
        '--write-iops-sec',
        '500',
      ],
      ...[
        '--read-bytes-sec-max',
        '2000000',
        '--write-bytes-sec-max',
        '2000000',
        '--read-iops-sec-max',
        '600',
        '--write-iops-sec-max',
        '600',
      ],
      ...[
        '--read-bytes-sec-max-length',
        '2',
        '--write-bytes-sec-max-length',
        '2',
        '--read-iops-sec-max-length',
        '2',
        '--write-iops-sec-max-length',
        '2',
      ],
      ...['--size-iops-sec', '4096'],
    );
    await libvirtd.virsh(
      'blkdeviotune',
      'web',
      'vda',
      '--live',
      ...[
        '--total-bytes-sec',
        '10000000',
        '--total-iops-sec',
        '5000',
        '--total-bytes-sec-max',
        '20000000',
        '--total-iops-sec-max',
        '6000',
      ],
      ...['--total-bytes-sec-max-length', '2', '--total-iops-sec-max-length', '2'],
    );
    const version = (await libvirtd.virsh('version', '--daemon')).match(/daemon: (\S+)/)?.[1] ?? '';
    // Of an unknown one everything would be excused.
    expect(version).toMatch(/^\d+\.\d+\./);
    if (!isBefore(version, dirtyRateSince))
      await libvirtd.virsh('domdirtyrate-calc', 'web', '--seconds', '1');
    await libvirtd.virsh(
      'blockcopy',
      'web',
      'vdb',
      '--dest',
      `${imagesPath}/copy.qcow2`,
      '--transient-job',
      '--bandwidth',
      '16',
    );
    await libvirtd.virsh('snapshot-create-as', 'saved', 'one');
    const backsUp = await libvirtd.virsh('checkpoint-create-as', 'backed-up', 'one').then(
      () => true,
      (error: unknown) => {
        if (!String(error).includes('incremental backup is not supported yet')) throw error;
        return false;
      },
    );
    await libvirtd.virsh('domblkthreshold', 'web', 'vdc', '1000000');
    await untilSeen('lveDiskThreshold', 'lveBlockJobType');
    if (backsUp) {
      const path = libvirtd.directory.file('backup.xml');
      const target = `${imagesPath}/tiny/backup.qcow2`;
      await writeFile(
        path,
        `<domainbackup><disks><disk name='vda' type='file'><target file='${target}'/></disk></disks></domainbackup>`,
      );
      await libvirtd.virsh('backup-begin', 'backed-up', path);
      await untilSeen('lveJobErrorText');
      await libvirtd.namespaces.exec('rm', '-f', target);
    }
    await guestSpawn(libvirtd, 'web', 'dd if=/dev/zero of=/dev/vdc bs=64k');
    await untilSeen('lveDiskErrCode');
    const frozen = await freezeMonitor(libvirtd, 'hung');
    await untilSeen('lveDomControlTime', 'lveDomainsBlockedText');
    frozen.thaw();
    await crashQemu(libvirtd, 'hung');
    await libvirtd.virsh('suspend', 'brief');
    await untilSeen('lveDomainsWarningText');
    await libvirtd.virsh('destroy', 'brief');
    await untilSeen('lveDomGoneTime');
    const back = agent.nextLog('connected to libvirt');
    await libvirtd.restart();
    await back;
    const excused = [...notWith(version), ...(backsUp ? [] : withBackups)].sort();
    await untilSeen(...readable.filter((name) => !excused.includes(name)));
    const never = readable.filter((name) => !seen.has(name));
    expect(never).toEqual(excused);
  });

  it('that only notifications carry has been told: the delay by one that snmpd was not there for, the text by a test', async () => {
    const lost = agent.nextLog('no session with the AgentX master');
    snmpd.signal('SIGTERM');
    await lost;
    const state = `${agent.stateDirectory}/hypervisors/lab`;
    const held = await heldNotifications(state);
    await libvirtd.virsh('suspend', 'saved');
    // Told at once, it would carry no delay.
    await waitUntil(async () => (await heldNotifications(state)) > held, {
      what: 'the notification to wait for snmpd',
      context: () => agent.stderr(),
    });
    await snmpd.restart();
    const test = ['notify-test', '--config', '/dev/null', '--agentx', snmpd.agentxAddress];
    expect((await runAnyway(programNode, [programPath, ...test])).code).toBe(0);
    const untold = () => {
      const carried = trapd.received().flatMap(({ varBinds }) => varBinds.map(({ oid }) => objectAt(oid)));
      return notifyOnly.filter((name) => !carried.includes(name));
    };
    await waitUntil(() => untold().length === 0, {
      what: 'the notifications',
      context: () => untold().join(' '),
    });
    expect(notifyOnly).not.toEqual([]);
  });
});
