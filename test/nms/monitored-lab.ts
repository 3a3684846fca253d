import { writeFile } from 'node:fs/promises';
import { type Agent, startAgent } from '../lab/agent.ts';
import { biosGuest, linuxGuest } from '../lab/domain-xml.ts';
import { guestSpawn, waitForGuestAgent } from '../lab/guest-agent.ts';
import { makeGuestImage } from '../lab/guest-image.ts';
import { makeRawImage } from '../lab/image.ts';
import { type Libvirtd, startLibvirtd } from '../lab/libvirtd.ts';
import { type Snmpd, startSnmpd } from '../lab/snmpd.ts';
import { waitUntil } from '../lab/wait.ts';

/** A name that has to be quoted everywhere. */
export const oddName = 'größe "q" \\d';

/**
 * What monitoring systems look at: a Linux guest `web-1` with a guest agent, disks, a file system and an interface, a
 * paused one with an odd name, and `off-1`, which is off and to be started with the host; a pool and a network.
 */
export interface MonitoredLab {
  readonly libvirtd: Libvirtd;
  readonly snmpd: Snmpd;
  readonly agent: Agent;
  /** `HOST:PORT` of /metrics. */
  readonly metricsTarget: string;
  stop(): Promise<void>;
}

export async function startMonitoredLab(): Promise<MonitoredLab> {
  const libvirtd = await startLibvirtd();
  const snmpd = await startSnmpd();
  const { domainType: type, imagesPath, bridge } = libvirtd;
  await libvirtd.virsh('pool-define-as', 'images', 'dir', '--target', imagesPath);
  await libvirtd.virsh('pool-start', 'images');
  const network = libvirtd.directory.file('network.xml');
  await writeFile(
    network,
    '<network><name>lab-none</name><forward mode="bridge"/><bridge name="lab-none"/></network>',
  );
  await libvirtd.virsh('net-define', network);
  await libvirtd.run(
    linuxGuest({
      ...(await makeGuestImage()),
      name: 'web-1',
      type,
      commandLine: 'lab.agent lab.fs=vda lab.write=vdb lab.read=vdb',
      agentChannel: true,
      balloonStatsPeriodSec: 1,
      disks: [
        { path: await makeRawImage(`${imagesPath}/fs.raw`, 16) },
        { path: await makeRawImage(`${imagesPath}/data.raw`, 4) },
      ],
      nics: [bridge === undefined ? {} : { bridge }],
    }),
  );
  await libvirtd.run(biosGuest({ name: oddName, type }));
  await libvirtd.virsh('suspend', oddName);
  await libvirtd.define(biosGuest({ name: 'off-1', type }));
  await libvirtd.virsh('autostart', 'off-1');
  await waitForGuestAgent(libvirtd, 'web-1');
  const flushing = 'while :; do dd if=/dev/zero of=/mnt/x bs=4k count=1 conv=fsync; sleep 1; done';
  await guestSpawn(libvirtd, 'web-1', flushing);
  const agent = await startAgent({
    uri: libvirtd.uri,
    agentxAddress: snmpd.agentxAddress,
    config: {
      libvirt: { read_write: true },
      collect: { extra_stats: ['all'] },
      intervals: { inventory: 5, guest_agent: 5, pools: 5, networks: 5, pinning: 5, host: 5 },
      http: { address: '127.0.0.1:0' },
    },
  });
  const line = await waitUntil(() => agent.logLines().find(({ msg }) => msg === 'HTTP is served'), {
    what: 'HTTP',
    timeoutMs: 60_000,
    context: () => agent.stderr(),
  });
  return {
    libvirtd,
    snmpd,
    agent,
    metricsTarget: new URL(String(line['url'])).host,
    async stop() {
      await agent.stop();
      await snmpd.stop();
      await libvirtd.stop();
    },
  };
}
